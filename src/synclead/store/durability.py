"""Whether a database keeps what it has acknowledged, also when the power fails."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from synclead.store.engine import reading
from synclead.store.errors import DatabaseUnavailableError, UnsafeDurabilityError

_SETTINGS = ("fsync", "synchronous_commit")


def check_durability(engine: Engine) -> None:
    """Returns where a commit is on the disk before it is answered.

    An SQLite file is opened so that it is. Raises UnsafeDurabilityError for a PostgreSQL server, database
    or role set otherwise, and DatabaseUnavailableError.
    """
    if engine.dialect.name != "postgresql":
        return
    try:
        with reading(engine) as connection:
            found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in _SETTINGS}
    except DBAPIError as error:
        raise DatabaseUnavailableError(f"the database did not answer: {error.orig}") from error
    for name, value in found.items():
        if value == "off":
            raise UnsafeDurabilityError(
                f"PostgreSQL has {name} = off and would lose acknowledged leads when the power fails: "
                "set it to on, or accept the loss with --allow-unsafe-durability"
            )
