"""How the values of a file are written, where they may be written otherwise than those of a call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from synclead.leads.field_types import FieldType

if TYPE_CHECKING:  # their expressions are made where a file is read: a server needs none
    from synclead.leads.date_forms import DateForm, DateReader

Reader = Callable[[str, ZoneInfo], str]
"""Trimmed text to canonical form; ValueError with the reason."""

_NUMBERS = frozenset({"integer", "score", "float", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Forms:
    """What a person said of a file, and what was seen in it."""

    decimal_comma: bool = False
    """Whether `1.234,50` is a number, and `1,234.50` none."""
    dates: "tuple[DateForm, ...]" = ()
    """How dates are written; none: `YYYY-MM-DD` and `M/D/YYYY`."""
    day_first: frozenset[str] = frozenset()
    """Names of fields under which some date has its day first, so that another one may have it, too."""

    def reader(self, name: str, type: FieldType, plain: Reader) -> Reader:
        """What reads the values of a field; `plain` reads them as a call writes them."""
        if type in _NUMBERS:
            return _comma_reader(plain) if self.decimal_comma else _point_reader(plain)
        if type == "date":
            return self._dates(name).day
        return self._dates(name).moment if type == "datetime" else plain

    def moment(self, name: str, text: str, zone: ZoneInfo) -> datetime:
        """A moment that a file gives of a lead, in UTC, to the microsecond. Raises ValueError with the reason."""
        return self._dates(name).exact_moment(text, zone)

    def _dates(self, name: str) -> "DateReader":
        return _date_reader(self.dates, name in self.day_first)


USUAL: Final = Forms()
"""Where nobody said anything."""


@lru_cache(maxsize=16)
def _date_reader(forms: "tuple[DateForm, ...]", is_uncertain: bool) -> "DateReader":
    from synclead.leads.date_forms import DateReader

    return DateReader(forms, is_uncertain=is_uncertain)


def _point_reader(plain: Reader) -> Reader:
    def read(text: str, zone: ZoneInfo) -> str:
        try:
            return plain(text, zone)
        except ValueError as fault:
            if _is_number_with_comma(plain, text, zone):
                advice = (
                    "where the comma is the decimal sign, and points or blanks part groups, say so with --decimal-comma"
                )
                raise ValueError(f"{fault}; {advice}") from None
            raise

    return read


def _comma_reader(plain: Reader) -> Reader:
    from synclead.leads.number_forms import with_point

    def read(text: str, zone: ZoneInfo) -> str:
        pointed = with_point(text)
        try:
            return plain(pointed, zone)
        except ValueError as fault:
            raise ValueError(str(fault).replace("has a point", "has a comma")) from None

    return read


def _is_number_with_comma(plain: Reader, text: str, zone: ZoneInfo) -> bool:
    from synclead.leads.number_forms import with_point

    try:
        plain(with_point(text), zone)
    except ValueError:
        return False
    return True
