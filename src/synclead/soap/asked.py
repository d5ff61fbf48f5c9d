"""What a call asked, as XML that a person reads: every value replaced by a mark of its kind and length.

All that is done for it is bounded before it begins: of a body the first bytes alone are decoded, read and written.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lxml import etree

from synclead.soap import markup, schema, wsdl
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits
from synclead.soap.tolerances import join_surrogates, local_name
from synclead.soap.written import Show, written

MOST_BYTES = 16 * 1024
"""Of a body that are looked at."""
MOST_CHARACTERS = 16 * 1024
"""Of what is kept of one call."""

_NAMES = frozenset({"attrName"})
"""Elements whose text is the name of a field: it is by these that a program is mended."""
_FREE = frozenset({"attrValue", "value"})
"""Elements that hold anything, so that a word of the contract is no word of it there."""
_SECRETS = frozenset({"mktowsUserId", "requestSignature", "requestTimestamp", "partnerId"})
"""Elements whose values are never shown, wherever they stand."""
_NO_LIMITS = ReadLimits(elements=2**31, xml_attributes=2**31, depth=250)


def asked(
    sent: bytes, charset: str | None, *, size: int | None = None, is_whole: bool = True, show_values: bool = False
) -> str:
    """The header blocks and what stands in Body, with marks like `[text, 12 characters]` for values.

    Names of fields stay. `charset` is that of Content-Type. `sent` may be the beginning of what was read of a body,
    which is `size` bytes, and `is_whole` where that is all. With `show_values` the values in Body stay, but for
    credentials; those of header blocks never do. At most about MOST_CHARACTERS; what is cut is said, and
    `[cannot be shown: why]` stands for what cannot be read. A document that is no envelope is shown whole, and never
    with values. For a thread that ends soon: see `interned`.
    """
    size = len(sent) if size is None else size
    is_cut = not is_whole or size > len(sent) or len(sent) > MOST_BYTES
    beginning = sent[:MOST_BYTES]
    try:
        decoded = markup.start_as_utf8(beginning, charset) if is_cut else markup.as_utf8(beginning, charset)
        source = join_surrogates(decoded)
        markup.check(source, _NO_LIMITS)
        wrong = None
        try:
            root = _recovered(source) if is_cut else markup.parse(source, markup.parser(), _NO_LIMITS)
        except RequestNotUnderstoodError as error:
            wrong, root = error.message, _recovered(source)
        if root is None:
            return not_shown(wrong or f"the first {len(beginning):,} of {size:,} bytes are no XML")
    except RequestNotUnderstoodError as error:
        return not_shown(error.message)
    shown, is_all = _shown(root, _value if show_values else _mark)
    notes = [shown] if shown else []
    if is_cut or not is_all:
        notes.append(f"[cut here: {size:,} bytes were {'sent' if is_whole else 'read'}]")
    elif wrong is not None:
        notes.append(f"[not all can be shown: {wrong}]")
    elif local_name(root) == "Envelope" and not any(local_name(place) == "Body" and len(place) for place in root[:]):
        notes.append("[nothing stands in Body]")
    return "\n".join(notes)


def not_shown(why: str) -> str:
    """What stands in the place of a body of which nothing is shown."""
    return f"[cannot be shown: {why}]"


def mark(text: str) -> str:
    """What stands for a value: its kind, and its length without the white space around it."""
    bare = text.strip()
    if not bare:
        return f"[blank, {len(text)} characters]"
    kind = "number" if bare.isdigit() else "address" if "@" in bare else "text"
    return f"[{kind}, {len(bare)} character{'' if len(bare) == 1 else 's'}]"


def indented(shown: str) -> str:
    """What was shown, laid out for people; what is not well-formed as it is."""
    xml, note = shown, ""
    if shown.endswith("]"):
        xml, _, note = shown.rpartition("\n")
        note = f"\n{note}" if xml else note
    try:
        root = etree.fromstring(f"<shown>{xml}</shown>".encode(), markup.parser())
    except (etree.XMLSyntaxError, ValueError):
        return shown
    parts = []
    for part in root[:]:
        part.tail = None
        etree.indent(part)
        parts.append(etree.tostring(part, encoding="unicode"))
    return "\n".join(parts) + note


def _value(name: str, text: str) -> str:
    return mark(text) if name in _SECRETS else text


def _mark(name: str, text: str) -> str:
    if name in _NAMES:
        return text[:LONGEST_NAME]
    return text if name not in _FREE and text.strip() in _words() else mark(text)


def _hide(name: str, text: str) -> str:
    """For header blocks: whatever stands there may be a password of some other header."""
    return mark(text)


@cache
def _words() -> frozenset[str]:
    """What the contract itself names, like `SFDC`: no values of leads."""
    named = schema.read(wsdl.source()).enums.values()
    return frozenset(word for words in named for word in words) | {"true", "false"}


def _recovered(source: bytes) -> "etree._Element | None":
    """What can be read of a document that is not well-formed; None where that is nothing."""
    try:
        # libxml2 would give halves of surrogate pairs as bytes that are no text.
        return etree.fromstring(_REFERENCE.sub(_without_halves, source), markup.parser(recover=True))
    except etree.XMLSyntaxError:
        return None


_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")


def _without_halves(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] else int(found[2])
    return found[0] if not 0xD800 <= number < 0xE000 else b"[U+%04X]" % number


def _shown(root: etree._Element, show: Show) -> tuple[str, bool]:
    """The parts of a document that are shown, each from its own line on, and whether all of it is there."""
    parts, room, is_whole = list[str](), MOST_CHARACTERS, True
    for part, shown_by in _parts(root, show):
        if room <= 0:
            return "\n".join(parts), False
        text, is_part_whole = written(part, shown_by, room)
        parts.append(text)
        is_whole = is_whole and is_part_whole
        room -= len(text)
    return "\n".join(parts), is_whole


def _parts(root: etree._Element, show: Show) -> Iterator[tuple[etree._Element, Show]]:
    """What is shown, and how its values are."""
    if local_name(root) != "Envelope":
        yield root, _mark
        return
    for name, shown_by in (("Header", _hide), ("Body", show)):
        for place in root[:]:
            if local_name(place) != name:
                continue
            blocks: list[Any] = [one for one in place[:] if isinstance(one.tag, str)]
            if name == "Body":
                yield from ((one, shown_by) for one in blocks)
            elif blocks:
                yield place, shown_by
