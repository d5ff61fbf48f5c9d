"""pgbench and SQLite alone are sent calls as the servers are: half for new leads, half for known ones of all."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bench import limit
from bench.errors import CellFailedError
from bench.limit import Pgbench, SqliteLimit, read_pgbench
from bench.postgres import Postgres
from bench.waits import RowWaits
from support.postgres import Postgres as SharedPostgres

KNOWN = 5_000
SCRIPTS = ("upsert", "activity")


class OfTheTests(Postgres):
    """The server of the tests, which is reached through its socket."""

    def __init__(self, server: SharedPostgres) -> None:
        super().__init__(0, os.getpid(), server.programs)
        self._server = server

    def url(self, database: str = "postgres") -> str:
        return self._server.url(database)


@pytest.fixture
def server(postgres: SharedPostgres) -> Iterator[OfTheTests]:
    """Without the databases of these tests afterwards."""
    yield OfTheTests(postgres)
    for script in SCRIPTS:
        postgres.execute(f"DROP DATABASE IF EXISTS pgbench_{script} WITH (FORCE)")


def pgbench(server: OfTheTests, script: str) -> Pgbench:
    """One with its database made."""
    made = Pgbench("pgbench", script, known=KNOWN, postgres=server)
    made.open()
    return made


@pytest.mark.parametrize("script", SCRIPTS)
def test_pgbench_updates_leads_of_all(server: OfTheTests, script: str) -> None:
    """In a second of two clients; the next cell counts its own alone, and writes other values."""
    subject = pgbench(server, script)
    for cell in (1, 2):
        found = subject.measure(connections=2, seconds=1, cell=cell, round_=1)
        assert found.different is not None
        assert found.row_waits is not None
        assert found.per_second > 0
        with psycopg.connect(server.url(f"pgbench_{script}")) as connection:
            scores = "SELECT count(*) FROM lead WHERE (attributes ->> 'LeadScore')::bigint BETWEEN %s AND %s"
            ((written,),) = connection.execute(scores, (cell * 1_000_000, cell * 1_000_000 + 999_999)).fetchall()
        assert written > found.different
    subject.finish()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_shrinks_its_own_choice_fails(
    server: OfTheTests, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `\\set known random(1, :known)` did: soon all clients wait for the first lead."""
    good = (limit.SQL / f"pgbench_{script}.sql").read_text(encoding="utf-8")
    bad = good.replace(r"\set lead random(1, :known)", r"\set known random(1, :known)").replace(":lead", ":known")
    assert bad != good
    (tmp_path / f"pgbench_{script}.sql").write_text(bad, encoding="utf-8")
    monkeypatch.setattr(limit, "SQL", tmp_path)
    with pytest.raises(CellFailedError, match=r"updates went to \d+ different leads; chosen uniformly of 5,000"):
        pgbench(server, script).measure(connections=2, seconds=1, cell=1, round_=1)


def test_waiting_for_rows_fails(server: OfTheTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the leads are many."""
    monkeypatch.setattr(limit, "MOST_ROW_WAITS", -0.01)
    with pytest.raises(CellFailedError, match="waited for each other's rows 0% of their time"):
        pgbench(server, "upsert").measure(connections=1, seconds=1, cell=1, round_=1)


def test_a_connection_that_waits_for_a_row_is_seen(server: OfTheTests) -> None:
    """One of two: the other one has the row."""
    server.create("pgbench_upsert")
    url = server.url("pgbench_upsert")
    server.execute("CREATE TABLE one (value integer); INSERT INTO one VALUES (1)", "pgbench_upsert")
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as waiter:
        holder.execute("UPDATE one SET value = 2")
        waiter.execute("SET lock_timeout = '700ms'")
        with RowWaits(url) as waits, pytest.raises(psycopg.errors.LockNotAvailable):
            waiter.execute("UPDATE one SET value = 3")
    assert waits.share == 0.5


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_variable_is_chosen_by_what_it_was(script: str) -> None:
    """Of a script only the counter of calls follows from itself; what is chosen among is never set."""
    text = (limit.SQL / f"pgbench_{script}.sql").read_text(encoding="utf-8")
    of_itself = [
        line for line in text.splitlines() if (set_ := re.match(r"\\set (\w+)", line)) and f":{set_[1]}" in line
    ]
    assert of_itself == [r"\set i :i + 1"]


def test_sqlite_updates_leads_of_all(tmp_path: Path) -> None:
    """Chosen uniformly too, and each cell writes other values."""
    subject = SqliteLimit("SQLite", tmp_path, KNOWN)
    subject.open()
    for cell in (1, 2):
        found = subject.measure(connections=1, seconds=0.2, cell=cell, round_=1)
        with sqlite3.connect(tmp_path / "limit.db") as connection:
            scores = "SELECT count(*) FROM lead WHERE email LIKE 'known-%' AND field_values LIKE ?"
            ((different,),) = connection.execute(scores, (f'%"LeadScore":"{cell}______"%',)).fetchall()
        connection.close()
        assert different == found.different
    subject.close()


def test_what_pgbench_prints_is_read() -> None:
    """Transactions and their rate; one that failed fails the cell."""
    printed = (
        "number of transactions actually processed: {}\nnumber of failed transactions: {} (0.000%)\ntps = 812.5 (x)\n"
    )
    assert read_pgbench(printed.format(1600, 0)) == (1600, 812.5)
    for text in (printed.format(1600, 1), printed.format(0, 0), ""):
        with pytest.raises(CellFailedError):
            read_pgbench(text)
