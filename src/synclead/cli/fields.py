"""`synclead fields`: the lead fields of a subscription."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import show, show_json, show_table
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.leads.field_types import FieldType

if TYPE_CHECKING:
    from synclead.leads.fields import Field

fields = typer.Typer(no_args_is_help=True, help="List and add lead fields.")


@fields.command("list")
def list_fields(
    auto: Annotated[
        bool, typer.Option("--auto", help="Only fields that calls made by naming them (unknown_fields).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """List the fields that a lead can have: SOAP name, REST name, label, type."""
    with opened(database_url) as engine:
        known = chosen(engine, subscription).catalogue.fields
    found = [field for field in known if field.auto or not auto]
    if as_json:
        show_json([asdict(field) for field in found])
        return
    show_table(("SOAP name", "REST name", "Label", "Type", ""), (_row(field) for field in found))


@fields.command("add")
def add_field(
    name: Annotated[str, typer.Argument(help="The name of the field in SOAP calls.")],
    type_name: Annotated[FieldType, typer.Option("--type", help="What its values are.")],
    label: Annotated[str | None, typer.Option(help="What people call it. Default: the name.")] = None,
    rest_name: Annotated[
        str | None, typer.Option(help="Its REST name. Default: the name with a small first letter.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Most characters of a value. Default: the type's.")
    ] = None,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Add a field. Refused where another field has the name, as SOAP or REST name, in any letter case."""
    from synclead.store.custom_fields import add_field as store_new_field
    from synclead.store.declared import DeclaredField

    declared = DeclaredField(name, type_name, label, rest_name, max_length)
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        field = store_new_field(engine, owner.id, declared)
    show(f"added field {field.name} to {owner.name}")


def _row(field: "Field") -> tuple[str, str, str, str, str]:
    marks = [mark for mark, holds in (("read-only", field.read_only), ("auto", field.auto)) if holds]
    return field.soap_name or "", field.rest_name, field.label, field.type, ", ".join(marks)
