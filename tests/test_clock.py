"""The clock of a test double."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from synclead.clock import Clock, ClockError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_clock_that_nobody_set_shows_the_machines_time() -> None:
    """It runs, and shows UTC."""
    before = datetime.now(UTC)
    shown = Clock()()
    assert before <= shown <= datetime.now(UTC)


def test_a_clock_that_stands_goes_on_when_it_is_moved() -> None:
    """To the microsecond; whatever the offset of the moment, it shows UTC."""
    clock = Clock(NOON.astimezone(timezone(timedelta(hours=9))))
    assert (clock(), clock(), clock().tzinfo, clock.stands) == (NOON, NOON, UTC, True)
    clock.advance(90.5)
    assert clock() == NOON + timedelta(seconds=90.5)
    clock.advance(-90.5)
    assert clock() == NOON


def test_a_clock_that_runs_goes_on_running_when_it_is_moved() -> None:
    """A day ahead is a day ahead of the machine's time."""
    clock = Clock()
    clock.advance(86_400)
    assert not clock.stands
    assert timedelta(0) <= clock() - datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=5)


@pytest.mark.parametrize("began_at", [None, NOON])
def test_reset_takes_it_back_to_how_it_began(began_at: datetime | None) -> None:
    """Standing at its moment, or running with the machine."""
    clock = Clock(began_at)
    clock.stand_at(NOON + timedelta(days=400))
    clock.reset()
    assert clock.stands == (began_at is not None)
    assert abs(clock() - (began_at or datetime.now(UTC))) < timedelta(minutes=1)


@pytest.mark.parametrize("seconds", [1e300, -1e11, float("inf"), float("nan")])
def test_it_does_not_leave_the_years_that_other_programs_know(seconds: float) -> None:
    """A refusal names the seconds, and moves nothing."""
    clock = Clock(NOON)
    with pytest.raises(ClockError, match="1970 to 2999"):
        clock.advance(seconds)
    with pytest.raises(ClockError, match="3000"):
        clock.stand_at(datetime(3000, 1, 1, tzinfo=UTC))
    assert clock() == NOON
