"""Dates and datetimes of lead fields (spec: sync-lead, section 5)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_EARLIEST = datetime(1900, 1, 2)
_LATEST = datetime(9999, 12, 30, 23, 59, 59)
"""Both in UTC: a day away from what `datetime` and databases can hold, whatever the offset."""

_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>[.,][0-9]+)?)?"
OFFSET: Final = r"(?: ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?"
"""Of a regular expression: an offset, or none."""
_DAY = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_DATETIME = re.compile(rf"{_DAY}[Tt ]{_TIME}{OFFSET}")
_DATE = re.compile(rf"{_DAY}(?:[Tt ]{_TIME})?{OFFSET}")
_SLASHED_DATE = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")

Clock = tuple[time, bool]
"""A time of day, and whether it is 24:00, the end of the day (ISO 8601)."""


def read_date(text: str) -> str:
    """`YYYY-MM-DD`, with or without a time or an offset, or `M/D/YYYY`: the day as written.

    Raises ValueError with the reason.
    """
    match = _DATE.fullmatch(text)
    slashed = match or _SLASHED_DATE.fullmatch(text)
    if slashed is None:
        raise ValueError("is not YYYY-MM-DD or M/D/YYYY")
    if match is None and is_day_first(slashed):
        raise ValueError("has the day before the month: write it as YYYY-MM-DD or M/D/YYYY")
    day = _day(slashed)
    if match is not None:
        if match["hour"] is not None:
            _time(match)
        read_offset(match["offset"])
    return day.isoformat()


def is_day_first(slashed: re.Match[str]) -> bool:
    """Whether what is called the month can only be the day."""
    return int(slashed["month"]) > 12 >= int(slashed["day"])


def read_datetime(text: str, zone: ZoneInfo) -> str:
    """An ISO 8601 date and time as `YYYY-MM-DDTHH:MM:SSZ`, without its fraction of a second.

    Without an offset it is local time of `zone`; one that is there twice or never takes the offset
    before the change. Raises ValueError with the reason.
    """
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError("is not YYYY-MM-DDTHH:MM:SS with or without an offset")
    clock = _time(match)
    return to_utc(_day(match), clock, read_offset(match["offset"]), zone)


def to_utc(day: date, clock: Clock, offset: timedelta | None, zone: ZoneInfo) -> str:
    """A canonical datetime; without an offset it is local time of `zone`. Raises ValueError with the reason."""
    try:
        local = datetime.combine(day, clock[0]) + timedelta(days=clock[1])
        if offset is None:
            # fold=0 takes the offset before the change in both cases (PEP 495).
            offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
        moment = local - offset
    except OverflowError:
        moment = datetime.min
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("is not from 1900-01-02 to 9999-12-30 in UTC")
    return f"{moment.isoformat()}Z"


def show_datetime(canonical: str, zone: ZoneInfo) -> str:
    """A canonical datetime as local time of `zone` with its offset: `2012-10-15T14:01:26-05:00`.

    In UTC where the offset has seconds, as it had before there were zones: no client reads those.
    """
    moment = datetime.fromisoformat(canonical)
    local = moment.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return (moment.astimezone(UTC) if offset.total_seconds() % 60 else local).isoformat()


def read_day(year: str, month: str, day: str) -> date:
    """A day that is in the calendar. Raises ValueError with the reason."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("is a date that does not exist") from None


def read_clock(hour: str, minute: str, second: str | None, fraction: str | None, half: str | None = None) -> Clock:
    """A time of day; `half` is `a` or `p` in any case where the hour is one of twelve. Raises ValueError."""
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if (hours, minutes, seconds) == (24, 0, 0) and not (fraction or "").strip(".,0") and half is None:
        return time(), True
    if half is not None:
        # Twelve o'clock begins the half.
        hours = (hours % 12 + 12 * (half in "Pp")) if 1 <= hours <= 12 else 24
    try:
        return time(hours, minutes, seconds), False
    except ValueError:
        raise ValueError("is a time that does not exist") from None


def read_offset(text: str | None) -> timedelta | None:
    """None where none was written. Raises ValueError with the reason."""
    if text is None:
        return None
    if text in "Zz":
        return timedelta()
    try:
        clock = time(int(text[1:3]), int(text[3:].lstrip(":") or 0))
    except ValueError:
        raise ValueError("has an offset that does not exist") from None
    offset = timedelta(hours=clock.hour, minutes=clock.minute)
    return -offset if text[0] == "-" else offset


def _day(match: re.Match[str]) -> date:
    return read_day(match["year"], match["month"], match["day"])


def _time(match: re.Match[str]) -> Clock:
    return read_clock(match["hour"], match["minute"], match["second"], match["fraction"])
