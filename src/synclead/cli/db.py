"""`synclead db`: the database itself."""

import typer

from synclead.cli.console import show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl

db = typer.Typer(no_args_is_help=True, help="The database itself.")


@db.command("upgrade")
def upgrade(database_url: DatabaseUrl = DEFAULT_URL) -> None:
    """Bring the schema up to date, or make it in an empty database.

    On a current database it does nothing, also while servers run.
    """
    from synclead.store.upgrade import upgrade as upgrade_schema

    show("the schema is now up to date" if upgrade_schema(database_url) else "the schema was up to date")
