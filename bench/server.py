"""synclead itself, as users start it, on PostgreSQL or on an SQLite file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import call
from bench.errors import CellFailedError, UnsafeError
from bench.load import Load
from bench.postgres import Postgres
from bench.seed import seed_synclead
from bench.stored import check_unique, stored_by_synclead
from bench.subject import Served
from bench.verify import Stored
from synclead.store.sqlite import SqliteDatabase

PROGRAM = (str(Path(sys.executable).with_name("synclead")),)
_MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SQLITE_DURABLE = {"synchronous": 2, "journal_mode": "wal"}


class Synclead(Served):
    """`synclead serve` with the settings that it comes with."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        leads: int,
        postgres: Postgres | None = None,
        workers: int = 1,
        program: Sequence[str] = PROGRAM,
        tool: Sequence[str] = PROGRAM,
    ) -> None:
        """On PostgreSQL where that is given, else on a file. `leads` are stored before it starts.

        `program` serves, and `tool` makes the database and looks at it.
        """
        # Of an empty database a thousand leads become known by the calls themselves.
        super().__init__(name, folder, max(leads, 1000), postgres)
        self._leads = leads
        self._workers = workers
        self._program = program
        self._tool = tool
        self.url = ""
        self._settings: dict[str, object] = {}

    def prepare(self) -> None:
        """Makes the database, with the subscription and its leads. Raises CellFailedError and UnsafeError."""
        if self.postgres is None:
            self.url = f"sqlite:///{self.folder / 'leads.db'}"
        else:
            self.url = self.postgres.create(f"{self.folder.parent.name}_{self.folder.name}".replace("-", "_"))
            self.command("db", "upgrade")
        (self.folder / "bench.toml").write_text(call.DECLARATION, encoding="utf-8")
        self.command("apply", "bench.toml")
        seed_synclead(self.url, self._leads)
        self.command("doctor")
        self._check_durable()
        if self._leads:
            self._check_seed()

    def launch(self) -> None:
        """See Served."""
        self.prepare()
        workers = ("--workers", str(self._workers)) if self._workers > 1 else ()
        words = ("serve", "--port", str(self.port), "--database-url", self.url, *workers)
        self.processes.start("synclead", (*self._program, *words), self.environment())
        self.processes.await_ready(self.port, "/readyz")

    def stored(self, load: Load) -> Stored:
        """See Served."""
        return stored_by_synclead(self.url, (one.email for one in load.acknowledged))

    def finish(self) -> None:
        """See Subject: on no side may one Email belong to two leads."""
        check_unique(self.url, "email_key")
        self.command("doctor")

    def command(self, *words: str) -> str:
        """Runs a command on the database; its standard output. Raises CellFailedError where it fails."""
        done = subprocess.run(
            [*self._tool, *words, "--database-url", self.url],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CellFailedError(f"synclead {words[0]}: exit {done.returncode}: {(done.stdout + done.stderr).strip()}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Nothing of who runs the benchmarks but where programs and packages are."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "LANG") if name in os.environ}
        return kept | {"NO_COLOR": "1"} | ({"SYNCLEAD_MASTER_KEY": _MASTER_KEY} if self.postgres else {})

    def facts(self) -> dict[str, Any]:
        """See Subject."""
        return super().facts() | {"settings": self._settings}

    def _check_durable(self) -> None:
        if self.postgres is None:
            self._settings = asyncio.run(_writer_settings(Path(self.url.removeprefix("sqlite:///"))))
            check_sqlite(self._settings)
        else:
            self._settings = dict(self.postgres.settings())

    def _check_seed(self) -> None:
        last = call.known_email(self._leads)
        found = stored_by_synclead(self.url, [last])
        if list(found.get(last, ())) != [(self._leads, 0)]:
            raise CellFailedError(f"the seed is not as it should be: {last} is {found.get(last)}")
        self.command("lead", "show", last)


def check_sqlite(found: dict[str, object]) -> None:
    """Raises UnsafeError where a commit is acknowledged before it is on the disk."""
    for name, wanted in SQLITE_DURABLE.items():
        if found[name] != wanted:
            raise UnsafeError(f"SQLite has {name} = {found[name]} instead of {wanted}")


async def _writer_settings(path: Path) -> dict[str, object]:
    database = SqliteDatabase(path)
    try:
        return {name: await database.pragma(name) for name in SQLITE_DURABLE}
    finally:
        await database.close()
