"""An endpoint with a writer in memory, and a client of it that needs no network."""

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.envelopes import Call, Credentials, envelope
from support.logs import capture_logs
from support.memory import MemoryReader
from support.world import World, subscription
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.soap.body import BodyLimits, IncomingBody
from synclead.soap.contract import Contract
from synclead.soap.endpoint import HUNG_UP, Edge, Endpoint
from synclead.soap.held import HeldBytes
from synclead.soap.service import Parts

NOW = datetime(2024, 5, 1, 7, 30, tzinfo=UTC)
STAMP = "2024-05-01T07:30:00Z"
ANNA = Credentials("anna_1", "a key that nobody logs")
PATH = "/soap/mktows/2_7"
CONTRACT = Contract.load()


@dataclass(frozen=True)
class MemoryUser:
    subscription: Subscription
    keys: tuple[bytes, ...] = (ANNA.key.encode(),)
    disabled: bool = False
    demo: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)


class MemoryUsers:
    def __init__(self, rules: Subscription, limits: Mapping[str, int]) -> None:
        self._user = MemoryUser(rules, limits=limits)

    async def user(self, user_id: str, *, newest: bool = False) -> MemoryUser | None:
        return self._user if user_id == ANNA.user else None


@dataclass
class MemoryWriter:
    """Keeps leads in memory, by the rules of the domain."""

    world: World
    received: list[RawRecord] = field(default_factory=list)
    failure: Exception | None = None

    async def sync(self, subscription_id: int, raw: RawRecord, client: object = None) -> Outcome:
        self.received.append(raw)
        if self.failure is not None:
            raise self.failure
        return self.world.send(raw)


@dataclass
class Response:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False

    @property
    def text(self) -> str:
        return self.body.decode()


def arrived(body: bytes) -> IncomingBody:
    """A body that its client has sent whole."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return IncomingBody({}, receive, BodyLimits(), HeldBytes())


class Client:
    """Sends requests to an endpoint of its own."""

    def __init__(
        self,
        *,
        limits: BodyLimits | None = None,
        call_limits: Mapping[str, int] | None = None,
        public_url: str | None = None,
        **rules: Any,
    ) -> None:
        self.writer = MemoryWriter(World(subscription(**rules)))
        self.reader = MemoryReader(self.writer.world)
        self.parts = Parts(
            contract=CONTRACT,
            users=MemoryUsers(self.writer.world.subscription, call_limits or {}),
            writer=self.writer,
            reader=self.reader,
            now=lambda: NOW,
            window=timedelta(minutes=15),
        )
        self.edge = Edge(
            public_url=public_url,
            trusted=lambda address: address == "10.0.0.1",
            body=limits or BodyLimits(),
            new_id=lambda: "ref-1",
        )
        self.logged: list[MutableMapping[str, Any]] = []

    def post(self, body: bytes, *, path: str = PATH, gone: bool = False, cut: bool = False, **headers: str) -> Response:
        """POSTs; `gone`: the client hangs up after sending all, `cut`: before."""
        return self.request("POST", path, body, gone=gone, cut=cut, **headers)

    def sync(self, call: Call, timestamp: str = STAMP, credentials: Credentials = ANNA) -> Response:
        return self.post(envelope(call, credentials, timestamp))

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        gone: bool = False,
        cut: bool = False,
        peer: str = "127.0.0.1",
        **headers: str,
    ) -> Response:
        bare, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": bare,
            "query_string": query.encode(),
            "scheme": "http",
            "client": (peer, 40000),
            "server": ("127.0.0.1", 8080),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            HUNG_UP: lambda: gone,
        }
        answer = Response()
        messages = [{"type": "http.request", "body": body, "more_body": cut}]
        messages += [{"type": "http.disconnect"}] if cut else []

        async def receive() -> MutableMapping[str, Any]:
            if not messages:
                await asyncio.Event().wait()
            return messages.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message["body"]
                answer.complete = not message.get("more_body", False)

        with capture_logs() as logged:
            asyncio.run(Endpoint(self.parts, self.edge)(scope, receive, send))
        self.logged += logged
        return answer
