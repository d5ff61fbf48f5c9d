"""Brings a database's schema up to date, and says whether it is."""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from synclead.store.engine import LOCK_SECONDS, opened, reading, shown_url, sqlite_path, writing
from synclead.store.errors import (
    DatabaseUnavailableError,
    ForeignDatabaseError,
    NewerSchemaError,
    OldSchemaError,
    StoreError,
)
from synclead.store.schema import metadata
from synclead.store.serve_lock import check_names
from synclead.store.sqlite_files import make_private

VERSION_TABLE = "synclead_schema"
MIGRATIONS = Path(__file__).parent / "migrations"
# As Alembic makes it.
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
# Any number that no other program is likely to lock; released at the end of the transaction.
_POSTGRES_LOCK = 0x73796E636C656164


def upgrade(url: str) -> bool:
    """Creates the schema or brings it up to date; True when anything was done.

    Safe when several processes do it at once: one does, the others wait and find it done.
    Raises ForeignDatabaseError, NewerSchemaError or DatabaseUnavailableError.
    """
    try:
        path = sqlite_path(url)
        if path is None or path.exists():
            # Most often there is nothing to do: then no command waits for a server's lock.
            with opened(url) as engine, reading(engine) as connection:
                if _revision(connection, url) == head():
                    return False
        if path is not None:
            make_private(path)
            _set_wal(path)
        with opened(url) as engine, writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
            revision = _revision(connection, url)
            if revision == head():
                return False
            if revision is None and path is not None:
                create(connection)
            else:
                migrate(connection)
            return True
    except (DBAPIError, sqlite3.Error) as error:
        raise _unavailable(error, url) from error


def check(url: str) -> None:
    """Returns when the schema is the current one; changes nothing.

    Raises OldSchemaError (also for an empty database), NewerSchemaError, ForeignDatabaseError or
    DatabaseUnavailableError.
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise OldSchemaError(f"there is no database {path} yet")
    try:
        with opened(url) as engine, reading(engine) as connection:
            revision = _revision(connection, url)
            if revision != head():
                found = "no schema yet" if revision is None else "an older schema"
                raise OldSchemaError(f"the database {shown_url(url)} has {found}: run `synclead db upgrade`")
    except (DBAPIError, sqlite3.Error) as error:
        raise _unavailable(error, url) from error


def require_ours(url: str) -> None:
    """Returns when the database has a schema of ours, of any release up to this one; changes nothing.

    Raises OldSchemaError for an empty database, and what `check` raises.
    """
    try:
        with opened(url) as engine, reading(engine) as connection:
            if _revision(connection, url) is None:
                raise OldSchemaError(f"the database {shown_url(url)} is empty")
    except (DBAPIError, sqlite3.Error) as error:
        raise _unavailable(error, url) from error


def prepare(url: str) -> None:
    """What every command does first: an SQLite file is brought up to date, a PostgreSQL database only checked.

    Raises what `upgrade` and `check` raise, and DatabaseUnavailableError where the file must not be opened.
    """
    path = sqlite_path(url)
    if path is None:
        check(url)
    else:
        check_names(path)
        upgrade(url)


def revisions() -> list[str]:
    """Every revision that this release knows, the oldest first: a migration's file begins with its number."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """The newest revision that this release knows."""
    return revisions()[-1]


def create(connection: Connection) -> None:
    """Makes in an empty database what the migrations would make, within the connection's transaction.

    A new SQLite file, and a database in memory, so need no Alembic: a tenth of a second at every start of a test.
    """
    metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=True)
    connection.execute(insert(_version).values(version_num=head()))


def migrate(connection: Connection, revision: str = "head") -> None:
    """Brings an older schema to a revision, within the connection's transaction."""
    # It takes a tenth of a second to load, and most often there is nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _revision(connection: Connection, url: str) -> str | None:
    """The database's revision; None when it is empty."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        if tables:
            raise ForeignDatabaseError(
                f"the database {shown_url(url)} has tables of another program: name an empty one with --database-url"
            )
        return None
    revision = connection.execute(select(_version.c.version_num)).scalar_one_or_none()
    if revision is not None and revision not in revisions():
        raise NewerSchemaError(
            f"the database {shown_url(url)} has schema {revision}, made by a later release: upgrade synclead"
        )
    return None if revision is None else str(revision)


def _set_wal(path: Path) -> None:
    """Write-ahead logging, kept in the file. SQLite does not wait for a lock here: we do."""
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
    finally:
        connection.close()


def _unavailable(error: Exception, url: str) -> StoreError:
    cause = str(getattr(error, "orig", None) or error)
    path = sqlite_path(url)
    if "file is not a database" in cause:
        return ForeignDatabaseError(f"{path} is not an SQLite database: name another file")
    if path is not None and "unable to open" in cause:
        cause = _why_no_file(path)
    words = f"the database {shown_url(url)} cannot be opened: {cause}; correct --database-url or what it names"
    return DatabaseUnavailableError(" ".join(words.split()))


def _why_no_file(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}"
    return "this account may not read and write the file and its folder"
