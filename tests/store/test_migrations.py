"""The schema as declared, as migrated, and what is refused."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from synclead.store import errors, schema, upgrade
from synclead.store.engine import open_engine, reading, writing


def test_migrations_give_the_declared_tables(tmp_path: Path) -> None:
    """Alembic finds no difference between a migrated database and the declared tables."""
    engine = _migrated(tmp_path / "a.db")

    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": upgrade.VERSION_TABLE})
        assert compare_metadata(context, schema.metadata) == []


def test_the_files_of_the_migrations_name_their_revisions() -> None:
    """What a start takes from the files' names is what Alembic reads in them, in its order."""
    steps = [step.revision for step in ScriptDirectory(str(upgrade.MIGRATIONS)).walk_revisions()]

    assert steps[::-1] == upgrade.revisions()


def test_migrated_and_created_tables_are_the_same_statements(tmp_path: Path) -> None:
    """A new file, which is made without the migrations, has the very definitions and the version that they give."""
    migrated = _migrated(tmp_path / "migrated.db")
    upgrade.upgrade(f"sqlite:///{tmp_path}/created.db")

    assert _definitions(tmp_path / "created.db") == _definitions(tmp_path / "migrated.db")
    for engine in (migrated, open_engine(f"sqlite:///{tmp_path}/created.db")):
        with reading(engine) as connection:
            version = connection.exec_driver_sql(f"SELECT version_num FROM {upgrade.VERSION_TABLE}").all()
            assert version == [(upgrade.head(),)]


def test_upgrade_of_a_current_database_does_nothing(tmp_path: Path) -> None:
    """The first upgrade says that it did something, the second that it did not."""
    url = f"sqlite:///{tmp_path}/a.db"

    assert [upgrade.upgrade(url), upgrade.upgrade(url)] == [True, False]


@pytest.mark.timeout(8)  # a lock is waited for ten seconds
def test_upgrade_of_a_current_database_waits_for_no_lock(tmp_path: Path) -> None:
    """While a server writes, a command finds the schema current at once."""
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade.upgrade(url)

    with writing(open_engine(url)):
        assert upgrade.upgrade(url) is False


def test_two_processes_upgrade_at_once(tmp_path: Path) -> None:
    """Of several processes that start together one makes the schema and all succeed."""
    url = f"sqlite:///{tmp_path}/a.db"

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert sorted(pool.map(upgrade.upgrade, [url] * 3)) == [False, False, True]
    upgrade.check(url)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A revision that this release does not know is named in the refusal."""
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade.upgrade(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute(f"UPDATE {upgrade.VERSION_TABLE} SET version_num = '9999'")

    for action in (upgrade.upgrade, upgrade.check):
        with pytest.raises(errors.NewerSchemaError, match="9999"):
            action(url)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Tables that are not ours stay alone."""
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE song (id integer)")

    with pytest.raises(errors.ForeignDatabaseError):
        upgrade.upgrade(f"sqlite:///{tmp_path}/a.db")
    assert set(_definitions(tmp_path / "a.db")) == {"song"}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A text file under the database's name is not touched."""
    file = tmp_path / "a.db"
    file.write_text("no database, but long enough to have a header of its own" * 20)

    with pytest.raises(errors.ForeignDatabaseError):
        upgrade.upgrade(f"sqlite:///{file}")


def test_check_refuses_a_missing_database(tmp_path: Path) -> None:
    """Checking creates nothing."""
    with pytest.raises(errors.OldSchemaError):
        upgrade.check(f"sqlite:///{tmp_path}/a.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    """Only an SQLite file and PostgreSQL are databases of synclead."""
    with pytest.raises(errors.DatabaseUnavailableError):
        upgrade.upgrade(url)


def _migrated(path: Path) -> Engine:
    """A new file, brought from nothing to the newest schema by every migration."""
    engine = open_engine(f"sqlite:///{path}")
    with writing(engine) as connection:
        upgrade.migrate(connection)
    return engine


def _definitions(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows}
