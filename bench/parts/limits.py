"""synclead on both databases beside the limits: what the database commits, and what the HTTP server answers."""

from __future__ import annotations

from bench import names
from bench.context import Context
from bench.limit import BareUvicorn, Pgbench, SqliteLimit
from bench.results import Results
from bench.server import Synclead


def run(context: Context) -> Results:
    """Calls, transactions or requests a second of each at every number of connections."""
    folder, postgres, known = context.folder / "limits", context.postgres, context.plan.known
    sample = one_answer(context)
    subjects = [
        Synclead(names.POSTGRES, folder / "postgres", leads=known, postgres=postgres),
        Synclead(names.SQLITE, folder / "sqlite", leads=known),
        Pgbench(names.UPSERT, "upsert", known=known, postgres=postgres),
        Pgbench(names.UPSERT_AND_ACTIVITY, "activity", known=known, postgres=postgres),
        SqliteLimit(names.SQLITE_UPSERT, folder / "upserts", known),
        BareUvicorn(names.UVICORN, folder / "uvicorn", sample),
    ]
    outcome = context.run(subjects)
    outcome.not_measured[names.MULTIPLE] = "synclead does not answer it yet"
    return context.results("limits", outcome)


def one_answer(context: Context) -> bytes:
    """What synclead answers to one call of the load: the same bytes are then answered by uvicorn alone."""
    server = Synclead("sample", context.folder / "sample", leads=2)
    try:
        server.open()
        return server.first_answer
    finally:
        server.close()
