"""The model's second reading of the forms of keys and of the types of values (sections 3 and 5)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo


class RefusedError(Exception):
    """The call is answered by a fault of this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = str(code)


class BadTextError(Exception):
    """A text is no value of its field's type."""


# Forms of keys (section 3)


def given(text: str | None) -> str | None:
    """A trimmed text; blank is absent."""
    return (text or "").strip() or None


def read_id(text: str | None) -> int | None:
    """ASCII digits, 1 to 2147483647."""
    if text is None:
        return None
    if re.fullmatch("[0-9]+", text) is None or not 1 <= int(text) <= 2147483647:
        raise RefusedError(20110)
    return int(text)


def check_email(text: str) -> None:
    """One @, non-empty sides, no blanks or controls, at most 255 characters."""
    sides = text.split("@")
    if len(sides) != 2 or not all(sides) or len(text) > 255 or has_controls(text) or re.search(r"\s", text):
        raise RefusedError(20110)


def email_key(text: str) -> str:
    """What two spellings of one address have in common."""
    return unicodedata.normalize("NFC", text.strip()).lower()


def has_controls(text: str) -> bool:
    """Whether a control character is in the text."""
    return any(unicodedata.category(character) == "Cc" for character in text)


def sfdc_suffix(text: str) -> str:
    """The three characters that tell the letter case of a 15-character id, five characters each."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return "".join(letters[sum(1 << place for place, one in enumerate(chunk) if "A" <= one <= "Z")] for chunk in chunks)


# Values (section 5)


def canonical(kind: str, text: str, zone: ZoneInfo) -> str | None:
    """A value as it is kept, None where it is blank."""
    trimmed = text.strip()
    if not trimmed:
        return None
    if kind == "text":
        return text
    if kind in ("string", "phone", "url", "email"):
        if len(trimmed) > 255:
            raise BadTextError
        return trimmed
    if kind in ("integer", "score"):
        number = read_number(trimmed)
        if number and re.fullmatch(r"[+-]?[0-9]+\.000", trimmed):
            raise BadTextError
        if number != int(number) or not -(2**31) <= number < 2**31:
            raise BadTextError
        return str(int(number))
    if kind in ("float", "currency", "percent"):
        if kind == "percent":
            trimmed = trimmed.removesuffix("%").rstrip()
        if kind == "currency":
            trimmed = re.sub(r"^([+-]?)[$€]([+-]?)", r"\1\2", trimmed)
            if re.fullmatch(r"[+-]?[0-9]{1,3}\.000", trimmed) and read_number(trimmed):
                raise BadTextError
        return format(read_number(trimmed).normalize() + 0, "f")
    return {"boolean": canonical_boolean, "date": canonical_date}.get(kind, lambda one: canonical_datetime(one, zone))(
        trimmed
    )


def read_number(text: str) -> Decimal:
    """A decimal with optional sign and groups of three."""
    if re.fullmatch(r"[+-]?(([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?|\.[0-9]+)", text) is None:
        raise BadTextError
    return Decimal(text.replace(",", ""))


def canonical_boolean(text: str) -> str:
    """1 or 0."""
    if text.lower() in ("true", "1", "yes", "t", "y", "on"):
        return "1"
    if text.lower() in ("false", "0", "no", "f", "n", "off"):
        return "0"
    raise BadTextError


def canonical_date(text: str) -> str:
    """The date as written."""
    iso = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)([T ]\d\d:\d\d.*)?", text)
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    try:
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3])).isoformat()
        if american:
            return date(int(american[3]), int(american[1]), int(american[2])).isoformat()
    except ValueError:
        pass
    raise BadTextError


def canonical_datetime(text: str, zone: ZoneInfo) -> str:
    """The moment in UTC, whole seconds; without an offset the text is local time of the zone."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", text) is None:
        raise BadTextError
    try:
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text))
    except ValueError:
        raise BadTextError from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(kind: str, value: str, zone: ZoneInfo) -> str:
    """A kept value as answers show it."""
    if kind != "datetime":
        return value
    return datetime.fromisoformat(value).astimezone(zone).isoformat()
