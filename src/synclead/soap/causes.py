"""Why a request cannot be read, in a few words of our own: libxml2's quote the request.

Pure. What it looks at is the beginning of the request and some bytes around the place that the parser names.
"""

import re
from enum import StrEnum
from typing import NamedTuple


class Cause(StrEnum):
    """What is wrong with a request that is not understood: each is mended in another way (`advice`)."""

    EMPTY = "empty"
    GZIP = "gzip"
    MULTIPART = "multipart"
    JSON = "json"
    FORM = "form"
    HTML = "html"
    TEXT_BEFORE = "text before"
    ENTITY = "entity"
    AMPERSAND = "ampersand"
    LESS_THAN = "less than"
    CHARACTER = "character"
    ENCODING = "encoding"
    CUT_SHORT = "cut short"
    TAGS = "tags"
    PREFIX = "prefix"
    TEXT_BEHIND = "text behind"
    DOCTYPE = "doctype"
    NOT_WELL_FORMED = "not well-formed"
    ENVELOPE = "envelope"
    SOAP_VERSION = "soap version"
    HEADER_BLOCK = "header block"
    REFERENCE = "reference"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    COMPRESSION = "compression"
    PATH = "path"
    METHOD = "method"
    PAGE = "page"
    TLS = "tls"


class Found(NamedTuple):
    """A cause and its words; without words where the place says all."""

    cause: Cause
    words: str = ""


_BEGINNING = 512
"""Bytes of a request that tell what it is instead of XML."""
_AROUND = 80
"""Bytes before a place that are looked at."""
_LARGEST = 256 * 1024
"""Bytes of a request in which a place is looked up: it takes counting its lines."""

_FORM = re.compile(rb"[\w.%+\[\]-]{1,100}=[^<\n]*")
_ENTITY = re.compile(rb"&([A-Za-z_][\w.-]{0,40});?\Z")
_NUMBER = re.compile(rb"&#(x?[0-9A-Fa-f]{1,8});?\Z")
_CLOSING = re.compile(rb"</([^\s<>/]{1,60})\s*>?\Z")


def not_xml(body: bytes) -> Found | None:
    """What bytes are that are no text in the encoding they should have; None where that cannot be told."""
    if body.startswith(b"\x1f\x8b"):
        return Found(Cause.GZIP, "this looks like gzip, and Content-Encoding does not say so")
    if body[:1] == b"\x78" and body[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return Found(Cause.GZIP, "this looks like deflate, and Content-Encoding does not say so")
    return None


def not_well_formed(source: bytes, code: int, line: int, column: int) -> Found:
    """Why a document in UTF-8 is not well-formed, by the number of libxml2's first error and its place."""
    at = _offset(source, line, column)
    before = b"" if at is None else source[max(0, at - _AROUND) : at]
    match code:  # xmlerror.h
        case 4 | 64:  # no start tag, or a declaration that does not stand first
            return _beginning(source)
        case 26:  # an entity that is declared nowhere
            return _entity(before)
        case 23:  # no semicolon
            return Found(Cause.AMPERSAND, "& must be &amp;")
        case 68 if before.endswith(b"&"):  # no name
            return Found(Cause.AMPERSAND, "& must be &amp;")
        case 68 | 38:
            return Found(Cause.LESS_THAN, "< must be &lt;")
        case 62:
            return Found(Cause.LESS_THAN, "]]> must be ]]&gt;")
        case 6 | 7 | 8 | 9:  # no character, or a reference to none
            return _character(source, at, before)
        case 76:  # tags that do not fit together
            closing = _CLOSING.search(before)
            name = "" if closing is None else f" </{closing[1].decode(errors='replace')}>"
            return Found(Cause.TAGS, f"the tag{name} closes another element")
        case 77 | 45 | 47 | 63:  # elements, comments, instructions, CDATA sections without an end
            return _CUT_SHORT
        case 73:  # a tag without an end
            is_last = at is None or at >= len(source.rstrip()) - 1
            return _CUT_SHORT if is_last else Found(Cause.TAGS, "a tag is not closed")
        case 42:
            return Found(Cause.TAGS, "an attribute comes twice in a tag")
        case 201:
            return Found(Cause.PREFIX, "a prefix of a name is declared nowhere")
        case 5:
            return Found(Cause.TEXT_BEHIND, "something stands behind the end of the envelope")
    return Found(Cause.NOT_WELL_FORMED)


_CUT_SHORT = Found(Cause.CUT_SHORT, "it ends before its elements are closed")


def _entity(before: bytes) -> Found:
    """An entity by its name, where that is one of HTML's: another one may be a part of a value."""
    from html.entities import html5

    found = _ENTITY.search(before)
    name = "" if found is None else found[1].decode()
    named = f"the entity &{name};" if f"{name};" in html5 else "an entity"
    return Found(Cause.ENTITY, f"{named} is not XML's")


def _beginning(source: bytes) -> Found:
    start = source[:_BEGINNING]
    bare = start.lstrip()
    if not source.strip():
        return Found(Cause.EMPTY, "nothing was sent" if not source else "nothing but blanks was sent")
    if bare.startswith(b"<?xml"):
        blanks = len(start) - len(bare)
        return Found(Cause.TEXT_BEFORE, f"{blanks} blank{'s' if blanks > 1 else ''} before <?xml")
    if bare.startswith(b"--") and b"content-" in start.lower():
        return Found(Cause.MULTIPART, "this is multipart, which is not read here")
    if bare[:1] in (b"{", b"["):
        return Found(Cause.JSON, "this looks like JSON")
    if _FORM.match(bare):
        return Found(Cause.FORM, "this looks like a form")
    return Found(Cause.TEXT_BEFORE, "text stands before the first tag")


def _character(source: bytes, at: int | None, before: bytes) -> Found:
    """A character that XML has not, as it is or by its number."""
    if (reference := _NUMBER.search(before)) is not None:
        return Found(Cause.CHARACTER, f"&#{reference[1].decode()}; is no character of XML")
    if at is None or before.endswith(b"&#x") or before.endswith(b"&#"):
        return Found(Cause.CHARACTER, "a character that XML has not")
    # In UTF-8 a character has four bytes at most; a part of the next one is left out.
    found = source[at : at + 4].decode(errors="ignore")[:1] or "\0"
    return Found(Cause.CHARACTER, f"the character U+{ord(found):04X} is none of XML's")


def _offset(source: bytes, line: int, column: int) -> int | None:
    """Where a place is in a document; None in one that is too large to count its lines."""
    if len(source) > _LARGEST:
        return None
    at = 0
    for _ in range(line - 1):
        at = source.find(b"\n", at) + 1
        if not at:
            return None
    return min(at + column - 1, len(source))
