"""From bytes to an element tree, within limits: encodings, DOCTYPE, depth and number of elements."""

import codecs
import re
from encodings.aliases import aliases
from functools import cache, lru_cache

from lxml import etree

from synclead.soap import causes, scan
from synclead.soap.causes import Cause
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits

_MARKS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
    (b"<\0", "utf_16_le"),
    (b"\0<", "utf_16_be"),
)
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([^"'>]{1,100})["']""")
_DECLARATION = 400
"""Bytes in which one ends, but for blanks without end."""
# Python's names. All that a declaration may name; others, UTF-7 for one, hide markup in plain text.
_ENCODINGS = frozenset(
    [
        *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "ascii", "latin_1"),
        *("koi8_r", "koi8_u", "mac_roman", "cp437", "cp850", "cp852", "cp858", "tis_620"),
        *("cp932", "shift_jis", "euc_jp", "cp949", "euc_kr", "gb2312", "gbk", "gb18030", "big5"),
        *(f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))),
        *(f"cp125{page}" for page in range(9)),
    ]
)

# What may stand before the root element.
_PROLOG = re.compile(rb"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
# A start tag, quoted values and all. Possessive: nothing is ever tried twice.
_TAG = re.compile(rb"""<(?:[^>"']++|"[^"]*+"|'[^']*+')*+>?""")
_ATTRIBUTE = re.compile(rb"""=\s*+(?:"[^"]*+"|'[^']*+')""")
_SLICE = 256 * 1024
"""Bytes that are decoded at once."""


def parser(*, recover: bool = False) -> etree.XMLParser[etree._Element]:
    """A parser without entities, DTDs and network, for documents in UTF-8.

    Comments and instructions are dropped and the text around them is one. Whatever the declaration
    says, the text is UTF-8 by now. Without huge_tree libxml2 stops at depth 256, above our own limit.
    With `recover` it reads what it can of a document that is not well-formed, and gives None where that is nothing.
    """
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
        huge_tree=False,
        recover=recover,
    )


def as_text(body: bytes, charset: str | None) -> str:
    """A document as text, without a byte order mark.

    What decides the encoding, in this order: the byte order mark, the XML declaration, `charset`,
    UTF-8 (spec: sync-lead, section 1). Where declaration and `charset` differ, bytes beyond ASCII that are valid UTF-8
    are UTF-8. Raises RequestNotUnderstoodError for an unknown encoding and
    for bytes that are none of it.
    """
    return _decoded(body, encoding_of(body, charset)).removeprefix("\ufeff")


def as_utf8(body: bytes, charset: str | None) -> bytes:
    """See as_text. Also where it is UTF-8 already: libxml2's versions differ in what they let through."""
    return as_text(body, charset).encode()


def start_as_utf8(start: bytes, charset: str | None) -> bytes:
    """See as_utf8: of the beginning of a document, which may end within a character."""
    encoding = encoding_of(start, charset)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError as error:
        raise _not_valid(start, encoding, error.start) from None
    return text.removeprefix("\ufeff").encode()


def check(source: bytes, limits: ReadLimits) -> None:
    """Looks at a document in UTF-8, or its beginning, before anything is built of it.

    Raises RequestNotUnderstoodError for a DOCTYPE, and for more elements or attributes of elements than the limits.
    """
    # Most requests need no closer look: they have no exclamation mark, and fewer bytes than they might have elements.
    if scan.find(source, b"!") >= 0 and _has_doctype(source):
        raise RequestNotUnderstoodError("A DOCTYPE is not accepted", cause=Cause.DOCTYPE)
    size = len(source)
    if size > limits.elements < scan.count(source, b"<") and _elements(source) > limits.elements:
        message = f"The request has more than {limits.elements:,} elements"
        raise RequestNotUnderstoodError(message, cause=Cause.TOO_LARGE)
    most = limits.xml_attributes
    if size > most < scan.count(source, b"=") and _has_more_attributes(source, most):
        message = f"The elements of the request have more than {most:,} attributes"
        raise RequestNotUnderstoodError(message, cause=Cause.TOO_LARGE)


def parse(source: bytes, parser: etree.XMLParser[etree._Element], limits: ReadLimits) -> etree._Element:
    """The root element of a checked document, by a parser made with `parser`.

    Raises RequestNotUnderstoodError for what is not XML or is deeper than the limit.
    """
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, source, limits) from None
    if scan.count(source, b"<") > 2 * limits.depth and _deeper_than(limits.depth)(root):
        raise RequestNotUnderstoodError(_too_deep(limits), cause=Cause.TOO_LARGE)
    return root


def encoding_of(body: bytes, charset: str | None) -> str:
    """Python's name of the encoding of a document, by its beginning. Raises RequestNotUnderstoodError."""
    if not body.startswith(b"<") or body.startswith(b"<\0"):
        for mark, encoding in _MARKS:
            if body.startswith(mark):
                return encoding
    # A declaration ends with the first `>`, and a client has one: what it says is remembered.
    end = body.find(b">", 0, _DECLARATION)
    encoding, is_sure = _named(body, charset) if end < 0 else _named_at_the_start(body[:end], charset)
    # Programs declare what their template says, and send what their HTTP library names: the bytes decide.
    return encoding if is_sure or not _is_utf8(body) else "utf_8"


def _named(start: bytes, charset: str | None) -> tuple[str, bool]:
    """What the declaration at the start of a document names, else `charset`, else UTF-8; and whether it is sure.

    It is not where the two name different encodings, and UTF-8 is not the one that counts.
    """
    declared = _DECLARED.match(start)
    other = (charset or "").strip(" \"'")
    if declared is not None:
        name = declared[1].decode("latin-1")
        # .NET's StringWriter declares UTF-16 and then sends bytes: what could be read so far is not that.
        if not _known(name).startswith(("utf_16", "utf_32")):
            encoding = _checked(name)
            return encoding, not other or encoding in ("utf_8", _known(other))
    if other:
        encoding = _checked(other)
        return encoding, declared is None or encoding == "utf_8"
    return "utf_8", True


def _is_utf8(body: bytes) -> bool:
    """Whether bytes, of which more may follow, are UTF-8 with a character beyond ASCII."""
    if body.isascii():
        return False
    decoder = codecs.getincrementaldecoder("utf_8")()
    try:
        for start in range(0, len(body), _SLICE):
            decoder.decode(body[start : start + _SLICE])
    except UnicodeDecodeError:
        return False
    return True


_named_at_the_start = lru_cache(64)(_named)


def _checked(name: str) -> str:
    known = _known(name)
    if known not in _ENCODINGS:
        raise RequestNotUnderstoodError(f"The encoding {name[:LONGEST_NAME]} is not known", cause=Cause.ENCODING)
    return known


@lru_cache(64)
def _known(name: str) -> str:
    """Python's own name of an encoding; whatever it was, in that form, when Python has none.

    Not by codecs.lookup, which remembers every name that it did not find.
    """
    plain = re.sub("[^a-z0-9]+", "_", name.lower())
    return aliases.get(plain, plain)


def _decoded(body: bytes, encoding: str) -> str:
    """In slices, since to decode holds the interpreter (see `scan`)."""
    if len(body) <= _SLICE:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            raise _not_valid(body, encoding, error.start) from None
    decoder = codecs.getincrementaldecoder(encoding)()
    parts: list[str] = []
    for start in range(0, len(body), _SLICE):
        kept = decoder.getstate()[0]
        end = start + _SLICE
        try:
            parts.append(decoder.decode(body[start:end], end >= len(body)))
        except UnicodeDecodeError as error:
            raise _not_valid(body, encoding, start - len(kept) + error.start) from None
    return "".join(parts)


def _not_valid(body: bytes, encoding: str, at: int) -> RequestNotUnderstoodError:
    if (found := causes.not_xml(body)) is not None:
        return RequestNotUnderstoodError(f"The request is not XML: {found.words}", cause=found.cause)
    name = encoding.upper().replace("_", "-")
    message = f"The request is not valid {name}: byte 0x{body[at]:02X} at offset {at:,}"
    return RequestNotUnderstoodError(message, cause=Cause.ENCODING)


def _has_doctype(source: bytes) -> bool:
    """Whether one stands before the root element. Raises RequestNotUnderstoodError where that begins too far behind."""
    prolog = _PROLOG.match(source, 0, scan.WINDOW)
    end = 0 if prolog is None else prolog.end()
    if len(source) > scan.WINDOW and (end == scan.WINDOW or source.startswith((b"<!--", b"<?"), end)):
        raise RequestNotUnderstoodError(f"The root element does not begin within the first {scan.WINDOW:,} bytes")
    return source.startswith(b"<!", end) and not source.startswith(b"<!--", end)


def _elements(source: bytes) -> int:
    return sum(window.count(b"<") - window.count(b"</") for window in scan.without_asides(source))


def _has_more_attributes(source: bytes, most: int) -> bool:
    """Whether the elements have more attributes than that, declarations of namespaces among them."""
    found = 0
    for window in scan.without_asides(source):
        tags = b"".join(_TAG.findall(window))
        found += len(_ATTRIBUTE.findall(tags))
        # No window ends inside a tag, but for one of more attributes than any client has.
        if found > most or (tags and not tags.endswith(b">")):
            return True
    return False


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _too_deep(limits: ReadLimits) -> str:
    return f"The request has elements more than {limits.depth} deep"


def _refusal(error: etree.XMLSyntaxError, source: bytes, limits: ReadLimits) -> RequestNotUnderstoodError:
    """What is wrong and where, without repeating the request: libxml2's own messages quote it."""
    if "depth" in (error.msg or ""):
        return RequestNotUnderstoodError(_too_deep(limits), cause=Cause.TOO_LARGE)
    line, column = error.position
    cause, words = causes.not_well_formed(source, error.code or 0, line, column)
    place = f"The request is not well-formed XML (line {line}, column {column})"
    return RequestNotUnderstoodError(f"{place}: {words}" if words else place, cause=cause)
