"""`synclead doctor` finds what a start would stumble over, and changes nothing."""

import base64
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.command import Run
from support.orchard import DECLARATION
from support.postgres import Postgres
from synclead.store.serve_lock import ServeLock


@pytest.fixture
def database(run: Run, tmp_path: Path) -> Path:
    """A database in order, with an API user."""
    (tmp_path / "leads.toml").write_text(DECLARATION)
    assert run("apply", "leads.toml").code == 0
    return tmp_path / "synclead.db"


def change(database: Path, statement: str) -> None:
    """Does to the database what no command does."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_database_in_order_is_ok(run: Run, database: Path) -> None:
    """Every line is `ok`, the exit code 0, and no file is made or changed."""
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}

    ran = run("doctor")

    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert all(line.startswith("ok: ") for line in lines)
    assert "ok: the writer has WAL and synchronous = FULL" in lines
    assert "ok: subscription Orchard is readable and has 2147483647 lead Ids left" in lines
    assert "ok: no process serves synclead.db now" in lines
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before


def test_a_serving_process_is_seen(run: Run, database: Path) -> None:
    """It is told, it is nothing wrong, and its lock stays its own."""
    lock = ServeLock(database)
    try:
        for _ in range(2):
            ran = run("doctor")
            assert (ran.code, "ok: a process serves synclead.db now" in ran.out) == (0, True)
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA journal_mode = DELETE", "journal mode delete instead of WAL"),
        ("UPDATE counter SET next_lead_id = 2147483640", "subscription Orchard has 8 lead Ids left"),
        ("UPDATE workspace SET primary_partition = 'Gone'", "subscription Orchard is not served"),
        ("DELETE FROM counter", "subscription Orchard has no counter row"),
        ("DELETE FROM subscription", "there is no subscription"),
        ("UPDATE api_key SET sealed = x'00'", "cannot sign in"),
        ("UPDATE synclead_schema SET version_num = '9999'", "made by a later release"),
    ],
)
def test_what_is_wrong_is_said(run: Run, database: Path, statement: str, words: str) -> None:
    """One line begins with `wrong` and says what; the exit code is 1."""
    change(database, statement)

    ran = run("doctor")

    wrong = [line for line in ran.out.splitlines() if line.startswith("wrong: ")]
    assert ran.code == 1
    assert len(wrong) == 1
    assert words in wrong[0]


def test_a_file_that_others_may_read_is_wrong(run: Run, database: Path) -> None:
    """It holds leads; the line says what to do, and then all is in order."""
    database.chmod(0o640)
    ran = run("doctor")
    assert (ran.code, f"wrong: other accounts may read leads in {database}: run chmod 600" in ran.out) == (1, True)
    database.chmod(0o600)
    assert run("doctor").code == 0


def test_a_file_with_two_names_is_wrong(run: Run, database: Path) -> None:
    """Nothing else is looked at: to open it would be the harm."""
    os.link(database, database.with_name("link.db"))
    ran = run("doctor")
    (line,) = ran.out.splitlines()
    assert ran.code == 1
    assert line.startswith(f"wrong: the file {database} has 2 names")


def test_another_master_key_is_wrong(run: Run, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a missing one; none is made."""
    monkeypatch.setenv("SYNCLEAD_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    ran = run("doctor")
    assert (ran.code, "wrong: the master key is not the one" in ran.out) == (1, True)

    monkeypatch.delenv("SYNCLEAD_MASTER_KEY")
    key = database.with_name("synclead.db.master-key")
    key.unlink()
    ran = run("doctor")
    assert (ran.code, "synclead.db.master-key cannot be read" in ran.out) == (1, True)
    assert not key.exists()


def test_a_missing_database_is_not_made(run: Run, tmp_path: Path) -> None:
    """It is wrong, and the folder stays empty."""
    ran = run("doctor")

    assert (ran.code, ran.out) == (1, "wrong: there is no database synclead.db yet\n")
    assert list(tmp_path.iterdir()) == []


def test_postgres_is_looked_at(run: Run, postgres: Postgres) -> None:
    """Without durability and a master key a start would be refused: both are said."""
    url = postgres.new_database().replace("?", "?options=-csynchronous_commit%3Doff&")

    ran = run("doctor", "--database-url", url)

    assert ran.code == 1
    assert "wrong: PostgreSQL has synchronous_commit = off" in ran.out
    assert "wrong: set SYNCLEAD_MASTER_KEY" in ran.out
