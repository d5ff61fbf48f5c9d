"""Dates and datetimes of lead fields (spec: sync-lead, section 5)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_EARLIEST = datetime(1900, 1, 2)
_LATEST = datetime(9999, 12, 30, 23, 59, 59)
"""Both in UTC: a day away from what `datetime` and databases can hold, whatever the offset."""

_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>[.,][0-9]+)?)?"
_OFFSET = r"(?: ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_DAY = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_DATETIME = re.compile(rf"{_DAY}[Tt ]{_TIME}{_OFFSET}")
_DATE = re.compile(rf"{_DAY}(?:[Tt ]{_TIME})?{_OFFSET}")
_SLASHED_DATE = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")


def read_date(text: str) -> str:
    """`YYYY-MM-DD`, with or without a time or an offset, or `M/D/YYYY`: the day as written.

    Raises ValueError with the reason.
    """
    match = _DATE.fullmatch(text)
    slashed = match or _SLASHED_DATE.fullmatch(text)
    if slashed is None:
        raise ValueError("is not YYYY-MM-DD or M/D/YYYY")
    day = _day(slashed)
    if match is not None:
        if match["hour"] is not None:
            _time(match)
        _offset(match["offset"])
    return day.isoformat()


def read_datetime(text: str, zone: ZoneInfo) -> str:
    """An ISO 8601 date and time as `YYYY-MM-DDTHH:MM:SSZ`, without its fraction of a second.

    Without an offset it is local time of `zone`; one that is there twice or never takes the offset
    before the change. Raises ValueError with the reason.
    """
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError("is not YYYY-MM-DDTHH:MM:SS with or without an offset")
    clock, next_day = _time(match)
    try:
        local = datetime.combine(_day(match), clock) + timedelta(days=next_day)
        offset = _offset(match["offset"])
        if offset is None:
            # fold=0 takes the offset before the change in both cases (PEP 495).
            offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
        moment = local - offset
    except OverflowError:
        moment = datetime.min
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("is not from 1900-01-02 to 9999-12-30 in UTC")
    return f"{moment.isoformat()}Z"


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The same as a moment in UTC that keeps its microseconds; what is finer is cut. Raises ValueError."""
    moment = datetime.fromisoformat(read_datetime(text, zone))
    match = _DATETIME.fullmatch(text)
    fraction = (match["fraction"] or "") if match else ""
    return moment.replace(microsecond=int(fraction[1:7].ljust(6, "0")))


def show_datetime(canonical: str, zone: ZoneInfo) -> str:
    """A canonical datetime as local time of `zone` with its offset: `2012-10-15T14:01:26-05:00`.

    In UTC where the offset has seconds, as it had before there were zones: no client reads those.
    """
    moment = datetime.fromisoformat(canonical)
    local = moment.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return (moment.astimezone(UTC) if offset.total_seconds() % 60 else local).isoformat()


def _day(match: re.Match[str]) -> date:
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise ValueError("is a date that does not exist") from None


def _time(match: re.Match[str]) -> tuple[time, bool]:
    """The time of day, and whether it is 24:00, the end of the day (ISO 8601)."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if (hour, minute, second) == (24, 0, 0) and not (match["fraction"] or "").strip(".,0"):
        return time(), True
    try:
        return time(hour, minute, second), False
    except ValueError:
        raise ValueError("is a time that does not exist") from None


def _offset(text: str | None) -> timedelta | None:
    """None where none was written."""
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
