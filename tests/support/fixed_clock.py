"""`python -m support.fixed_clock import …`: the real command whose clock stands still, so that two runs can be equal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from synclead.cli import import_run
from synclead.cli.main import main

if __name__ == "__main__":
    import_run.now = lambda: datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
    sys.argv[0] = "synclead"
    main()
