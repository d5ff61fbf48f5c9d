"""Who sends a large request, from the part of it that has the Header: before the rest is inflated, read or kept.

What is found here decides only whether to read on: a request that is let in is read whole by `envelope`, as every
other, and must say the same.
"""

import re
from collections.abc import Iterator
from enum import Enum

from lxml import etree

from synclead.soap import interned, markup, scan
from synclead.soap.authentication import AuthenticationFailedError, Credentials, read_credentials
from synclead.soap.envelope import headers_of
from synclead.soap.limits import ReadLimits
from synclead.soap.off_loop import in_thread
from synclead.soap.tolerances import join_surrogates

FIRST = 8 * 1024
"""Bytes in which nearly every Header ends."""

# The start of a tag and the local name in it; asides are passed over whole.
_TAG = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<((?:[^\s<>/:!?]{1,100}:)?([^\s<>/:!?]{1,100}))(?=[\s/>])", re.DOTALL
)
_PARSER = markup.parser()
_HEADER = re.compile(r"<(?:[^\s<>/:!?]{1,100}:)?Header[\s>]")


class NoHeader(Enum):
    """Why the start of a request has no whole Header."""

    BODY_FIRST = 1
    """The Body begins before any Header."""
    NOT_YET = 2
    """No Body has begun: whatever stands before it goes on."""


async def early_credentials(start: bytes, charset: str | None, limits: ReadLimits) -> Credentials | NoHeader:
    """The credentials of a request, of which `start` is the beginning.

    Raises RequestNotUnderstoodError, and AuthenticationFailedError where the Header has none.
    """
    source = markup.start_as_utf8(start, charset)
    before_body, has_header = _before_body(source)
    if before_body is None:
        return NoHeader.NOT_YET
    return await _read(before_body, source, limits) if has_header else NoHeader.BODY_FIRST


async def late_credentials(start: bytes, end: bytes, charset: str | None, limits: ReadLimits) -> Credentials:
    """The credentials of a request whose Header stands behind its Body, in the last bytes, `end`.

    Raises RequestNotUnderstoodError, and AuthenticationFailedError where there are none.
    """
    encoding = markup.encoding_of(start, charset)
    # Cut at a multiple of four bytes, so that every encoding of fixed width is in step; a mark tells the order of them.
    mark = start[:4] if encoding == "utf_32" else start[:2] if encoding == "utf_16" else b""
    text = (mark + end[len(end) % 4 :]).decode(encoding, errors="replace")
    headers = [found.start() for found in _HEADER.finditer(text)]
    source = markup.start_as_utf8(start, charset)
    before_body, _ = _before_body(source)
    if not headers or before_body is None:
        raise AuthenticationFailedError("no AuthenticationHeader")
    header, closed, _ = text[headers[-1] :].rpartition("Header>")
    return await _read(before_body + (header + closed).encode(errors="replace"), source, limits)


async def _read(before_body: bytes, source: bytes, limits: ReadLimits) -> Credentials:
    """The credentials in a document that has no Body, and is not closed; `source` is that of the request."""
    root = next(found[1] for found in _tags(source) if found[1])
    document = join_surrogates(b"%b</%b>" % (before_body, root))
    markup.check(document, limits)

    def read(parser: "etree.XMLParser[etree._Element]") -> Credentials:
        return read_credentials(headers_of(markup.parse(document, parser, limits)), limits.authentication)

    # Names that were not met before are read in a thread that ends (see `interned`).
    if interned.DICTIONARY.admits(document):
        return read(_PARSER)
    return await in_thread(lambda: read(markup.parser()))


def _before_body(source: bytes) -> tuple[bytes | None, bool]:
    """What stands before the Body of a request, None where none begins; and whether a Header does."""
    has_header = False
    for found in _tags(source):
        if found[2] == b"Body":
            return source[: found.start(1) - 1], has_header
        has_header = has_header or found[2] == b"Header"
    return None, has_header


def _tags(source: bytes) -> Iterator[re.Match[bytes]]:
    """The starts of tags, and the asides between them, whose groups are None; up to an aside that does not end."""
    return _TAG.finditer(source, 0, scan.end_of_run(source))
