"""The time that a server goes by: the machine's, unless a test sets another."""

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, tzinfo=UTC)
"""What a test may set: beyond, other programs' times end."""


class ClockError(Exception):
    """A moment that the clock cannot show; the message is a sentence."""


class Clock:
    """Call it for the time, in UTC."""

    __slots__ = ("_ahead", "_began_at", "_stands_at")

    def __init__(self, stands_at: datetime | None = None) -> None:
        """With `stands_at`, an aware moment, it shows that until it is moved. Raises ClockError."""
        self._began_at = stands_at if stands_at is None else _checked(stands_at)
        self.reset()

    def __call__(self) -> datetime:
        return self._stands_at or datetime.now(UTC) + self._ahead

    @property
    def stands(self) -> bool:
        """Whether it goes on only when it is moved."""
        return self._stands_at is not None

    def reset(self) -> None:
        """Takes it back to how it began."""
        self._stands_at = self._began_at
        self._ahead = timedelta()

    def stand_at(self, moment: datetime) -> None:
        """From now on it stands at this aware moment. Raises ClockError."""
        self._stands_at = _checked(moment)

    def advance(self, seconds: float) -> None:
        """Moves it forward, or back; one that runs goes on running. Raises ClockError."""
        try:
            step = timedelta(seconds=seconds)
            _checked(self() + step)
        except (OverflowError, ValueError):
            raise ClockError(f"{seconds} seconds lead out of the years 1970 to 2999") from None
        if self._stands_at is not None:
            self._stands_at += step
        else:
            self._ahead += step


def _checked(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise ClockError(f"{moment.isoformat()} is not within the years 1970 to 2999")
    return moment.astimezone(UTC)
