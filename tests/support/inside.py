"""The SOAP edge and the domain in one process, on leads in memory: for tests that make thousands of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from support.envelopes import Answer, Call, Credentials, envelope, read_answer
from support.memory import MemoryReader
from support.world import World
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.soap.contract import Contract
from synclead.soap.endpoint import Edge, Endpoint
from synclead.soap.service import Parts

USER = Credentials("orchard_demo_42", "k3y-for-orchard-demo")
NOW = datetime(2013, 7, 31, 19, 40, tzinfo=UTC)
TIMESTAMP = "2013-07-31T12:38:47-07:00"
REFERENCE = "the-request-id"
XML = ((b"content-type", b"text/xml; charset=UTF-8"), (b"soapaction", b'"syncLead"'))


@cache
def _contract() -> Contract:
    return Contract.load()


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


@dataclass(frozen=True)
class User:
    """An API user of the one subscription."""

    subscription: Subscription
    keys: tuple[bytes, ...] = (USER.key.encode(),)
    disabled: bool = False
    demo: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Inside:
    """One subscription behind the endpoint. The clock stands at NOW, so that timestamps in files stay valid."""

    world: World = field(default_factory=World)
    disabled: bool = False

    def __post_init__(self) -> None:
        parts = Parts(
            contract=_contract(),
            users=self,
            writer=self,
            reader=MemoryReader(self.world),
            now=lambda: NOW,
            window=timedelta(minutes=15),
        )
        self._endpoint = Endpoint(parts, Edge(new_id=lambda: REFERENCE))

    async def user(self, user_id: str, *, newest: bool = False) -> User | None:
        """The one user there is."""
        return User(self.world.subscription, disabled=self.disabled) if user_id == USER.user else None

    async def sync(self, subscription_id: int, raw: RawRecord, client: object = None) -> Outcome:
        """Plans and applies at once."""
        return self.world.send(raw)

    def sync_lead(self, call: Call) -> Answer:
        """One call as a client makes it."""
        reply = self.post(envelope(call, USER, TIMESTAMP))
        return read_answer(reply.status, reply.body)

    def post(self, body: bytes, headers: Iterable[tuple[bytes, bytes]] = XML) -> Reply:
        """Posts a request that is ready."""
        return self.request("POST", "/soap/mktows/2_1", body, headers)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
        query: bytes = b"",
    ) -> Reply:
        """Any request at all."""
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [*headers, (b"host", b"localhost")],
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
        }
        return asyncio.run(self._call(scope, body))

    async def _call(self, scope: dict[str, Any], body: bytes) -> Reply:
        sent: list[Any] = []
        inbox = [{"type": "http.request", "body": body, "more_body": False}]
        never = asyncio.Event()

        async def receive() -> Any:
            if inbox:
                return inbox.pop()
            return await never.wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._endpoint(scope, receive, send)
        start = sent[0]
        return Reply(start["status"], dict(start["headers"]), b"".join(one.get("body", b"") for one in sent[1:]))
