"""`synclead apply`: makes the database say what a declaration file says."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from synclead.store.master_keys import MasterKeys


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The declaration to apply.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change and write nothing.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
) -> None:
    """Declare subscriptions: their users, partitions, workspaces, fields and rules.

    Prints a line for each change. What the file does not mention stays, whether a user is `disabled` too; `removed =
    true` removes. All or nothing: a mistake anywhere in the file changes nothing. Safe to repeat, also while servers
    run.
    """
    from synclead.store.apply import apply_declaration
    from synclead.store.declaration import read_declaration_file

    declared = read_declaration_file(file, os.environ)
    opening = _tried(database_url) if dry_run else _open(database_url)
    with opening as (engine, keys):
        changes = apply_declaration(engine, keys, declared, dry_run)
    for change in changes:
        show(change)
    if not changes:
        show("nothing to change")


@contextmanager
def _open(url: str) -> Iterator[tuple["Engine", "MasterKeys"]]:
    from synclead.store.master_keys import open_master_keys

    with opened(url) as engine:
        yield engine, open_master_keys(engine, url, os.environ)


@contextmanager
def _tried(url: str) -> Iterator[tuple["Engine", "MasterKeys"]]:
    """For a dry run: makes no file, neither the database nor the master key."""
    from synclead.store.apply import has_secrets
    from synclead.store.engine import sqlite_path
    from synclead.store.master_keys import MasterKeys, open_master_keys
    from synclead.store.secrets import MasterKey

    path = sqlite_path(url)
    with tempfile.TemporaryDirectory() as empty:
        if path is not None and not path.exists():
            url = f"sqlite:///{empty}/new.db"
        with opened(url) as engine:
            # Without stored secrets there is nothing to compare with, and the real key may not exist yet.
            if has_secrets(engine):
                yield engine, open_master_keys(engine, url, os.environ)
            else:
                made_up = MasterKey(os.urandom(32))
                yield engine, MasterKeys(lambda: [made_up])
