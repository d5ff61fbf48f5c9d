"""Undoes the Content-Encoding of a body: a slice at a time, in linear time, and within limits."""

import zlib
from collections.abc import Iterator

from synclead.soap.causes import Cause
from synclead.soap.errors import BodyError

SLICE = 64 * 1024
"""Bytes that one step gives at most: a fraction of a millisecond."""
MEMBERS = 100
"""Members of one gzip body: programs send one, tools that compress in parallel a few."""
_PIECE = 16 * 1024
"""Bytes that are handed over at once, since zlib copies what it leaves."""

_GZIP_BITS, _ZLIB_BITS, _RAW_BITS, _PLAIN = 31, 15, -15, 0


class Inflater:
    """Undoes one encoding of one body."""

    def __init__(self, encoding: bytes, free: int, ratio: int) -> None:
        """`encoding` is the value of Content-Encoding. Beyond `free` bytes the body may be `ratio` times what was sent.

        Raises BodyError for an encoding that is none of those that are known.
        """
        match encoding.strip().lower():
            case b"" | b"identity":
                self._bits = _PLAIN
            case b"gzip" | b"x-gzip":
                self._bits = _GZIP_BITS
            case b"deflate":
                self._bits = _ZLIB_BITS
            case _:
                raise BodyError("Content-Encoding can be gzip or deflate, nothing else", cause=Cause.COMPRESSION)
        self._free = free
        self._ratio = ratio
        self._start = b""
        """Of a body in deflate, until there is enough to see whether it is bare."""
        self._member: zlib._Decompress | None = None
        self._members = 0
        self._taken = 0
        self.given = 0
        """Bytes that came out so far."""

    @property
    def is_plain(self) -> bool:
        """Whether the body is what was sent."""
        return self._bits == _PLAIN

    def slices(self, sent: bytes) -> Iterator[bytes]:
        """What more of the body there is, now that this was sent, at most SLICE bytes each; plain ones as they came.

        Raises BodyError for what is damaged, or has too many members, or grows too much.
        """
        if self.is_plain:
            yield sent
            return
        if self._members == 0:
            sent = self._start + sent
            if self._bits == _ZLIB_BITS and len(sent) < 2:
                self._start = sent
                return
            if self._bits == _ZLIB_BITS and not _looks_like_zlib(sent):
                self._bits = _RAW_BITS
        for start in range(0, len(sent), _PIECE):
            piece = sent[start : start + _PIECE]
            self._taken += len(piece)
            yield from self._inflated(piece)

    def finish(self) -> None:
        """Raises BodyError where the body is cut short."""
        if self.is_plain or (self._members and self._member is None):
            return
        raise BodyError("The compressed body is cut short", cause=Cause.COMPRESSION)

    def _inflated(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._member is None:
                self._member = self._next_member()
            try:
                part = self._member.decompress(piece, SLICE)
            except zlib.error:
                raise BodyError("The compressed body is damaged", cause=Cause.COMPRESSION) from None
            self.given += len(part)
            if self.given > self._free and self.given > self._ratio * self._taken:
                message = f"The compressed body grows to more than {self._ratio} times its size"
                raise BodyError(message, http_status=413, cause=Cause.COMPRESSION)
            if self._member.eof:
                piece = self._member.unused_data
                self._member = None
            else:
                piece = self._member.unconsumed_tail
            if part:
                yield part

    def _next_member(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > 1 and self._bits != _GZIP_BITS:
            raise BodyError("The compressed body is damaged", cause=Cause.COMPRESSION)
        if self._members > MEMBERS:
            raise BodyError(f"The compressed body has more than {MEMBERS} members", cause=Cause.COMPRESSION)
        return zlib.decompressobj(self._bits)


def _looks_like_zlib(sent: bytes) -> bool:
    """RFC 1950: method 8, and the first two bytes are a multiple of 31. Some stacks send RFC 1951 bare."""
    return len(sent) >= 2 and sent[0] & 0x0F == 8 and (sent[0] << 8 | sent[1]) % 31 == 0
