"""Text from outside as people may see it: what acts on a terminal, or hides, stands there by its number.

A value, a name of a field or of a file, a heading, an error of a library: whoever wrote it may have put characters
into it that move the cursor, change colours, turn the order of letters round or are not seen at all. Everything that
is shown to people goes through here, once, on its way out; what is stored and what programs are given stays as it is.
"""

import re
from typing import Final

_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_CONTROLS_BUT_LAYOUT = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_CONTROLS_OUTSIDE_ASCII = r"\x7f-\x9f"
# Written out: to look at each of a million characters would take longer than a start. A test compares.
HIDDEN: Final = (
    r"\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What is not seen, as ranges of a regular expression: Unicode's categories Cf, Cs, Zl and Zp, and what it calls
Default_Ignorable: selectors of variants, tags, fillers."""
_IN_LINE = re.compile(f"[{_CONTROLS}{HIDDEN}]")
_IN_LAYOUT = re.compile(f"[{_CONTROLS_BUT_LAYOUT}{HIDDEN}]")
_IN_JSON = re.compile(f"[{_CONTROLS_OUTSIDE_ASCII}{HIDDEN}]")
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def visible(text: str) -> str:
    """One line, or a part of one, for people: every character that acts or hides as `[U+202E]`, line ends too."""
    if text.isascii() and text.isprintable():
        return text
    return _IN_LINE.sub(_marked, text)


def visible_lines(text: str) -> str:
    """Text whose line ends and tabs are ours, for people: everything else as `visible` has it."""
    return _IN_LAYOUT.sub(_marked, text)


def visible_json(written: str) -> str:
    """JSON that says the same and can be looked at: what acts or hides as `\\u202e`, beyond U+FFFF as two of them.

    `written` is whole JSON, which has such characters in its strings alone, and there none below U+0020.
    """
    if written.isascii():
        return written if "\x7f" not in written else written.replace("\x7f", "\\u007f")
    return _IN_JSON.sub(_escaped, written)


def storable(text: str) -> str:
    """The text with what no database holds marked as `visible` does: NUL, and halves of surrogate pairs."""
    return _NOT_STORABLE.sub(_marked, text)


def _marked(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"


def _escaped(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number <= 0xFFFF:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"
