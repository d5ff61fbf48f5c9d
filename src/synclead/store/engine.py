"""SQLAlchemy engines for everything that is not the way of a call, on either database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text, update
from sqlalchemy.engine import URL, Row, make_url
from sqlalchemy.exc import ArgumentError

from synclead.store.errors import DatabaseUnavailableError, UnconfirmedError
from synclead.store.schema import counter, subscription
from synclead.store.sqlite_files import SqliteFiles
from synclead.store.transaction import DatabaseError

LOCK_SECONDS = 10
# Any number that no other program is likely to lock; released at the end of the transaction.
_CONFIGURATION_LOCK = 0x73796E636C656165
_UNREPLICATED = "synclead_unreplicated"
_FILES = "synclead_files"
_POSTGRES_DEFAULTS: dict[str, Any] = {
    "application_name": "synclead",
    "connect_timeout": "10",
    # A network that swallows everything is noticed within half a minute.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "target_session_attrs": "read-write",
}


def parse_url(url: str) -> URL:
    """The database that `url` names: `sqlite:///file.db` or `postgresql://…`.

    Raises DatabaseUnavailableError for every other form.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not shown: where a URL cannot be taken apart, nobody knows which part is the password.
        raise DatabaseUnavailableError(
            "the database URL cannot be read: it must be sqlite:///FILE or postgresql://USER@HOST:PORT/NAME"
        ) from None
    if "@" in (parsed.host or ""):
        raise DatabaseUnavailableError(
            "the database URL has two @ before its host: write %40 for one in the user or the password"
        )
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise DatabaseUnavailableError(
        f"the database URL {shown_url(url)} must be sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


def shown_url(url: str) -> str:
    """A URL that can be read, as messages show it: without a password, and without the options that may hold one."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(str(parsed.database))


def postgres_parameters(url: str) -> dict[str, Any]:
    """What psycopg connects a PostgreSQL URL with: our defaults, and over them what the URL says."""
    parsed = parse_url(url)
    named = parsed.translate_connect_args(username="user", database="dbname")
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in parsed.query.items()}
    # PgBouncer in transaction mode gives each transaction another connection: prepare nothing.
    return _POSTGRES_DEFAULTS | named | query | {"prepare_threshold": None}


def open_engine(url: str, files: SqliteFiles | None = None) -> Engine:
    """An engine whose transactions begin by our own statement (see `reading` and `writing`).

    `files`: what this process knows of an SQLite database that it has open already.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _watch_commits(
            create_engine(
                parsed, isolation_level="READ COMMITTED", connect_args=postgres_parameters(url), pool_pre_ping=True
            )
        )
    if files is None and "uri" not in parsed.query:  # one that has it is in memory
        files = SqliteFiles(Path(str(parsed.database)))
    engine = create_engine(
        parsed, connect_args={"timeout": LOCK_SECONDS}, execution_options={_FILES: files} if files else {}
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not send BEGIN of its own
        connection.execute("PRAGMA synchronous = FULL")
        if files is not None:
            connection.execute("PRAGMA schema_version").fetchone()  # opens log and index
            with _as_store_error():
                files.opened()

    @event.listens_for(engine, "close")
    def _on_close(connection: Any, _record: Any) -> None:
        if files is not None:
            files.closed()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        _look(connection)
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _watch_commits(engine: Engine) -> Engine:
    """Notes on a connection that a commit of it did not wait for the standby that it has to wait for."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        # The driver takes a tenth of a second to load: not for who serves from a file.
        from synclead.store.pipeline import is_end_of_wait

        def notice(one: Any) -> None:
            if is_end_of_wait(one):
                record.info[_UNREPLICATED] = True

        connection.add_notice_handler(notice)

    return engine


def _look(connection: Connection) -> None:
    """Returns where an SQLite database is still what its name leads to. Raises DatabaseUnavailableError."""
    files: SqliteFiles | None = connection.get_execution_options().get(_FILES)
    if files is not None:
        with _as_store_error():
            files.look()


@contextmanager
def _as_store_error() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise DatabaseUnavailableError(str(error)) from error


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

    A writer of leads, keys, activities, fields or rules calls `lock_counter` first. Raises UnconfirmedError where it
    is committed on this server, and perhaps not on the standby that has to have it too.
    """
    with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection:
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                connection.info.pop(_UNREPLICATED, None)
            yield connection
            _look(connection)
        try:
            _look(connection)
        except DatabaseUnavailableError as error:
            raise UnconfirmedError(f"it is done, in a file that was taken away meanwhile: {error}") from error
        if connection.info.pop(_UNREPLICATED, False):
            raise UnconfirmedError(
                "it is done, but PostgreSQL did not wait for the standby that has to have it too, and may lose it with "
                "this server: look after the standby"
            )


def lock_configuration(connection: Connection) -> None:
    """Keeps every other command out that makes a subscription or the check value of the master key.

    They have no row yet that could be locked. On SQLite BEGIN IMMEDIATE has done it already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CONFIGURATION_LOCK)))


def lock_counter(connection: Connection, subscription_id: int) -> Row[Any] | None:
    """Locks and reads the subscription's counter row; None when there is no such subscription."""
    statement = select(counter).where(counter.c.subscription_id == subscription_id).with_for_update()
    return connection.execute(statement).one_or_none()


def next_lead_ids(connection: Connection) -> list[tuple[int, str, int]]:
    """Every subscription's id, name, and the Id of its next new lead."""
    joined = subscription.join(counter, subscription.c.id == counter.c.subscription_id)
    selected = select(subscription.c.id, subscription.c.name, counter.c.next_lead_id).select_from(joined)
    return [(row.id, row.name, row.next_lead_id) for row in connection.execute(selected)]


def bump_config_version(connection: Connection, subscription_id: int) -> None:
    """Tells running servers that the subscription's rules changed; the counter must be locked."""
    connection.execute(
        update(counter)
        .where(counter.c.subscription_id == subscription_id)
        .values(config_version=counter.c.config_version + 1)
    )
