"""A file of leads: `synclead import` beside COPY and one set-based upsert."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import psycopg

from bench import call, names
from bench.context import Context
from bench.errors import CellFailedError, NotMeasuredError
from bench.peer import create_peer_database
from bench.postgres import Postgres
from bench.process import cpu_seconds
from bench.results import Results
from bench.server import PROGRAM, Synclead
from bench.stored import check_unique, stored_by_peer, stored_by_synclead
from bench.subject import Cell, Subject
from bench.verify import Stored

_FIELDS = (*call.VALUES, "LeadScore")
_UPSERT = """\
INSERT INTO lead (email, first_name, last_name, company, attributes)
SELECT email, first_name, last_name, company, jsonb_build_object('Phone', phone, 'LeadScore', score) FROM given
ON CONFLICT (email) DO UPDATE
SET first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    attributes = lead.attributes || excluded.attributes, updated_at = now()"""


def run(context: Context) -> Results:
    """Leads a second; the time of the whole command counts, its start too.

    Every second row is of a known lead while there are such, a quarter of the rows at full size.
    """
    folder, plan, postgres = context.folder / "import", context.plan, context.postgres
    on_postgres = Synclead(names.POSTGRES, folder / "postgres", leads=plan.known, postgres=postgres)
    on_sqlite = Synclead(names.SQLITE, folder / "sqlite", leads=plan.known)
    subjects: list[Subject] = [
        Imported(names.IMPORT_POSTGRES, on_postgres, plan.imported),
        Imported(names.IMPORT_SQLITE, on_sqlite, plan.imported),
        Copied(names.COPY, known=plan.known, count=plan.imported, postgres=postgres),
    ]
    return context.results("import", context.run(subjects, connections=(1,), warm=0))


def rows(count: int, known: int, cell: int) -> Iterator[tuple[str, ...]]:
    """The rows of a file: Email, the values, and a score that tells the cell; no Email comes twice."""
    values = tuple(call.VALUES.values())
    for number in range(1, count + 1):
        place = number // 2
        is_known = number % 2 == 0 and place <= known
        email = call.known_email(place) if is_known else f"new-{cell}-{number}{call.DOMAIN}"
        yield (email, *values, str(call.first_score(cell) + number))


def check_rows(stored: Stored, count: int, known: int, cell: int) -> None:
    """Raises CellFailedError where a row is not stored once with its values."""
    for email, *_, score in rows(count, known, cell):
        found = [stored_score for _, stored_score in stored.get(email, ())]
        if found != [int(score)]:
            raise CellFailedError(f"{email} was imported with the score {score}, and stored are {found}")


class Imported(Subject):
    """`synclead import` into a database with leads; no server runs."""

    def __init__(self, name: str, server: Synclead, count: int) -> None:
        self.name = name
        self._server = server
        self._count = count

    def open(self) -> None:
        """See Subject. Raises NotMeasuredError while there is no such command."""
        done = subprocess.run([*PROGRAM, "import", "--help"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotMeasuredError("synclead has no command import yet")
        self._server.folder.mkdir(parents=True)
        self._server.prepare()

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        known = self._server.known
        file = self._server.folder / f"leads-{cell}.csv"  # a name of its own: none goes on with another one
        with file.open("w", encoding="utf-8") as out:
            out.write(",".join(("Email", *_FIELDS)) + "\n")
            out.writelines(",".join(row) + "\n" for row in rows(self._count, known, cell))
        with _used(self._count, "synclead", resource.RUSAGE_CHILDREN, self._server.postgres) as cpu:
            began = perf_counter()
            self._server.command("import", file.name)
            took = perf_counter() - began
        file.unlink()
        emails = (row[0] for row in rows(self._count, known, cell))
        check_rows(stored_by_synclead(self._server.url, emails), self._count, known, cell)
        return Cell(subject=self.name, connections=1, round=round_, per_second=self._count / took, cpu_us=cpu)

    def finish(self) -> None:
        """See Subject."""
        self._server.finish()


class Copied(Subject):
    """What a script with SQL would do: COPY into a table of its own, then one upsert, one commit."""

    def __init__(self, name: str, *, known: int, count: int, postgres: Postgres) -> None:
        self.name = name
        self._known = known
        self._count = count
        self._postgres = postgres
        self._url = ""

    def open(self) -> None:
        """See Subject."""
        self._url = create_peer_database(self._postgres, "import_copy", self._known)

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        with _used(self._count, "script", resource.RUSAGE_SELF, self._postgres) as cpu:
            began = perf_counter()
            self._copy(cell)
            took = perf_counter() - began
        emails = (row[0] for row in rows(self._count, self._known, cell))
        check_rows(stored_by_peer(self._url, emails), self._count, self._known, cell)
        return Cell(subject=self.name, connections=1, round=round_, per_second=self._count / took, cpu_us=cpu)

    def _copy(self, cell: int) -> None:
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE given (email text, first_name text, last_name text, company text,"
                " phone text, score text) ON COMMIT DROP"
            )
            with cursor.copy("COPY given FROM STDIN") as copy:
                for row in rows(self._count, self._known, cell):
                    copy.write_row(row)
            cursor.execute(_UPSERT.encode())

    def finish(self) -> None:
        """See Subject."""
        check_unique(self._url, "email")


@contextmanager
def _used(count: int, name: str, who: int, postgres: Postgres | None) -> Iterator[dict[str, float]]:
    """Has, when the block is left, what each of so many rows cost, in microseconds of CPU: `who` and the database.

    `who` is as `resource.getrusage` takes it.
    """

    def seconds() -> dict[str, float]:
        usage = resource.getrusage(who)
        database = {} if postgres is None else {"PostgreSQL": cpu_seconds(postgres.pid)}
        return {name: usage.ru_utime + usage.ru_stime} | database

    cpu: dict[str, float] = {}
    before = seconds()
    yield cpu
    cpu.update((part, (spent - before[part]) / count * 1e6) for part, spent in seconds().items())
