"""The limits: what the database alone commits, and what the HTTP server alone answers."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

import psycopg

from bench import call
from bench.errors import CellFailedError
from bench.load import Load
from bench.peer import create_peer_database
from bench.postgres import Postgres
from bench.process import cpu_seconds
from bench.server import check_sqlite
from bench.spread import check_choice, chosen
from bench.stored import check_unique
from bench.subject import Cell, Served, Subject
from bench.verify import Stored
from bench.waits import RowWaits

SQL = Path(__file__).with_name("sql")
MOST_ROW_WAITS = 0.05
"""Of the connections' time: with leads chosen uniformly it is less than a hundredth, at 128 of 50,000."""


class _Written(NamedTuple):
    """The rows of a database at a time of its own clock."""

    at: datetime
    leads: int
    activities: int


class Pgbench(Subject):
    """One prepared statement a commit, with as many clients as a server has connections."""

    def __init__(self, name: str, script: str, *, known: int, postgres: Postgres) -> None:
        """`script`: `upsert`, or `activity` for an upsert with a line of history in one statement."""
        self.name = name
        self._script = SQL / f"pgbench_{script}.sql"
        self._writes_activities = script == "activity"
        self._database = f"pgbench_{script}"
        self._known = known
        self._postgres = postgres

    def open(self) -> None:
        """See Subject."""
        create_peer_database(self._postgres, self._database, self._known)

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        url = self._postgres.url(self._database)
        command = [
            *(str(self._postgres.programs / "pgbench"), "-n", "-M", "prepared"),
            *("-c", str(connections), "-j", str(min(2, connections)), "-T", str(round(seconds))),
            *("-D", "i=0", "-D", f"known={self._known}", "-D", f"cell={cell}", "-f", str(self._script), url),
        ]
        before, used = self._written(), cpu_seconds(self._postgres.pid)
        with RowWaits(url) as waits:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        cost = cpu_seconds(self._postgres.pid) - used
        if done.returncode != 0:
            raise CellFailedError(f"pgbench: exit {done.returncode}: {done.stderr.strip()[-300:]}")
        transactions, per_second = read_pgbench(done.stdout)
        different = self._check(transactions, before, connections)
        if waits.share > MOST_ROW_WAITS:
            raise CellFailedError(f"pgbench's connections waited for each other's rows {waits.share:.0%} of their time")
        return Cell(
            subject=self.name,
            connections=connections,
            round=round_,
            per_second=per_second,
            cpu_us={"PostgreSQL": cost / transactions * 1e6},
            different=different,
            row_waits=waits.share,
        )

    def _check(self, transactions: int, before: _Written, connections: int) -> int:
        """The different leads that were updated. Raises CellFailedError where the rows are not those of the calls."""
        now = self._written()
        made, activities = now.leads - before.leads, now.activities - before.activities
        if activities != (transactions if self._writes_activities else 0):
            raise CellFailedError(f"pgbench counted {transactions} transactions and wrote {activities} activities")
        with psycopg.connect(self._postgres.url(self._database)) as connection:
            # What is new in this cell was never updated: each client makes an Email of its own once.
            ((different,),) = connection.execute(
                "SELECT count(*) FROM lead WHERE updated_at > %(at)s AND created_at <= %(at)s", {"at": before.at}
            ).fetchall()
        check_choice(
            made=made,
            updates=transactions - made,
            different=different,
            known=self._known,
            connections=connections,
        )
        return int(different)

    def finish(self) -> None:
        """See Subject."""
        check_unique(self._postgres.url(self._database), "email")

    def _written(self) -> _Written:
        statement = b"SELECT clock_timestamp(), (SELECT count(*) FROM lead), (SELECT count(*) FROM activity)"
        with psycopg.connect(self._postgres.url(self._database)) as connection:
            ((at, leads, activities),) = connection.execute(statement).fetchall()
        return _Written(at, leads, activities)


def read_pgbench(printed: str) -> tuple[int, float]:
    """Transactions, and how many a second. Raises CellFailedError where any failed."""
    transactions = re.search(r"^number of transactions actually processed: (\d+)", printed, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", printed, re.MULTILINE)
    per_second = re.search(r"^tps = ([\d.]+)", printed, re.MULTILINE)
    if not (transactions and failed and per_second):
        raise CellFailedError(f"pgbench ended without its numbers: {printed[-300:]}")
    if int(failed[1]) or not int(transactions[1]):
        raise CellFailedError(f"pgbench: {failed[1]} of {transactions[1]} transactions failed")
    return int(transactions[1]), float(per_second[1])


class SqliteLimit(Subject):
    """One upsert a commit into a file, by one writer: SQLite has no more."""

    def __init__(self, name: str, folder: Path, known: int) -> None:
        self.name = name
        self._folder = folder
        self._known = known
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """See Subject."""
        self._folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._folder / "limit.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        settings: dict[str, object] = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        }
        check_sqlite(settings)
        connection.execute(
            "CREATE TABLE lead (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, field_values TEXT NOT NULL)"
        )
        rows = ((call.known_email(number), "{}") for number in range(1, self._known + 1))
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO lead (email, field_values) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        self._connection = connection

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        assert self._connection is not None
        execute = self._connection.execute
        statement = (
            "INSERT INTO lead (email, field_values) VALUES (?, ?)"
            " ON CONFLICT (email) DO UPDATE SET field_values = excluded.field_values"
        )
        values = (
            '{"FirstName":"Jane","LastName":"Doe","Company":"Example GmbH","Phone":"+49 30 1234567","LeadScore":"%d"}'
        )
        before, first, choose = self._count(), call.first_score(cell), Random(cell).randint
        emails, times = [], []
        began, done = perf_counter(), 0
        last = began
        while last - began < seconds:
            done += 1
            is_known = done % 2 == 0
            email = call.known_email(choose(1, self._known)) if is_known else f"new-{cell}-{done}{call.DOMAIN}"
            emails.append(email)
            execute(statement, (email, values % (first + done)))  # its own transaction, durable when it returns
            now = perf_counter()
            times.append(now - last)
            last = now
        if self._count() - before != (done + 1) // 2:
            raise CellFailedError(f"SQLite made {self._count() - before} leads in {done} upserts")
        made, updates, different = chosen(emails)
        check_choice(made=made, updates=updates, different=different, known=self._known, connections=1)
        times.sort()
        return Cell(
            subject=self.name,
            connections=connections,
            round=round_,
            per_second=done / (last - began),
            p50_ms=times[len(times) // 2] * 1000,
            p99_ms=times[len(times) * 99 // 100] * 1000,
            different=different,
        )

    def close(self) -> None:
        """See Subject."""
        if self._connection is not None:
            self._connection.close()

    def _count(self) -> int:
        assert self._connection is not None
        return int(self._connection.execute("SELECT count(*) FROM lead").fetchone()[0])


class BareUvicorn(Served):
    """uvicorn with an application that does nothing: it stores no lead, so nothing is looked up."""

    def __init__(self, name: str, folder: Path, answer: bytes) -> None:
        """`answer`: the bytes that a server under test answered."""
        super().__init__(name, folder, known=1, postgres=None)
        self._answer = answer

    def launch(self) -> None:
        """See Served."""
        (self.folder / "answer.xml").write_bytes(self._answer)
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment = kept | {"PORT": str(self.port), "BENCH_ANSWER": str(self.folder / "answer.xml")}
        self.processes.start("uvicorn", (sys.executable, str(Path(__file__).with_name("bare.py"))), environment)
        self.processes.await_ready(self.port, "/")

    def stored(self, load: Load) -> Stored:
        """See Served: nothing."""
        return {}

    def check(self, load: Load, *, cell: int, connections: int) -> int | None:
        """See Served: every answer has the expected content, which the script of wrk looks at."""
        return None

    def facts(self) -> dict[str, Any]:
        """See Subject."""
        return {}
