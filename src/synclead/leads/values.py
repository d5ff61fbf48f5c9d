"""Values of fields: read from text into canonical form, and shown again (spec: sync-lead, section 5)."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from synclead.leads import times
from synclead.leads.errors import InputError
from synclead.leads.fields import TEXT_LENGTH, Field, FieldType
from synclead.leads.forms import Forms, Reader
from synclead.leads.text import WHITE_SPACE, quoted

STRING_LENGTH: Final = 255
"""Most characters of a value of type string, phone, url or email whose field says nothing else."""

DECIMAL_DIGITS: Final = 30
"""Most digits of a decimal value, counted in its canonical form without a lone zero before the point."""

_MIN_INTEGER, _MAX_INTEGER = -(2**31), 2**31 - 1
_INTEGER_DIGITS = len(str(_MAX_INTEGER))
_WHOLE = r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_INTEGER = re.compile(rf"(?P<sign>[+-]?){_WHOLE}(?:\.(?P<zeros>0+))?")
_DECIMAL = re.compile(
    rf"(?P<sign>[+-]?)(?P<currency>[^0-9+,.%-])?(?P<late_sign>[+-]?){_WHOLE}?(?:(?P<point>\.)(?P<decimals>[0-9]*))?%?"
)
_THREE_ZEROS = "000"
_A_THOUSAND_OR_NOTHING = "has a point and three zeros, a thousand to some and nothing to others: write it without"
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "t", "y", "on"), "1"),
    **dict.fromkeys(("false", "0", "no", "f", "n", "off"), "0"),
}


class BadValueError(InputError):
    """A field cannot have this value. `why` says so without the value, for logs."""

    def __init__(self, field: Field, text: str, why: str) -> None:
        super().__init__(field.name, f"{field.type} {quoted(text)} {why}", why=why)


def parse_value(field: Field, text: str, zone: ZoneInfo) -> str | None:
    """The canonical form of a value; None where the text is blank, which clears the field.

    A datetime without an offset is local time of `zone`. Raises BadValueError.
    """
    trimmed = text.strip(WHITE_SPACE)
    if not trimmed:
        return None
    reader = _READERS.get(field.type)
    if reader is None:
        kept, limit = (text, TEXT_LENGTH) if field.type == "text" else (trimmed, STRING_LENGTH)
        limit = field.max_length or limit
        if len(kept) > limit:
            raise BadValueError(field, kept, f"has {len(kept)} characters, at most {limit} are allowed")
        return kept
    try:
        return reader(trimmed, zone)
    except ValueError as fault:
        raise BadValueError(field, trimmed, str(fault)) from None


def value_reader(field: Field, zone: ZoneInfo, forms: Forms) -> Callable[[str], str | None]:
    """What reads the values of a field as `parse_value` does, in the forms of a file."""
    plain = _READERS.get(field.type)
    if plain is None:
        return lambda text: parse_value(field, text, zone)
    reader = forms.reader(field.name, field.type, plain)

    def parse(text: str) -> str | None:
        trimmed = text.strip(WHITE_SPACE)
        if not trimmed:
            return None
        try:
            return reader(trimmed, zone)
        except ValueError as fault:
            raise BadValueError(field, trimmed, str(fault)) from None

    return parse


def show_value(field: Field, canonical: str, zone: ZoneInfo) -> str:
    """The text of a canonical value in answers: a datetime with the offset of `zone`, others as they are.

    `parse_value` reads it back to the same canonical value, in every zone.
    """
    return times.show_datetime(canonical, zone) if field.type == "datetime" else canonical


def _integer(text: str, zone: ZoneInfo) -> str:
    if len(text) < _INTEGER_DIGITS and text.isascii() and text.isdecimal():
        return str(int(text))  # most are no more than a few digits
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise ValueError("is not a whole number of ASCII digits")
    digits = match["whole"].replace(",", "").lstrip("0") or "0"
    if match["zeros"] == _THREE_ZEROS and "," not in match["whole"] and digits != "0":
        raise ValueError(_A_THOUSAND_OR_NOTHING)
    negative = match["sign"] == "-"
    # By length first: a number of thousands of digits is not worth converting.
    if len(digits) <= _INTEGER_DIGITS:
        number = -int(digits) if negative else int(digits)
        if _MIN_INTEGER <= number <= _MAX_INTEGER:
            return str(number)
    raise ValueError(f"is not from {_MIN_INTEGER} to {_MAX_INTEGER}")


def _decimal(text: str, zone: ZoneInfo) -> str:
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match["whole"] or match["decimals"]) or (match["sign"] and match["late_sign"]):
        raise ValueError("is not a decimal number of ASCII digits")
    if match["currency"] and unicodedata.category(match["currency"]) != "Sc":
        raise ValueError("is not a decimal number of ASCII digits")
    whole = (match["whole"] or "").replace(",", "").lstrip("0")
    decimals = (match["decimals"] or "").rstrip("0")
    if len(whole) + len(decimals) > DECIMAL_DIGITS:
        raise ValueError(f"has {len(whole) + len(decimals)} digits, at most {DECIMAL_DIGITS} are allowed")
    number = (whole or "0") + (f".{decimals}" if decimals else "")
    negative = "-" in (match["sign"], match["late_sign"]) and number != "0"
    return f"-{number}" if negative else number


def _amount(text: str, zone: ZoneInfo) -> str:
    """A decimal that is money: of up to three digits, a point and three zeros nobody knows what they are."""
    if _THREE_ZEROS in text:
        match = _DECIMAL.fullmatch(text)
        if match and match["decimals"] == _THREE_ZEROS and len(match["whole"] or "") <= 3 and match["whole"].strip("0"):
            raise ValueError(_A_THOUSAND_OR_NOTHING)
    return _decimal(text, zone)


def _boolean(text: str, zone: ZoneInfo) -> str:
    # Only ASCII: other letters can have a lower case among a to z.
    canonical = _BOOLEANS.get(text.lower()) if text.isascii() else None
    if canonical is None:
        raise ValueError(f"is none of {', '.join(_BOOLEANS)}")
    return canonical


def _date(text: str, zone: ZoneInfo) -> str:
    return times.read_date(text)


_READERS: dict[FieldType, Reader] = {
    "integer": _integer,
    "score": _integer,
    "float": _decimal,
    "currency": _amount,
    "percent": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": times.read_datetime,
}
"""Of every type that is not mere text: trimmed text to canonical form, ValueError with the reason."""
