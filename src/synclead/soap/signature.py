"""The signature of a request and the timestamp that it is made over."""

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_DUMMY_KEY = b"no user bears this key"
_KEYS_A_USER = 2

_TIMESTAMP = re.compile(
    r"""(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)
        (?:[Tt]|[ ]+)
        (?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,30}))?)?
        [ ]*(?:(?P<zero>[Zz]|UTC|GMT)|(?P<sign>[+-])(?P<offset_hours>\d\d):?(?P<offset_minutes>\d\d)?)?""",
    re.VERBOSE | re.ASCII,
)
_USUAL_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-][01]\d:[0-5]\d)",
    re.ASCII,
)
"""What nearly every client sends, and `datetime.fromisoformat` understands as we do; that reads other forms too.

Hour 24 is one of those from Python 3.14 on.
"""


def sign(key: bytes, timestamp: str, user_id: str) -> str:
    """Lower-case hex of HMAC-SHA1 over the timestamp, directly followed by the user id."""
    return _digest(key, timestamp, user_id).hex()


def matches(keys: Sequence[bytes], signature: str, timestamp: str, user_id: str) -> bool:
    """Whether the signature was made with one of the keys, over the timestamp as sent or trimmed.

    Takes the same time for no key, one and two, so that nobody can tell an unknown user from a
    known one. Hex is accepted in either case (spec: sync-lead, section 2).
    """
    claimed = _hex_bytes(signature)
    tried = [*keys, *[_DUMMY_KEY] * (_KEYS_A_USER - len(keys))]
    texts = dict.fromkeys((timestamp, timestamp.strip()))
    found = False
    for position, key in enumerate(tried):
        for text in texts:
            same = hmac.compare_digest(_digest(key, text, user_id), claimed)
            found |= same and position < len(keys)
    return found


def parse_timestamp(text: str) -> datetime | None:
    """The moment that a timestamp names, in UTC or with its offset; None when it names none.

    Reads the W3C and ISO 8601 forms of the published samples, and Ruby's `2015-07-14 09:00:09 +0900`
    and `… UTC`. Without a zone it is UTC.
    """
    text = text.strip()
    if _USUAL_TIMESTAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:  # no such day
            return None
    return _parse_any(text)


def _parse_any(text: str) -> datetime | None:
    """See parse_timestamp: every form."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    zone = UTC if part["sign"] is None else _offset(part["sign"], part["offset_hours"], part["offset_minutes"])
    if zone is None:
        return None
    # A leap second is the last second of its minute: a tolerance of minutes cannot tell them apart.
    second = int(part["second"] or 0)
    second = 59 if second == 60 else second
    microsecond = int((part["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return datetime(
            int(part["year"]),
            int(part["month"]),
            int(part["day"]),
            int(part["hour"]),
            int(part["minute"]),
            second,
            microsecond,
            tzinfo=zone,
        )
    except ValueError:
        return None


def _digest(key: bytes, timestamp: str, user_id: str) -> bytes:
    digest = _keyed(key).copy()
    digest.update((timestamp + user_id).encode())
    return digest.digest()


@lru_cache(maxsize=4096)
def _keyed(key: bytes) -> hmac.HMAC:
    """The beginning of every signature by a key. To begin anew took a call a twelfth of its time."""
    return hmac.new(key, digestmod="sha1")


def _hex_bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return b""


def _offset(sign: str, hours: str, minutes: str | None) -> timezone | None:
    if int(hours) > 23 or int(minutes or 0) > 59:
        return None
    size = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-size if sign == "-" else size)
