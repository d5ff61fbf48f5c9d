"""Looks through a request in windows, so that no single step of it keeps the interpreter from other threads for long.

A search holds the interpreter's lock until it ends, and with it the event loop of a server whose thread reads a large
request. Every function is linear in what it looks through, whatever stands there.
"""

import re
from collections.abc import Iterator

WINDOW = 256 * 1024
"""Bytes that are looked through at once: some milliseconds at most."""

# Comments, CDATA sections and instructions, which may hold `<` and `&` that are no markup (XML 1.0, 2.5 to 2.7).
_ASIDE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_CLOSINGS = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
# All that stands before an aside without an end, and the last tag in it. Possessive: nothing is ever tried twice.
_RUN = re.compile(rb"(?:[^<]++|<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(<)(?!!--|!\[CDATA\[|\?))*+", re.DOTALL)
# A reference that is not finished, and the first half of a surrogate pair before it.
_BROKEN = re.compile(rb"(?:&#(?:x[Dd][89ABab][0-9A-Fa-f]{2}|5[56]\d{3});)?(?:&[^;&<>]{0,8})?\Z")
_LONGEST_BROKEN = 20


def find(source: bytes, what: bytes, start: int = 0) -> int:
    """As `bytes.find`."""
    overlap = len(what) - 1
    while True:
        end = start + WINDOW
        found = source.find(what, start, end + overlap)
        if found >= 0 or end >= len(source):
            return found
        start = end


def count(source: bytes, byte: bytes) -> int:
    """As `bytes.count` of one byte."""
    if len(source) <= WINDOW:
        return source.count(byte)
    return sum(source.count(byte, start, start + WINDOW) for start in range(0, len(source), WINDOW))


def end_of_run(source: bytes) -> int:
    """Where the first aside begins that has no end; else the end. For what is no longer than a window."""
    run = _RUN.match(source)
    return 0 if run is None else run.end()


def windows(source: bytes) -> Iterator[tuple[bytes, bool]]:
    """All of it in pieces, and of each whether it is one aside that is longer than a window, or has no end.

    Asides are comments, CDATA sections and instructions. No piece begins or ends inside of one, nor inside a tag that
    is shorter than a window, nor between the two references of a surrogate pair.
    """
    at = 0
    while at < len(source):
        run = _RUN.match(source, at, at + WINDOW)
        end = at if run is None else run.end()
        is_aside = end == at
        if is_aside:
            end = _end_of_aside(source, at)
        elif run is not None and end == at + WINDOW < len(source):
            if run.start(1) > at:
                end = run.start(1)
            elif (broken := _BROKEN.search(source, end - _LONGEST_BROKEN, end)) is not None:
                end = broken.start()
        yield source[at:end], is_aside
        at = end


def without_asides(source: bytes) -> Iterator[bytes]:
    """The windows of a document without its comments, CDATA sections and instructions."""
    for window, is_aside in windows(source):
        if not is_aside:
            yield _ASIDE.sub(b"", window)


def _end_of_aside(source: bytes, at: int) -> int:
    """Where the aside that begins there ends: with the document, where nothing ends it."""
    for opening, closing in _CLOSINGS:
        if source.startswith(opening, at):
            found = find(source, closing, at + len(opening))
            return len(source) if found < 0 else found + len(closing)
    return len(source)
