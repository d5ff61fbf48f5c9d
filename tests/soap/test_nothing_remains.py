"""Nothing of a call outlives its answer: not in circles that wait for the garbage collector either."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import pytest

from support.endpoint import ANNA, PATH, STAMP, Client
from support.envelopes import SOAP, Call, Credentials, envelope, wrap
from support.logs import capture_logs
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.soap import interned
from synclead.soap.endpoint import Endpoint
from synclead.store.errors import DatabaseUnavailableError, ServiceFailureError

CALLS = 100
SIZE = 200_000
STRANGER = Credentials(ANNA.user, "a key that nobody has")


def _record(inner: str, credentials: Credentials = ANNA) -> bytes:
    return wrap(
        f"<ns1:paramsSyncLead><leadRecord>{inner}</leadRecord></ns1:paramsSyncLead>", credentials, timestamp=STAMP
    )


def _long(credentials: Credentials = ANNA, inner: str = "") -> bytes:
    return _record(f"<Email>a@b.example</Email>{inner}{' ' * SIZE}", credentials)


def _attributes() -> str:
    names = " ".join(f'a{number}=""' for number in range(SIZE // 20))
    return f"<a {names}/>"


REQUESTS: dict[str, Callable[[], bytes]] = {
    "a call": lambda: envelope(Call(email="a@b.example"), ANNA, STAMP),
    "a long call": _long,
    "nothing": lambda: b"",
    "no XML": lambda: b"x" * SIZE,
    "no XML, short": lambda: b"<a",
    "no envelope": lambda: b"<html/>",
    "no UTF-8": lambda: b"\xff" * 100,
    "an unknown encoding": lambda: b'<?xml version="1.0" encoding="klingon"?><a/>',
    "a DOCTYPE": lambda: b"<!DOCTYPE a><a/>",
    "attributes without a Header": lambda: f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{_attributes()}</e:Body></e:Envelope>'.encode(),
    "attributes": lambda: _long(ANNA, _attributes()),
    "a wrong signature": lambda: envelope(Call(email="a@b.example"), STRANGER, STAMP),
    "a wrong signature of a long call": lambda: _long(STRANGER),
    "an unknown user": lambda: envelope(Call(email="a@b.example"), Credentials("nobody", "x"), STAMP),
    "an old timestamp": lambda: envelope(Call(email="a@b.example"), ANNA, "2001-01-01T00:00:00Z"),
    "a Header without an end": lambda: f'<e:Envelope xmlns:e="{SOAP}"><e:Header>{" " * SIZE}'.encode(),
    "an operation nobody has": lambda: wrap("<ns1:paramsDropTable/>", ANNA, timestamp=STAMP),
    "an operation nobody has, long": lambda: wrap(f"<ns1:paramsDropTable/>{' ' * SIZE}", ANNA, timestamp=STAMP),
    "no record": lambda: wrap("<ns1:paramsSyncLead/>", ANNA, timestamp=STAMP),
    "no key": lambda: _record(""),
    "a bad Email": lambda: _record("<Email>nobody</Email>"),
    "a bad Email, long": lambda: _record(f"<Email>nobody</Email>{' ' * SIZE}"),
    "a long value": lambda: _record(f"<Email>{'x' * SIZE}</Email>"),
    "an element nobody knows": lambda: _long(ANNA, "<Emial>a@b</Emial>"),
    "an unknown field": lambda: envelope(Call(email="a@b.example", attributes=(("pants", "x"),)), ANNA, STAMP),
    "an unknown Id": lambda: envelope(Call(id="77"), ANNA, STAMP),
    "a reference to nothing": lambda: _record('<Email href="#a"/>'),
    "a reference": lambda: _record('<Email href="#a"/>').replace(b"</SOAP-ENV:Body>", b'<x id="a">a@b.example</x></SOAP-ENV:Body>'),
    "an unknown workspace": lambda: envelope(Call(email="a@b.example", workspace="nowhere"), ANNA, STAMP),
}  # fmt: skip


class Caller:
    """Calls one endpoint again and again, in one event loop."""

    def __init__(self, client: Client) -> None:
        self._endpoint = Endpoint(client.parts, client.edge)

    async def post(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
        """The status of the answer."""
        pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)] or [b""]
        statuses: list[int] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: MutableMapping[str, Any]) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "query_string": b"",
            "scheme": "http",
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8080),
            "headers": headers,
        }
        await self._endpoint(scope, receive, send)
        return statuses[0]


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _growth(client: Client, body: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """By how many objects and bytes a hundred calls leave the process larger, without a collector."""

    async def calls(logged: list[Any]) -> tuple[int, int]:
        caller = Caller(client)
        for _ in range(5):  # what is learned, loaded and remembered once
            await caller.post(body, headers)
        await asyncio.sleep(0)
        tracemalloc.start()
        objects, (size, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        for _ in range(CALLS):
            await caller.post(body, headers)
        await asyncio.sleep(0)
        # What tests collect is meant to stay.
        logged.clear()
        client.writer.received.clear()
        found = len(gc.get_objects()) - objects, tracemalloc.get_traced_memory()[0] - size
        tracemalloc.stop()
        return found

    with capture_logs() as logged:
        gc.collect()
        return asyncio.run(calls(logged))


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("pieces", [10_000, 0], ids=["names met before", "new names"])
@pytest.mark.parametrize("name", REQUESTS)
def test_no_call_leaves_anything(name: str, pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred of them, with the collector off, leave no object a call and none of their bodies.

    New names are read in threads that end, whose errors come back from them.
    """
    monkeypatch.setattr(interned, "DICTIONARY", interned.Dictionary(pieces))
    client = Client()
    outcome = client.writer.world.send(RawRecord(email="a@b.example"))
    plan = client.writer.sync

    async def sync(subscription_id: int, raw: RawRecord, client: object = None) -> Outcome:
        if raw.email != "a@b.example" or raw.attributes:
            return await plan(subscription_id, raw)
        return outcome  # a lead that were stored each time would be what remains

    client.writer.sync = sync  # type: ignore[method-assign]
    objects, size = _growth(client, REQUESTS[name](), [])
    assert objects < CALLS, objects
    assert size < CALLS * 2_000, size


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("encoding", "body"), [(b"gzip", b"x" * SIZE), (b"gzip", b""), (b"deflate", b"\xff\xff"), (b"br", b"x" * SIZE)]
)
def test_no_body_that_cannot_be_inflated_leaves_anything(encoding: bytes, body: bytes) -> None:
    """Nor does what was never a request."""
    objects, size = _growth(Client(), body, [(b"content-encoding", encoding)])
    assert objects < CALLS, objects
    assert size < CALLS * 2_000, size


class BrokenError(Exception):
    """Stands for a defect."""


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "failure",
    [lambda: BrokenError("it"), lambda: ServiceFailureError("ref"), lambda: DatabaseUnavailableError("away")],
    ids=["a defect", "no answer in time", "no database"],
)
def test_no_failure_of_ours_leaves_anything(failure: Callable[[], Exception]) -> None:
    """It is told, with what it came from, and forgotten."""
    client = Client()

    async def broken(subscription_id: int, raw: Any, client: object = None) -> Any:
        try:
            raise KeyError("before it")
        except KeyError as error:
            raise failure() from error

    client.writer.sync = broken  # type: ignore[method-assign]
    objects, size = _growth(client, _long(), [])
    assert objects < CALLS, objects
    assert size < CALLS * 2_000, size
