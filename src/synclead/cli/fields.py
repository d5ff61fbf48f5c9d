"""`synclead fields`: the lead fields of a subscription."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import Refusal, show, show_json, show_table
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.leads.field_types import FieldType

if TYPE_CHECKING:
    from synclead.leads.fields import Field

fields = typer.Typer(no_args_is_help=True, help="List, add and import lead fields.")


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


@fields.command("import")
def import_fields(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="The description of fields.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be added and write nothing.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Add the fields that are missing, from the vendor's REST answer to describe or from `fields list --json`.

    All or nothing, and safe to repeat. A field that is there stays as it is; where the file says otherwise, a line
    says so. Exit code 0 also where fields were left out, each with a line that says why.
    """
    from synclead.store.described_fields import add_missing, read_described

    try:
        described = read_described(file.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Refusal(f"{file}: {error}") from None
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        done = add_missing(engine, owner.id, described, dry_run=dry_run)
    added = "would add" if dry_run else "added"
    for field in done.added:
        show(f"{added} field {field.name} ({field.type})")
    for note in done.notes:
        show(note)
    left_out = len(described) - len(done.added) - done.there
    show(f"{added} {len(done.added)} of {len(described)} fields; {done.there} are there, {left_out} left out")


def _row(field: "Field") -> tuple[str, str, str, str, str]:
    marks = [mark for mark, holds in (("read-only", field.read_only), ("auto", field.auto)) if holds]
    return field.soap_name or "", field.rest_name, field.label, field.type, ", ".join(marks)
