"""`python -m support.shifted SECONDS serve …`: the real server with a clock that is wrong by so many seconds."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Self

from synclead import app
from synclead.cli.main import main

SHIFT = timedelta(seconds=float(sys.argv.pop(1)))


class ShiftedClock(datetime):
    """What `app` takes the time from, for calls and for the writer."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + SHIFT


if __name__ == "__main__":
    app.datetime = ShiftedClock  # type: ignore[attr-defined]
    sys.argv[0] = "synclead"
    main()
