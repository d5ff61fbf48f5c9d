"""`synclead doctor`: what a start depends on, in plain words."""

import os

import typer

from synclead.cli.console import show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl
from synclead.store.errors import DatabaseUnavailableError


def doctor(database_url: DatabaseUrl = DEFAULT_URL) -> None:
    """Look at everything that a start depends on; writes nothing.

    One line a check: `ok`, or `wrong` with what to do. Exit code 1 when anything is wrong.
    """
    from sqlalchemy.exc import DBAPIError

    from synclead.store.checkup import examine

    healthy = True
    try:
        for finding in examine(database_url, os.environ):
            healthy = healthy and finding.ok
            show(f"{'ok' if finding.ok else 'wrong'}: {finding.text}")
    except DBAPIError as error:
        raise DatabaseUnavailableError(" ".join(f"the database did not answer: {error.orig}".split())) from error
    if not healthy:
        raise typer.Exit(1)
