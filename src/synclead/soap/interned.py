"""Keeps libxml2 from remembering names without end.

lxml gives all parsers of a thread one dictionary of names, which is freed with the thread. It holds
every name, namespace and stretch of blanks between elements that was ever read, so whoever sends
new names with every request would fill the memory of a server, and needs no password for it.
Markup that was met before costs nothing; new markup is admitted up to a bound; what is beyond it is
read in a thread of its own, which takes its dictionary along when it ends.
"""

import re
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# A piece is what stands between one `<` and the next: markup, and the text behind it. Names of elements,
# attributes, namespaces and instructions are in the markup; blanks are kept where text is blanks alone, or
# ends with them behind a comment or CDATA. Possessive: nothing is ever tried twice.
_HEAD = re.compile(rb"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>?""")
# A value between two tags, which is most of what differs between one call and the next: nothing of it is remembered,
# so it is taken out first. One with a quote or an entity is looked at with its piece, since it may stand in a tag.
_VALUE = re.compile(rb""">[^<>&"']++(?<=[\x21-\xff])<""")
_ENTITY = re.compile(rb"&(?!\#)[^;&]*+")

_PIECES = 10_000
_PIECE = 500
"""Bytes of one piece of markup that may be admitted: those of real clients are shorter."""
_LARGE = 5_000
"""Pieces from which on a request is read apart without looking: a thread is cheap beside it."""


class Dictionary:
    """What this process's dictionary may hold by now, at most."""

    def __init__(self, pieces: int = _PIECES) -> None:
        self._room = pieces
        self._met: set[bytes] = set()

    def admits(self, source: bytes) -> bool:
        """Whether a document may be read here: all its markup was met before, or there is room for it."""
        if len(source) > _LARGE and source.count(b"<") > _LARGE:
            return False
        pieces = set(_VALUE.sub(b"><", source).split(b"<")[1:]) - self._met
        new: set[bytes] = set()
        for piece in pieces:
            new |= _memorable(piece) - self._met
        if not new:
            return True
        if len(self._met) + len(new) > self._room or max(map(len, new)) > _PIECE:
            return False
        self._met |= new
        return True


def _memorable(piece: bytes) -> set[bytes]:
    """What of a piece is remembered by libxml2, at most."""
    found = _HEAD.match(piece)
    head = found[0] if found is not None else b""
    text = piece[len(head) :].rstrip()
    if not text:
        return {piece}
    return {head, piece[len(head) + len(text) :], *_ENTITY.findall(text)} - {b""}


DICTIONARY = Dictionary()
"""That of the thread that answers calls."""


def apart(work: Callable[[], T]) -> T:
    """What `work` gives or raises, done in a thread of its own that has ended by then."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="reader of new names")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
