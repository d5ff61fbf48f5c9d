"""`synclead lead`: look at leads, and forget them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import Refusal, agrees, say, show, show_json, show_table
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.leads.errors import InputError
from synclead.leads.keys import parse_email, parse_lead_id
from synclead.store.documents import history_document, lead_document, shown_moment

if TYPE_CHECKING:
    from synclead.leads.subscription import Subscription
    from synclead.store.reading import StoredLead

lead = typer.Typer(no_args_is_help=True, help="Show and forget leads.")


@lead.command("show")
def show_lead(
    key: Annotated[str, typer.Argument(metavar="ID|EMAIL", help="The Id of a lead, or an Email.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: by Id one lead, by Email a list of them.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Show a lead with its keys, its values and its history."""
    from synclead.store.engine import reading
    from synclead.store.reading import lead_by_id, leads_by_email

    by_email = "@" in key
    lead_id, email = _understood(key)
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        with reading(engine) as connection:
            if by_email:
                found = leads_by_email(connection, owner.id, email)
            else:
                one = lead_by_id(connection, owner.id, lead_id)
                if one is None:
                    raise Refusal(f"no lead has the Id {lead_id}")
                found = [one]
    if as_json:
        documents = [lead_document(one) | {"activities": history_document(one)} for one in found]
        show_json(documents if by_email else documents[0])
        return
    for one in found:
        _show(one, owner)
    if not found:
        say(f"no lead has the Email {key}")


@lead.command("forget")
def forget(
    lead_id: Annotated[str, typer.Argument(metavar="ID", help="The Id of the lead.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Erase what identifies and describes a person; the Id is never used again.

    Keys, values and the values in the history go for good, and so do recorded calls that name the lead, also those that
    servers still hold; of refused calls and reads what they asked goes, where it has values. Backups are not touched.
    """
    from synclead.store.engine import reading, writing
    from synclead.store.forget import forget_lead
    from synclead.store.reading import lead_by_id

    number = _read_id(lead_id)
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        with reading(engine) as connection:
            if lead_by_id(connection, owner.id, number) is None:
                raise Refusal(f"no lead has the Id {number}")
        question = f"Erase the keys, the values and the history's values of lead {number} for good?"
        if not yes and not agrees(question):
            raise Refusal("nothing was erased")
        with writing(engine) as connection:
            forget_lead(connection, owner.id, number, datetime.now(UTC))
    show(f"lead {number} is forgotten")


def _understood(key: str) -> tuple[int, str]:
    """The Id or the key of the Email that the argument is; the other one is 0 or empty."""
    if "@" not in key:
        return _read_id(key), ""
    try:
        return 0, parse_email(key).key
    except InputError as error:
        raise typer.BadParameter(error.message) from None


def _read_id(text: str) -> int:
    try:
        return parse_lead_id(text)
    except InputError as error:
        raise typer.BadParameter(error.message) from None


def _show(lead: "StoredLead", owner: "Subscription") -> None:
    show_table(("Lead", str(lead.id)), _facts(lead, owner))
    show_table(
        ("Activity", "At", "What", "Values"),
        (
            (str(one.id), shown_moment(one.at), one.type, ", ".join(f"{k}: {v}" for k, v in one.attributes.items()))
            for one in lead.activities
        ),
    )


def _facts(lead: "StoredLead", owner: "Subscription") -> Iterator[tuple[str, str]]:
    """Names and values: the lead's own facts, its keys, its fields in the order of their names."""
    yield "Id", str(lead.id)
    if lead.email:
        yield "Email", lead.email.text
    yield "Partition", lead.partition
    yield "Created", shown_moment(lead.created_at)
    yield "Updated", shown_moment(lead.updated_at)
    for foreign_id in lead.foreign_ids:
        yield f"Foreign id {foreign_id.type}", foreign_id.id
    for token in lead.cookies:
        yield "Cookie", token
    for name in sorted(lead.values):
        yield name, _shown(name, lead.values[name], owner)


def _shown(name: str, value: str, owner: "Subscription") -> str:
    """A value as answers show it, in the subscription's time zone."""
    from synclead.leads.values import show_value

    field = owner.catalogue.get(name)
    return value if field is None else show_value(field, value, owner.time_zone)
