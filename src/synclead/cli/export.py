"""`synclead export`: every lead of a subscription, as CSV or JSON lines."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from synclead.cli.console import Refusal, results
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from synclead.store.export import Export


def export(
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only leads that changed then or later: 2026-08-01, or 2026-08-01T09:30:00Z. "
            "Without an offset it is the subscription's time.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON lines, a lead a line, as `lead show --json` without the history.")
    ] = False,
    excel_safe: Annotated[
        bool,
        typer.Option(
            "--excel-safe",
            help="Put ' before cells that a spreadsheet would run as a formula: for people, not for import.",
        ),
    ] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Write every lead to stdout in the order of the Ids: keys, all fields, times, partition.

    All is of one moment, also while servers write. `synclead import --keep-ids` takes the CSV into another
    database. Anonymous visitors and histories are not part of it.
    """
    from synclead.store.export import exporting

    if as_json and excel_safe:
        raise typer.BadParameter("--excel-safe is for CSV")
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        since = None if changed_since is None else _moment(changed_since, owner.time_zone)
        with exporting(engine, owner.id, since) as found, results() as out:
            _write(found, out, as_json=as_json, excel_safe=excel_safe)


def _write(found: "Export", out: TextIO, *, as_json: bool, excel_safe: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from synclead.cli.lead_file import write_csv, write_json_lines

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        leads = bar.track(found.leads, total=found.count, description="Exporting")
        if as_json:
            write_json_lines(leads, out)
        else:
            write_csv(leads, found.subscription.catalogue, out, excel_safe=excel_safe)


def _moment(text: str, zone: "ZoneInfo") -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"--changed-since {text} is no date or time such as 2026-08-01 or 2026-08-01T09:30:00Z"
        ) from None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise Refusal(f"--changed-since {text} is beyond what a calendar can hold") from None
