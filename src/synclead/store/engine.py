"""SQLAlchemy engines for everything that is not the way of a call, on either database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select, text, update
from sqlalchemy.engine import URL, Row, make_url
from sqlalchemy.exc import ArgumentError

from synclead.store.errors import DatabaseUnavailableError
from synclead.store.schema import counter

LOCK_SECONDS = 10


def parse_url(url: str) -> URL:
    """The database that `url` names: `sqlite:///file.db` or `postgresql://…`.

    Raises DatabaseUnavailableError for every other form.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailableError("the database URL cannot be read: expected sqlite:///FILE") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise DatabaseUnavailableError("the database URL must be sqlite:///FILE or postgresql://USER@HOST/NAME")


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(str(parsed.database))


def open_engine(url: str) -> Engine:
    """An engine whose transactions begin by our own statement (see `reading` and `writing`)."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, isolation_level="READ COMMITTED")
    engine = create_engine(parsed, connect_args={"timeout": LOCK_SECONDS})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not send BEGIN of its own
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine for the length of a block."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that reads."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes; commits at the end, rolls back on an exception.

    A writer of leads, keys, activities, fields or rules calls `lock_counter` first.
    """
    with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        yield connection


def lock_counter(connection: Connection, subscription_id: int) -> Row[Any] | None:
    """Locks and reads the subscription's counter row; None when there is no such subscription."""
    statement = select(counter).where(counter.c.subscription_id == subscription_id).with_for_update()
    return connection.execute(statement).one_or_none()


def bump_config_version(connection: Connection, subscription_id: int) -> None:
    """Tells running servers that the subscription's rules changed; the counter must be locked."""
    connection.execute(
        update(counter)
        .where(counter.c.subscription_id == subscription_id)
        .values(config_version=counter.c.config_version + 1)
    )
