"""How the commands open the database, and the options that name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.store.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from synclead.leads.subscription import Subscription

DEFAULT_URL = "sqlite:///synclead.db"

DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database-url",
        envvar="SYNCLEAD_DATABASE_URL",
        metavar="URL",
        help="The database: sqlite:///FILE or postgresql://USER@HOST/NAME.",
    ),
]
SubscriptionName = Annotated[
    str | None,
    typer.Option(
        "--subscription",
        metavar="NAME|ACCOUNT",
        help="Which subscription, by name or Munchkin account. Needed where there are several.",
    ),
]


@contextmanager
def opened(url: str) -> Iterator["Engine"]:
    """The database with the current schema, closed at the end.

    Raises DatabaseUnavailableError where it does not answer, and what `store.upgrade.prepare` raises.
    """
    # SQLAlchemy and Alembic take a third of a second to load: not for `--help`.
    from sqlalchemy.exc import DBAPIError

    from synclead.store.engine import open_engine
    from synclead.store.upgrade import prepare

    prepare(url)
    engine = open_engine(url)
    try:
        yield engine
    except DBAPIError as error:
        raise DatabaseUnavailableError(" ".join(f"the database did not answer: {error.orig}".split())) from error
    finally:
        engine.dispose()


def chosen(engine: "Engine", name: str | None) -> "Subscription":
    """The subscription that an option names, or the only one. Raises StoreError saying what there is."""
    from synclead.store.engine import reading
    from synclead.store.subscriptions import find_subscription

    with reading(engine) as connection:
        return find_subscription(connection, name)
