"""The forms of keys: what a lead can be named by, read from text (spec: sync-lead, section 3)."""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from synclead.leads.errors import InputError
from synclead.leads.lead import Email, ForeignId
from synclead.leads.text import UNSEEN, WHITE_SPACE, has_control, quoted, trim, trim_key, unseen_in

MAX_LEAD_ID: Final = 2_147_483_647
"""Lead Ids are positive 32-bit numbers."""

MAX_KEY_LENGTH: Final = 255
"""Most characters of an Email or a foreign id, after trimming."""

FOREIGN_TYPES: Final = ("CUSTOM", "SFDC", "NETSUITE")
"""The systems a foreign id can come from."""

_DIGITS = re.compile(r"0*([0-9]{1,10})")
_BLANK = re.compile(f"[{WHITE_SPACE}]")
_LINK = re.compile(f"(?:mailto:[{WHITE_SPACE}{UNSEEN}]*)+", re.IGNORECASE)
_DOTS = ".\u3002\uff0e\uff61"
"""The full stop, and what stands for it in a domain (IDNA)."""
_BEFORE = frozenset("<>(),;:[")
_BEHIND = frozenset("<>(),;:'\"")
"""What lists, sentences and headers of letters put around an address, and what no address begins or ends with."""
_SFDC_SHORT = re.compile(r"[A-Za-z0-9]{15}")
_SFDC_LONG = re.compile(r"[A-Za-z0-9]{18}")
_SFDC_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_COOKIE_START = "_mch-"
_TOKEN = re.compile(_COOKIE_START + r"[A-Za-z0-9._-]{3,240}")
_NOT_OF_TOKEN = re.compile(r"[^A-Za-z0-9._-]")
_ENCODED = re.compile(r"%(?:3A|26|25)", re.IGNORECASE)
_COOKIE_NAME = re.compile(r"_mkto_trk\s*=", re.IGNORECASE)
_AROUND_COOKIE = WHITE_SPACE + "\"'"
_MASKED_AFTER = 12


def parse_lead_id(text: str) -> int:
    """A lead Id. Raises InputError."""
    match = _DIGITS.fullmatch(trim_key(text))
    number = int(match[1]) if match else 0
    if not 1 <= number <= MAX_LEAD_ID:
        raise _bad("Id", quoted(trim(text)), f"is not a whole number of ASCII digits from 1 to {MAX_LEAD_ID}")
    return number


def parse_email(text: str, name: str = "Email") -> Email:
    """An address, bare, with the key it is matched by.

    `name` is the place that the fault names. Raises InputError.
    """
    address = bare_address(text)
    why = email_fault(address)
    if why is not None:
        raise _bad(name, quoted(address or trim(text)), why)
    return Email(address, email_key(address))


def bare_address(text: str) -> str:
    """An address without what is no part of it: what `trim_key` takes away, `mailto:` before it, dots behind it."""
    address = trim_key(text)
    if address[6:7] == ":" and (link := _LINK.match(address)):
        address = address[link.end() :]
    return trim_key(address, behind=_DOTS) if address.endswith(tuple(_DOTS)) else address


def email_fault(address: str) -> str | None:
    """Why a bare address is none, without its text; None where it is one."""
    if len(address) > MAX_KEY_LENGTH:
        return f"has {len(address)} characters, at most {MAX_KEY_LENGTH} are allowed"
    # Of what is printable only the blank itself is white space.
    if " " in address or (not address.isprintable() and _BLANK.search(address)):
        return "has a blank in it"
    if has_control(address):
        return "has a control character in it"
    unseen = unseen_in(address)
    if unseen is not None:
        return f"has {unseen} in it, which is not seen"
    local, at, domain = address.partition("@")
    if not (local and at and domain) or "@" in domain:
        return "is not one @ with text on both sides"
    if local[0] in _BEFORE or domain[-1] in _BEHIND:
        return f"has {local[0] if local[0] in _BEFORE else domain[-1]} around it: give the address alone"
    if "?" in domain:
        return "has ? in its domain: give the address alone"
    return None


def email_key(text: str) -> str:
    """The text by which addresses are matched, byte for byte; the key of a key is itself.

    Lower-casing can leave a text that NFC would compose, so it is normalised again.
    """
    key = trim_key(text)
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).lower())


def parse_foreign_type(text: str | None) -> str:
    """CUSTOM, SFDC or NETSUITE, from any letter case; absent or blank is CUSTOM. Raises InputError."""
    name = trim_key(text or "")
    if not name:
        return "CUSTOM"
    # Only ASCII: other letters can have an upper case among A to Z.
    if not name.isascii() or name.upper() not in FOREIGN_TYPES:
        raise _bad("ForeignSysType", quoted(name), f"is none of {', '.join(FOREIGN_TYPES)}")
    return name.upper()


def parse_foreign_id(type: str, text: str) -> ForeignId:
    """An id in the system `type`, trimmed, in the form it is compared in. Raises InputError."""
    id = trim_key(text)
    if not 1 <= len(id) <= MAX_KEY_LENGTH:
        why = f"has {len(id)} characters, 1 to {MAX_KEY_LENGTH} are allowed"
        raise _bad("ForeignSysPersonId", quoted(id or trim(text)), why)
    if has_control(id):
        raise _bad("ForeignSysPersonId", quoted(id), "has a control character in it")
    unseen = unseen_in(id)
    if unseen is not None:
        raise _bad("ForeignSysPersonId", quoted(id), f"has {unseen} in it, which is not seen")
    return ForeignId(type, _sfdc_id(id) if type == "SFDC" else id)


def _sfdc_id(id: str) -> str:
    """An SFDC id in its 18-character form.

    The three last characters tell which of the first fifteen are upper case. Their own case carries
    nothing, so they are written upper case. Not documented: a long id whose last three are not those
    of its first fifteen stays as it is, and so does a text that is no such id at all.
    """
    if _SFDC_SHORT.fullmatch(id):
        return id + _sfdc_suffix(id)
    if _SFDC_LONG.fullmatch(id) and id[15:].upper() == _sfdc_suffix(id[:15]):
        return id[:15] + id[15:].upper()
    return id


def _sfdc_suffix(id: str) -> str:
    """One letter for five characters: bit n of its number is set where character n is upper case."""
    return "".join(
        _SFDC_ALPHABET[sum(1 << bit for bit, character in enumerate(id[start : start + 5]) if character.isupper())]
        for start in (0, 5, 10)
    )


def parse_cookie(text: str, accounts: frozenset[str]) -> str:
    """The token of a Munchkin cookie in any of its spellings (spec: munchkin, section 9).

    `accounts` are the accounts whose cookies count, upper-cased; a cookie that names none counts.
    Raises InputError, whose message never has the whole token.
    """
    cookie = _decoded(text)
    if _TOKEN.fullmatch(cookie):
        return cookie
    pairs = _pairs(cookie)
    account, token = pairs.get("id", ""), pairs.get("token")
    if token is None:
        raise _bad("marketoCookie", masked(cookie), "is not id:ACCOUNT&token:TOKEN or a token")
    if account and account.upper() not in accounts:
        raise _bad("marketoCookie", quoted(account[:_MASKED_AFTER]), "is not an account of this subscription")
    if not _TOKEN.fullmatch(token):
        raise _bad("marketoCookie", masked(token), f"is not a token: {_token_fault(token)}")
    return token


def _token_fault(token: str) -> str:
    """What is wrong with a token, without a part of it but the character that it may not have."""
    if not token.startswith(_COOKIE_START):
        return f"it does not begin with {_COOKIE_START}"
    rest = token[len(_COOKIE_START) :]
    if (wrong := _NOT_OF_TOKEN.search(rest)) is not None:
        place = len(_COOKIE_START) + wrong.start() + 1
        return f"character {place} is U+{ord(wrong[0]):04X}; behind _mch- stand A-Z a-z 0-9 . _ - alone"
    return f"behind _mch- stand {len(rest)} characters, and there are 3 to 240"


def _bad(name: str, shown: str, why: str) -> InputError:
    return InputError(name, f"{shown} {why}", why=why)


def masked(token: str) -> str:
    """A token for messages and logs: at most its first twelve characters, never all of it."""
    return quoted(token[: min(_MASKED_AFTER, len(token) // 2)] + "…")


def _decoded(text: str) -> str:
    """The cookie as it is stored: percent-encoding undone at most twice, and what slips leave around it."""
    cookie = _bare(text)
    for _ in range(2):
        if not _ENCODED.search(cookie):
            break
        cookie = _bare(unquote(cookie))
    return cookie


def _bare(text: str) -> str:
    """Without blanks, what is not seen, quotes and the cookie's name before it, and with `&amp;` undone."""
    cookie = trim_key(text.strip(_AROUND_COOKIE)).strip(_AROUND_COOKIE)
    name = _COOKIE_NAME.match(cookie)
    if name:
        cookie = trim_key(cookie[name.end() :].strip(_AROUND_COOKIE)).strip(_AROUND_COOKIE)
    return cookie.replace("&amp;", "&")


def _pairs(cookie: str) -> dict[str, str]:
    """The cookie's values by name; the first of a name counts. Names and values may be joined by `=`."""
    pairs: dict[str, str] = {}
    for part in cookie.split("&"):
        match = re.match(r"([^:=]*)[:=](.*)", part, re.DOTALL)
        if match:
            pairs.setdefault(trim_key(match[1]).lower(), trim_key(match[2]))
    return pairs
