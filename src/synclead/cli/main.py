"""The command `synclead`: puts the commands together and turns refusals into one sentence and exit code 1."""

import sys
import traceback
from typing import Annotated, Any

import typer

from synclead import __version__
from synclead.cli.apply import apply
from synclead.cli.backup import backup
from synclead.cli.check import check
from synclead.cli.console import Refusal, say
from synclead.cli.db import db
from synclead.cli.doctor import doctor
from synclead.cli.export import export
from synclead.cli.fields import fields
from synclead.cli.importing import import_leads
from synclead.cli.lead import lead
from synclead.cli.requests import requests
from synclead.cli.secrets import secrets
from synclead.cli.serve import serve
from synclead.cli.sync import sync
from synclead.cli.visitor import visitor
from synclead.leads.errors import SyncleadError
from synclead.store.errors import StoreError
from synclead.visible import visible, visible_lines

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(apply)
app.command()(sync)
app.command()(requests)
app.command()(check)
app.add_typer(lead, name="lead")
app.add_typer(visitor, name="visitor")
app.add_typer(fields, name="fields")
app.add_typer(db, name="db")
app.add_typer(secrets, name="secrets")
app.command()(export)
app.command("import")(import_leads)
app.command()(backup)
app.command()(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synclead {__version__}")
        raise typer.Exit


@app.callback()
def synclead(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
) -> None:
    """A lead database that answers Marketo's retired SOAP call syncLead.

    Exit codes: 0 done, 1 refused, 2 wrong usage.

    Stored secrets open with the master key: SYNCLEAD_MASTER_KEY, or the file that SYNCLEAD_MASTER_KEY_FILE names,
    or for an SQLite database a file beside it.
    """


def has_surrogate(text: str) -> bool:
    """Whether a text came from bytes that are not UTF-8: no database and no message can hold it."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def main() -> None:
    """Run the command that the arguments name; ends the process when it is refused."""
    if any(not argument.isascii() and has_surrogate(argument) for argument in sys.argv):
        say("an argument is not UTF-8 text")
        sys.exit(2)
    try:
        ended = app(prog_name="synclead", standalone_mode=False)
    except (Refusal, StoreError, SyncleadError) as refused:
        for line in refused.lines if isinstance(refused, StoreError) else (str(refused),):
            say(line)
        sys.exit(1)
    except _UsageError as wrong:
        _explain(wrong)
        sys.exit(2)
    except typer.Abort:
        say("aborted")
        sys.exit(1)
    except Exception as defect:
        sys.stderr.write(visible_lines("".join(traceback.format_exception(defect))))
        sys.exit(1)
    sys.exit(ended if isinstance(ended, int) else 0)


_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What Typer raises for every mistake in the arguments; it has no name of its own there."""


def _explain(wrong: Any) -> None:
    """Says what is wrong with the arguments as Typer does, which would repeat them as they are."""
    from typer.rich_utils import rich_format_error

    wrong.message = visible(wrong.message)
    rich_format_error(wrong)
