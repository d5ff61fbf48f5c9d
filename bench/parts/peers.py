"""synclead on both databases beside what a team would write instead."""

from __future__ import annotations

import os

from bench import names
from bench.context import Context
from bench.peer import PEERS_BY_NAME
from bench.results import Results
from bench.server import Synclead


def run(context: Context) -> Results:
    """Calls a second, latencies, CPU time and memory of each at every number of connections."""
    folder, postgres, known = context.folder / "peers", context.postgres, context.plan.known
    subjects = [
        Synclead(names.POSTGRES, folder / "postgres", leads=known, postgres=postgres),
        Synclead(
            names.PROCESS_A_CORE,
            folder / "process-a-core",
            leads=known,
            postgres=postgres,
            workers=os.cpu_count() or 1,
        ),
        Synclead(names.SQLITE, folder / "sqlite", leads=known),
        *(
            kind(name, folder / kind.__name__.lower(), leads=known, postgres=postgres)
            for name, kind in PEERS_BY_NAME.items()
        ),
    ]
    plan = context.plan
    return context.results("peers", context.run(subjects, rounds=plan.peer_rounds, warm_cells=plan.peer_warm_cells))
