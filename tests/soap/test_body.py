"""Reading the body of a request."""

import asyncio
import gzip
import zlib
from collections.abc import MutableMapping
from typing import Any

import pytest

from synclead.soap.body import (
    BodyLimits,
    BodyTooLargeError,
    BodyTooSlowError,
    ClientGoneError,
    IncomingBody,
    Receive,
    at_once,
    discard_rest,
    read_body,
)
from synclead.soap.errors import BodyError
from synclead.soap.held import HeldBytes, NoRoomError

TEXT = b"<Envelope>" + b"lead " * 200 + b"</Envelope>"
SMALL = BodyLimits(size=2000, seconds=5)


def _sender(*parts: bytes, ends: bool = True) -> tuple[Receive, list[bytes]]:
    """A client that sends the parts; without `ends` it hangs up before the last one was all."""
    left = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        if not left:
            return {"type": "http.disconnect"}
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left) or not ends}

    return receive, left


def _read(*parts: bytes, limits: BodyLimits = SMALL, ends: bool = True, **headers: str) -> bytes:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return asyncio.run(read_body(named, _sender(*parts, ends=ends)[0], limits))


def test_parts_are_joined() -> None:
    """A body that comes in parts is their sum."""
    assert _read(b"ab", b"", b"cd") == b"abcd"


def test_a_body_of_just_the_limit_is_read() -> None:
    """The limit itself is allowed; one byte more is not."""
    assert len(_read(b"x" * 2000)) == 2000
    with pytest.raises(BodyTooLargeError, match="2000 bytes") as caught:
        _read(b"x" * 1500, b"x" * 501)
    assert caught.value.http_status == 413


def test_an_announced_length_beyond_the_limit_asks_for_nothing() -> None:
    """A client that waits for `100 Continue` is refused without being asked to send."""
    receive, left = _sender(b"x")
    with pytest.raises(BodyTooLargeError):
        asyncio.run(read_body({b"content-length": b"2001"}, receive, SMALL))
    assert left == [b"x"]


def _raw(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, 1)),
        ("deflate", _raw(TEXT)),
        ("identity", TEXT),
        ("", TEXT),
    ],
)
def test_encodings_are_undone(encoding: str, sent: bytes) -> None:
    """Gzip, in members too, and deflate, as RFC 1950 and bare, give what was sent."""
    assert _read(sent, content_encoding=encoding) == TEXT


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("br", TEXT),
        ("gzip, gzip", gzip.compress(TEXT, mtime=0)),
        ("gzip", TEXT),
        ("gzip", b""),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-4]),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + b"\0" * 8),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"more"),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", zlib.compress(TEXT) + b"more"),
        ("deflate", b"\xff\xff"),
    ],
)
def test_damaged_bodies_and_other_encodings_are_refused(encoding: str, sent: bytes) -> None:
    """What cannot be inflated whole is 20012, never a part of a request."""
    with pytest.raises(BodyError) as caught:
        _read(sent, content_encoding=encoding)
    assert caught.value.code == 20012


def test_the_limit_counts_inflated_bytes() -> None:
    """A small body that grows beyond the limit is refused, in one member and in many."""
    with pytest.raises(BodyTooLargeError):
        _read(gzip.compress(b"\0" * 2001), content_encoding="gzip")
    with pytest.raises(BodyTooLargeError):
        _read(gzip.compress(b"\0" * 1000) * 3, content_encoding="gzip", limits=BodyLimits(2500, 5))
    assert len(_read(gzip.compress(b"\0" * 2000), content_encoding="gzip")) == 2000


def test_a_client_that_hangs_up_has_sent_nothing() -> None:
    """Half a body is no body."""
    with pytest.raises(ClientGoneError):
        _read(b"half", ends=False)


def test_a_slow_body_is_given_up() -> None:
    """A body that does not arrive within the time is 20012 naming it."""

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTooSlowError, match=r"0\.01 seconds"):
        asyncio.run(read_body({}, receive, BodyLimits(seconds=0.01)))


def test_the_rest_is_read_up_to_a_bound() -> None:
    """What follows a refused body is read and forgotten, but not without end."""
    receive, left = _sender(*[b"x" * 100] * 10)
    asyncio.run(discard_rest(receive, size=250, seconds=5))
    assert len(left) == 7
    asyncio.run(discard_rest(receive, size=10_000, seconds=5))
    assert left == []


def test_what_is_there_is_received_at_once() -> None:
    """Where nothing is there, the one who asks next receives what comes then."""

    async def ask() -> list[object]:
        coming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        before = at_once(coming.get)
        await coming.put({"type": "http.disconnect"})
        return [before, at_once(coming.get), at_once(coming.get)]

    assert asyncio.run(ask()) == [None, {"type": "http.disconnect"}, None]


def _incoming(sender: Receive, held: HeldBytes, **headers: str) -> IncomingBody:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return IncomingBody(named, sender, BodyLimits(size=1_000_000), held)


def test_no_more_is_received_than_is_wanted() -> None:
    """The start of a body leaves the rest with the client."""
    receive, left = _sender(*[b"x" * 1_000] * 10)

    async def read() -> tuple[int, int, int]:
        body = _incoming(receive, HeldBytes())
        start = len(await body.start(2_500))
        return start, len(left), len(await body.whole())

    assert asyncio.run(read()) == (3_000, 7, 10_000)


def test_what_waits_is_counted_until_it_is_let_go() -> None:
    """By whether its signature was checked; a body that is there whole is never counted."""
    held = HeldBytes()

    async def read() -> list[tuple[int, int]]:
        body = _incoming(_sender(*[b"x" * 1_000] * 10)[0], held)
        await body.start(2_500)
        counts = [(held.unsigned, held.signed)]
        body.sign()
        counts.append((held.unsigned, held.signed))
        await body.whole()
        counts.append((held.unsigned, held.signed))
        body.release()
        return [*counts, (held.unsigned, held.signed)]

    assert asyncio.run(read()) == [(3_000, 0), (0, 3_000), (0, 10_000), (0, 0)]

    async def read_at_once() -> tuple[int, int]:
        body = _incoming(_sender(b"x" * 1_000)[0], held)
        await body.whole()
        return held.unsigned, held.signed

    assert asyncio.run(read_at_once()) == (0, 0)


@pytest.mark.parametrize(("signed", "limit"), [(False, "unsigned"), (True, "all")])
def test_where_there_is_no_room_nothing_more_is_kept(signed: bool, limit: str) -> None:
    """The limits count for all bodies together, and what is let go makes room again."""
    refused: list[str] = []
    held = HeldBytes(most_unsigned=5_000, most=8_000, refused=refused.append)

    async def read() -> None:
        bodies = [_incoming(_sender(*[b"x" * 2_000] * 10)[0], held) for _ in range(5)]
        for body in bodies[:2]:
            await body.start(1_000)
            if signed:
                body.sign()
                await body.start(3_000)
        with pytest.raises(NoRoomError, match="8,000" if signed else "5,000"):
            await bodies[2].start(1_000)
        bodies[0].release()
        await bodies[3].start(1_000)

    asyncio.run(read())
    assert refused == [limit]
