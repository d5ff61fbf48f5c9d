"""`python -m support.shifted SECONDS serve …`: the real server with a clock that is wrong by so many seconds."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Self

from synclead import clock
from synclead.cli.main import main

SHIFT = timedelta(seconds=float(sys.argv.pop(1)))


class ShiftedClock(datetime):
    """What the clock of calls and of the writer takes the time from."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + SHIFT


if __name__ == "__main__":
    clock.datetime = ShiftedClock  # type: ignore[attr-defined]
    sys.argv[0] = "synclead"
    main()
