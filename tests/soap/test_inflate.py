"""Inflating slice by slice."""

from __future__ import annotations

import gzip
import zlib

import pytest

from synclead.soap.errors import BodyError
from synclead.soap.inflate import MEMBERS, SLICE, Inflater

EMPTY = gzip.compress(b"", mtime=0)


def slices(
    sent: bytes, encoding: bytes = b"gzip", *, free: int = 64 * 1024, ratio: int = 200, step: int = 0
) -> list[bytes]:
    """What comes out, of pieces of `step` bytes."""
    inflater = Inflater(encoding, free, ratio)
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)] if step else [sent]
    found = [part for piece in pieces for part in inflater.slices(piece)]
    inflater.finish()
    return found


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
@pytest.mark.parametrize("step", [0, 1, 7])
def test_pieces_make_no_difference(encoding: bytes, step: int) -> None:
    """A body may come byte by byte, in one member or in several, and bare."""
    text = b"lead " * 1_000
    packed = [gzip.compress(text)] if encoding == b"gzip" else [zlib.compress(text), zlib.compress(text)[2:-4]]
    for one in packed:
        assert b"".join(slices(one, encoding, step=step)) == text
    if encoding == b"gzip":
        assert b"".join(slices(EMPTY + gzip.compress(text) + EMPTY, step=step)) == text


def test_no_slice_is_large() -> None:
    """However much a few bytes come to, it comes in steps that the event loop can stand between."""
    found = slices(gzip.compress(b"\0" * 5_000_000), ratio=10_000)
    assert len(found) > 70
    assert max(map(len, found)) <= SLICE


def test_members_have_a_limit() -> None:
    """A hundred are read, empty ones too; one more is refused by name."""
    assert slices(EMPTY * MEMBERS) == []
    with pytest.raises(BodyError, match="more than 100 members"):
        slices(EMPTY * (MEMBERS + 1))


def test_growth_has_a_limit() -> None:
    """Beyond the bytes that are free; text that repeats itself is far below."""
    assert len(b"".join(slices(gzip.compress(b"\0" * 60_000)))) == 60_000
    with pytest.raises(BodyError, match="more than 200 times its size") as caught:
        slices(gzip.compress(b"\0" * 5_000_000))
    assert caught.value.http_status == 413
    leads = b"".join(b"<Email>person-%d@orchard.example</Email>" % number for number in range(100_000))
    assert b"".join(slices(gzip.compress(leads), ratio=20)) == leads


def test_nothing_is_inflated_that_nobody_wants() -> None:
    """What follows the first slice stays packed until it is asked for."""
    inflater = Inflater(b"gzip", 64, 10_000)
    bomb = gzip.compress(b"\0" * 5_000_000)
    first = next(inflater.slices(bomb))
    assert len(first) <= SLICE
    assert inflater.given == len(first)
