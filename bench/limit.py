"""The limits: what the database alone commits, and what the HTTP server alone answers."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from bench import call
from bench.errors import CellFailedError
from bench.load import Load
from bench.peer import create_peer_database
from bench.postgres import Postgres
from bench.process import cpu_seconds
from bench.server import check_sqlite
from bench.stored import check_unique
from bench.subject import Cell, Served, Subject
from bench.verify import Stored

_SQL = Path(__file__).with_name("sql")


class Pgbench(Subject):
    """One prepared statement a commit, with as many clients as a server has connections."""

    def __init__(self, name: str, script: str, *, known: int, postgres: Postgres) -> None:
        """`script`: `upsert`, or `activity` for an upsert with a line of history in one statement."""
        self.name = name
        self._script = _SQL / f"pgbench_{script}.sql"
        self._writes_activities = script == "activity"
        self._database = f"pgbench_{script}"
        self._known = known
        self._postgres = postgres

    def open(self) -> None:
        """See Subject."""
        create_peer_database(self._postgres, self._database, self._known)

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        command = [
            *(str(self._postgres.programs / "pgbench"), "-n", "-M", "prepared"),
            *("-h", "127.0.0.1", "-p", str(self._postgres.port), "-U", "postgres"),
            *("-c", str(connections), "-j", str(min(2, connections)), "-T", str(round(seconds))),
            *("-D", "i=0", "-D", f"known={self._known}", "-D", f"cell={cell}", "-f", str(self._script)),
            self._database,
        ]
        before, used = self._written(), cpu_seconds(self._postgres.pid)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        cost = cpu_seconds(self._postgres.pid) - used
        if done.returncode != 0:
            raise CellFailedError(f"pgbench: exit {done.returncode}: {done.stderr.strip()[-300:]}")
        transactions, per_second = read_pgbench(done.stdout)
        written = self._written() - before
        least = transactions if self._writes_activities else transactions // 2
        # A client that stopped after an odd number of calls made one lead more.
        most = transactions if self._writes_activities else least + connections
        if not least <= written <= most:
            raise CellFailedError(f"pgbench counted {transactions} transactions and wrote {written} rows")
        return Cell(
            subject=self.name,
            connections=connections,
            round=round_,
            per_second=per_second,
            cpu_us={"PostgreSQL": cost / transactions * 1e6},
        )

    def finish(self) -> None:
        """See Subject."""
        check_unique(self._postgres.url(self._database), "email")

    def _written(self) -> int:
        """Rows of the table that only grows: activities, or leads."""
        table = b"activity" if self._writes_activities else b"lead"
        with psycopg.connect(self._postgres.url(self._database)) as connection:
            ((count,),) = connection.execute(b"SELECT count(*) FROM " + table).fetchall()
        return int(count)


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
        before = self._count()
        began, done, times = perf_counter(), 0, []
        last = began
        while last - began < seconds:
            done += 1
            known = done % 2 == 0
            email = call.known_email(done * 7919 % self._known + 1) if known else f"new-{cell}-{done}{call.DOMAIN}"
            execute(statement, (email, values % done))  # its own transaction, durable when it returns
            now = perf_counter()
            times.append(now - last)
            last = now
        if self._count() - before != (done + 1) // 2:
            raise CellFailedError(f"SQLite made {self._count() - before} leads in {done} upserts")
        times.sort()
        return Cell(
            subject=self.name,
            connections=connections,
            round=round_,
            per_second=done / (last - began),
            p50_ms=times[len(times) // 2] * 1000,
            p99_ms=times[len(times) * 99 // 100] * 1000,
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

    def check(self, load: Load, *, cell: int, connections: int) -> None:
        """See Served: every answer has the expected content, which the script of wrk looks at."""

    def facts(self) -> dict[str, Any]:
        """See Subject."""
        return {}
