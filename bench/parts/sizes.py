"""Whether calls get slower with the leads that are stored."""

from __future__ import annotations

from bench import names
from bench.context import Context
from bench.results import Results
from bench.server import Synclead

_WARM_SECONDS = 2.0


def run(context: Context) -> Results:
    """Calls a second at each size, on both databases; all sizes alternate."""
    folder, plan = context.folder / "sizes", context.plan
    subjects = []
    for size in plan.sizes:
        where = folder / f"postgres-{size}"
        subjects.append(Synclead(names.of_size(names.POSTGRES, size), where, leads=size, postgres=context.postgres))
        subjects.append(Synclead(names.of_size(names.SQLITE, size), folder / f"sqlite-{size}", leads=size))
    # Shortly warmed: every second call adds a lead, and an empty database should not be full before it is measured.
    warm = min(plan.warm_seconds, _WARM_SECONDS)
    return context.results("sizes", context.run(subjects, connections=(plan.size_connections,), warm=warm))
