"""No single request keeps the event loop from others for long, whoever sends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest

from support.endpoint import ANNA, PATH, STAMP, Client
from support.envelopes import Call, Credentials, envelope, lead_key, wrap
from support.logs import capture_logs
from support.payloads import BODIES, Payload, odd, of_kind
from synclead.leads.fields import Field
from synclead.leads.record import RawAttribute, RawRecord
from synclead.soap.endpoint import Endpoint

MOST = 0.05
"""Seconds of the processor that one turn of the event loop may take."""
SIZE = 1_000_000
LARGEST = 10_000_000
PIECE = 256 * 1024
"""Bytes that a client's connection gives at once."""
CALLERS = {"a stranger": Credentials(ANNA.user, "a wrong key"), "a caller": ANNA}


def longest_turn(payload: Payload, client: Client | None = None) -> float:
    """The seconds of the processor that the longest turn of the event loop took while the request was answered.

    Of the loop's own thread, so that what else the machine does does not count.
    """
    client = client or Client()
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now

    async def call() -> None:
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        await _post(Endpoint(client.parts, client.edge), payload)
        for _ in range(3):  # what is done behind the answer
            await asyncio.sleep(0)
        watching.cancel()

    with capture_logs():
        asyncio.run(call())
    return longest


async def _post(endpoint: Endpoint, payload: Payload) -> None:
    pieces = [payload.body[at : at + PIECE] for at in range(0, len(payload.body), PIECE)]
    left = iter(pieces)
    sent = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal sent
        await asyncio.sleep(0)
        sent += 1
        return {"type": "http.request", "body": next(left), "more_body": sent < len(pieces)}

    async def send(message: MutableMapping[str, Any]) -> None:
        return

    headers = [(name.lower().encode(), value.encode()) for name, value in payload.headers.items()]
    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "scheme": "http", "headers": headers}
    await endpoint(scope | {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080)}, receive, send)


def _assert_short(payloads: Iterable[Payload]) -> None:
    long = {payload.name: turn for payload in payloads if (turn := longest_turn(payload)) > MOST}
    assert not long


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("kind", BODIES)
def test_no_request_keeps_the_loop(kind: str, who: str) -> None:
    """A megabyte of anything, signed or not, in the Body, before it or in the Header."""
    _assert_short(of_kind(kind, SIZE, CALLERS[who], STAMP))


@pytest.mark.parametrize("who", CALLERS)
def test_nothing_odd_keeps_the_loop(who: str) -> None:
    """Nor what is no envelope, or packed."""
    _assert_short(odd(SIZE, CALLERS[who], STAMP))


@pytest.mark.long
@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("kind", BODIES)
def test_no_largest_request_keeps_the_loop(kind: str, who: str) -> None:
    """As large as a request may be."""
    _assert_short(of_kind(kind, LARGEST, CALLERS[who], STAMP))


@pytest.mark.long
@pytest.mark.parametrize("who", CALLERS)
def test_nothing_odd_of_the_largest_size_keeps_the_loop(who: str) -> None:
    """Nor that."""
    _assert_short(odd(LARGEST, CALLERS[who], STAMP))


def _with_leads(number: int, values: int, length: int) -> Client:
    """A client of a subscription that has so many leads of one Email, each with as many long values."""
    fields = [Field(f"Long{one}", f"Long{one}", f"long{one}", f"Long {one}", "text") for one in range(values)]
    client = Client(fields=fields)
    attributes = tuple(RawAttribute(f"Long{one}", "é&" * (length // 2)) for one in range(values))
    for lead in range(number):
        client.writer.world.send(RawRecord(email="many@orchard.example", foreign_id=str(lead), attributes=attributes))
    return client


@pytest.mark.parametrize(
    ("leads", "values", "length"), [(1, 120, 60_000), (1_000, 4, 1_000), (60, 20, 2_000)], ids=["one", "many", "some"]
)
def test_no_answer_keeps_the_loop(leads: int, values: int, length: int) -> None:
    """Some megabytes of leads, by getLead, and of one lead by syncLead."""
    client = _with_leads(leads, values, length)
    client.parts.held.most_answer = 64 * 1024 * 1024
    reads = wrap(lead_key("EMAIL", "many@orchard.example"), ANNA, timestamp=STAMP)
    writes = envelope(Call(foreign_id="0", email="many@orchard.example", return_lead=True), ANNA, STAMP)
    for request in (reads, writes):
        assert longest_turn(Payload("", request), client) < MOST
