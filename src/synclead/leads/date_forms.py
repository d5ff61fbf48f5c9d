"""How dates and times of a file may be written: as spreadsheets write them, or as somebody says they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from synclead.leads.times import OFFSET, Clock, is_day_first, read_clock, read_day, read_offset, to_utc

_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
"""What stands for a blank: programs put U+202F before AM and PM."""
_HALF = r"(?P<half>[AaPp])\.?[Mm]\.?"
_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>[.,][0-9]+)?)?"
    rf"(?: ?{_HALF})?"
)
_TAIL = rf"(?:(?:[Tt]|,? +){_TIME})?{OFFSET}"
"""A time may follow a date, and an offset."""
_YEAR_FIRST = re.compile(rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}}){_TAIL}")
_SLASHED = re.compile(rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/(?P<year>[0-9]{{4}}){_TAIL}")

WORDS: Final = ("dmy", "mdy", "ymd")
"""Orders of day, month and year: parted by `/`, `.` or `-`, the year of four digits."""
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_MONTH_NAME = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS).replace("sep(", "sept?(")
DIRECTIVES: Final = {
    "d": r"(?P<day>[0-9]{1,2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "b": rf"(?P<name>{_MONTH_NAME})\.?",
    "B": rf"(?P<name>{_MONTH_NAME})\.?",
    "Y": r"(?P<year>[0-9]{4})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "I": r"(?P<hour>[0-9]{1,2})",
    "M": r"(?P<minute>[0-9]{2})",
    "S": r"(?P<second>[0-9]{2})",
    "f": r"(?P<fraction>[0-9]+)",
    "p": _HALF,
    "z": r"(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
"""What a format may name, and its expression."""
_TOKEN = re.compile(r"%(.?)|( +)|([^% ]+)", re.DOTALL)
_MIDNIGHT: Clock = (time(), False)


@dataclass(frozen=True, slots=True)
class DateForm:
    """One way of writing a date, with or without a time. Made by `read_date_form`."""

    name: str
    """As it was chosen."""
    pattern: re.Pattern[str]
    begins_with_year: bool = False


def read_date_form(text: str) -> DateForm:
    """One of `WORDS`, or a format such as `%d.%m.%Y %H:%M`. Raises ValueError with the reason."""
    word = text.lower()
    if word in WORDS:
        parts = {"d": r"(?P<day>[0-9]{1,2})", "m": r"(?P<month>[0-9]{1,2})", "y": r"(?P<year>[0-9]{4})"}
        first, second, third = (parts[letter] for letter in word)
        return DateForm(word, re.compile(rf"{first}(?P<sign>[-/.]){second}(?P=sign){third}{_TAIL}"), word == "ymd")
    pattern, used = _pattern(text)
    for wanted, why in (("d", "day, %d"), ("mbB", "month, %m or %b"), ("Y", "year of four digits, %Y")):
        if sum(used.count(one) for one in wanted) != 1:
            raise ValueError(f"must name one {why}")
    times = [one for one in used if one in "HIMSfp"]
    if times and not (("H" in times) != ("I" in times) and "M" in times and ("I" in times) == ("p" in times)):
        raise ValueError("must name the time by %H and %M, or by %I, %M and %p")
    if len(set(used)) < len(used) or ("f" in used and "S" not in used):
        raise ValueError("names a part twice, or a fraction without its second")
    return DateForm(
        text, re.compile(pattern if times or "z" in used else pattern + _TAIL, re.IGNORECASE), used[0] == "Y"
    )


def _pattern(text: str) -> tuple[str, str]:
    """The expression of a format, and the letters of its directives in their order."""
    pattern, used = "", ""
    for token in _TOKEN.finditer(text.translate(_BLANKS)):
        letter, blanks, literal = token.groups()
        if letter is not None and letter not in DIRECTIVES:
            raise ValueError(f"has %{letter}, which is none of %{' %'.join(DIRECTIVES)}")
        pattern += DIRECTIVES[letter] if letter else " +" if blanks else re.escape(literal)
        used += "" if letter in (None, "%") else letter
    return pattern, used


class DateReader:
    """Reads dates and datetimes in some forms; ISO 8601 is understood beside any that begins otherwise."""

    def __init__(self, forms: Sequence[DateForm], *, is_uncertain: bool = False) -> None:
        """Without forms `M/D/YYYY` is read too. `is_uncertain`: where it could be `D/M/YYYY` it is refused."""
        self._is_uncertain = is_uncertain
        self._patterns = [form.pattern for form in forms] or [_YEAR_FIRST, _SLASHED]
        if forms and not any(form.begins_with_year for form in forms):
            self._patterns.append(_YEAR_FIRST)
        named = ", ".join(form.name for form in forms)
        self._reason = (
            f"is not written as --date-format says, {named}"
            if forms
            else "is not YYYY-MM-DD or M/D/YYYY, with or without a time: say how dates are written with --date-format"
        )

    def day(self, text: str, zone: ZoneInfo) -> str:
        """The day as written; a time and an offset do not matter. Raises ValueError with the reason."""
        return self._parts(text)[0].isoformat()

    def moment(self, text: str, zone: ZoneInfo) -> str:
        """A canonical datetime; a date alone is its midnight. Raises ValueError with the reason."""
        day, clock, offset, _ = self._parts(text)
        return to_utc(day, clock, offset, zone)

    def exact_moment(self, text: str, zone: ZoneInfo) -> datetime:
        """The same as a moment in UTC with its microseconds; what is finer is cut. Raises ValueError."""
        day, clock, offset, fraction = self._parts(text)
        moment = datetime.fromisoformat(to_utc(day, clock, offset, zone))
        return moment.replace(microsecond=int(fraction.lstrip(".,")[:6].ljust(6, "0")))

    def _parts(self, text: str) -> tuple[date, Clock, timedelta | None, str]:
        if not text.isascii():
            text = text.translate(_BLANKS)
        for pattern in self._patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                break
        else:
            raise ValueError(self._reason)
        parts = match.groupdict()
        if match.re is _SLASHED:
            self._check_order(match)
        name = parts.get("name")
        month = str(1 + _month(name)) if name else parts["month"]
        day = read_day(parts["year"], month, parts["day"])
        clock = _MIDNIGHT
        if parts.get("hour") is not None:
            seconds, fraction = parts.get("second"), parts.get("fraction")
            clock = read_clock(parts["hour"], parts["minute"], seconds, fraction, parts.get("half"))
        return day, clock, read_offset(parts.get("offset")), parts.get("fraction") or ""

    def _check_order(self, match: re.Match[str]) -> None:
        if is_day_first(match):
            raise ValueError("has the day before the month: say so with --date-format dmy")
        if self._is_uncertain and int(match["day"]) <= 12 and int(match["day"]) != int(match["month"]):
            raise ValueError(
                "may have the day before the month, as other cells of its column do: say --date-format dmy, or mdy"
            )


def day_comes_first(text: str) -> bool | None:
    """Of a date with slashes: whether the day must come first; None where text is none, or the order is plain or equal.

    False is a date that could be read in either order, as two days.
    """
    match = _SLASHED.fullmatch(text if text.isascii() else text.translate(_BLANKS))
    if match is None:
        return None
    month, day = int(match["month"]), int(match["day"])
    if is_day_first(match):
        return True
    return None if day > 12 or day == month else False


def _month(name: str) -> int:
    return next(place for place, month in enumerate(_MONTHS) if month.startswith(name[:3].lower()))
