"""`synclead backup`: a copy of the database while servers write."""

import os
from pathlib import Path
from typing import Annotated

import typer

from synclead.cli.console import say, show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes: a file that does not exist.")],
    database_url: DatabaseUrl = DEFAULT_URL,
) -> None:
    """Copy an SQLite database, also while a server writes to it.

    The copy has everything that was acknowledged before the command began. Keep the master key too: the
    command names it. For PostgreSQL use pg_dump.
    """
    from rich.console import Console
    from rich.progress import Progress

    from synclead.store.backup import back_up
    from synclead.store.master_keys import master_key_place

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Copying", total=None)
        back_up(database_url, file, progress=lambda done, total: bar.update(task, completed=done, total=total))
    show(f"wrote {file}, {file.stat().st_size} bytes")
    say(
        f"keep the master key too, in another place: {master_key_place(database_url, os.environ)}; "
        "without it nobody can sign in to what is restored"
    )
