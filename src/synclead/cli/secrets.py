"""`synclead secrets`: the encryption keys of API users, as the database keeps them."""

import os

import typer

from synclead.cli.console import say, show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, opened

secrets = typer.Typer(no_args_is_help=True, help="The stored secrets: encryption keys of API users.")


@secrets.command("rotate")
def rotate(database_url: DatabaseUrl = DEFAULT_URL) -> None:
    """Seal the stored secrets with a new master key, while servers run.

    In the file beside an SQLite database it makes the new key itself. In SYNCLEAD_MASTER_KEY, or the file of
    SYNCLEAD_MASTER_KEY_FILE, you put the new key before the old one, a space or a line between, for every server
    first. docs/production.md has the steps. Safe to repeat.
    """
    from synclead.store.rotation import rotate as seal_anew

    with opened(database_url) as engine:
        done = seal_anew(engine, database_url, os.environ)
    show(f"sealed {done.sealed} encryption keys anew; the first master key in {done.place} is the one in use")
    if done.own_file:
        say(
            "keep a copy of that file in another place; the keys below the first open backups made before now: "
            "take them out when there is no such backup any more"
        )
    else:
        say(
            "now take every other key out, for every server; keep the old one in another place as long as backups "
            "made before now"
        )
