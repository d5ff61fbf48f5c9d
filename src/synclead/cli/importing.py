"""`synclead import`: leads from a CSV file."""

import codecs
import io
from pathlib import Path
from typing import Annotated

import typer

from synclead.cli.console import show
from synclead.cli.csv_source import CsvSource
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.leads.columns import RowOptions
from synclead.leads.date_forms import WORDS, DateForm, read_date_form
from synclead.leads.forms import Forms


def import_leads(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file; its first row names the columns.")],
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Create leads that do not exist under the Ids of the file.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be created, updated and refused; write nothing.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where refused rows go, with reasons. Default: FILE.refused.csv."),
    ] = None,
    clear_blank: Annotated[
        bool, typer.Option("--clear-blank", help="An empty cell clears its field. Default: the field stays as it is.")
    ] = False,
    workspace: Annotated[
        str | None, typer.Option(help="The workspace to import in, as targetWorkspace of a call.")
    ] = None,
    ignore_column: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A column to leave out; may be given several times.")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="What parts the cells: one character, or the word tab. Default: what a first line such as sep=; says, "
            "else the comma."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="The file's encoding, such as cp1252. Default: UTF-8. A byte order mark decides over both."),
    ] = None,
    date_format: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT",
            help="How dates are written: dmy, mdy or ymd, parted by / . or -, and a time may follow; or a format such "
            "as '%d %b %Y %H:%M'. May be given several times. Default: YYYY-MM-DD and M/D/YYYY.",
        ),
    ] = None,
    decimal_comma: Annotated[
        bool,
        typer.Option("--decimal-comma", help="Numbers are written 1.234,50. Default: 1,234.50."),
    ] = False,
    skip_ragged: Annotated[
        bool,
        typer.Option(
            "--skip-ragged",
            help="A row that has not one cell a column is refused alone. Default: it refuses the file.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Import a file once more that was imported to its end already.")
    ] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Create and update leads from a CSV file, by the rules of syncLead, also while servers run.

    Columns are named by SOAP names, REST names or labels, in any letter case; beside fields there are Id,
    ForeignSysType, ForeignSysPersonId, Cookie and Partition, several foreign ids or cookies with | between. Run the
    same command again to go on after an interruption. Exit code 1 when any row was refused; the others are in.
    """
    from synclead.cli.import_run import ImportRun

    forms = Forms(decimal_comma, tuple(map(_date_form, date_format or ())))
    options = RowOptions(keep_ids, clear_blank, workspace, tuple(ignore_column or ()), forms)
    source = CsvSource(file, delimiter=_delimiter(delimiter), encoding=_encoding(encoding))
    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
    owner.places.workspace(workspace)
    run = ImportRun(source, options, owner, database_url, skip_ragged=skip_ragged)
    if run.total == 0:
        show(f"{file} names columns and has no rows: there is nothing to import")
    elif dry_run:
        run.foresee()
    else:
        run.write(refused or file.with_name(f"{file.stem}.refused.csv"), again=again)


def _date_form(text: str) -> DateForm:
    try:
        return read_date_form(text)
    except ValueError as fault:
        raise typer.BadParameter(f"--date-format {text!r} {fault}; or say {', '.join(WORDS)}") from None


def _delimiter(text: str | None) -> str | None:
    if text is None:
        return None
    one = "\t" if text.lower() in ("tab", "\\t") else text
    if len(one) != 1 or one in '"\r\n\0':
        raise typer.BadParameter(f"--delimiter {text!r} is not one character, such as ; or the word tab")
    return one


def _encoding(text: str | None) -> str | None:
    """The name of a codec; None for UTF-8."""
    if text is None:
        return None
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=text)  # knows also what is no encoding of text, such as hex
        name = codecs.lookup(text).name
    except LookupError:
        raise typer.BadParameter(f"--encoding {text!r} is no encoding that is known; try cp1252 or utf-16") from None
    return None if name in ("utf-8", "utf-8-sig") else name
