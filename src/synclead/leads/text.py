"""What text is to the rules: white space, blankness, names without regard to case, values in messages."""

import re
import unicodedata
from typing import Final

from synclead.visible import HIDDEN

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Every character with the Unicode property White_Space (PropList.txt).

`str.strip()` without an argument would also take U+001C to U+001F, which do not have the property.
"""

UNSEEN: Final = HIDDEN + "\u2800\U0001d159"
"""What is not seen, as ranges of a regular expression: also the two signs whose picture is empty, a pattern of Braille
without dots and a note without a head."""
_IS_UNSEEN = re.compile(f"[{UNSEEN}]")
_AROUND = re.compile(f"[{WHITE_SPACE}{UNSEEN}]*")

_SHOWN_LENGTH = 40


def trim(text: str) -> str:
    """The text without white space at its ends."""
    return text.strip(WHITE_SPACE)


def trim_key(text: str, behind: str = "") -> str:
    """A key without white space and characters that are not seen at its ends: copying brings those along.

    `behind` are characters that go at its end, too.
    """
    trimmed = text.strip(WHITE_SPACE)
    if trimmed.isascii():
        return trimmed.rstrip(WHITE_SPACE + behind) if behind else trimmed
    ending = re.compile(f"[{WHITE_SPACE}{UNSEEN}{re.escape(behind)}]*") if behind else _AROUND
    # From behind the text is read backwards, since a pattern before `$` would be tried at every place.
    return _without(ending, _without(_AROUND, trimmed)[::-1])[::-1]


def unseen_in(text: str) -> str | None:
    """The first character that is not seen, as `U+200B`; None where there is none."""
    found = None if text.isascii() else _IS_UNSEEN.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def _without(beginning: re.Pattern[str], text: str) -> str:
    found = beginning.match(text)
    return text[found.end() :] if found else text


def is_blank(text: str | None) -> bool:
    """Whether a text is absent, empty or only white space."""
    return text is None or not text.strip(WHITE_SPACE)


def has_control(text: str) -> bool:
    """Whether a text has a control character (Unicode category Cc)."""
    return not text.isprintable() and any(unicodedata.category(c) == "Cc" for c in text)


def fold(text: str) -> str:
    """The form in which names and condition texts are compared: without regard to case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def quoted(text: str) -> str:
    """A value for a message: in quotes, control characters escaped, cut where it is long."""
    if len(text) <= _SHOWN_LENGTH:
        return repr(text)
    return repr(text[:_SHOWN_LENGTH] + "…")
