"""The control calls of a test double, below /control/: faults on demand, the clock, a new beginning, a look inside.

For `serve --ephemeral` alone: they are answered to this machine, without credentials.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from synclead.clock import Clock, ClockError
from synclead.leads.errors import InputError
from synclead.leads.keys import parse_email, parse_lead_id
from synclead.metrics.page import has_own_host
from synclead.soap.body import BodyLimits, ClientGoneError, read_body
from synclead.soap.errors import BodyError
from synclead.soap.injection import CODES, Injection, Injections
from synclead.soap.observer import CallObserver
from synclead.soap.service import Parts
from synclead.store.documents import history_document, lead_document
from synclead.store.engine import reading
from synclead.store.errors import StoreError
from synclead.store.reading import StoredLead, first_leads, lead_by_id, leads_by_email
from synclead.store.reset import forget_calls
from synclead.store.subscriptions import find_subscription
from synclead.visible import visible_json

PREFIX = "/control"

MOST_CALLS = 1_000
"""Calls that are remembered, and leads that one answer may have."""
_LONGEST_WAIT_SECONDS = 600
_BODY = BodyLimits(size=64 * 1024, seconds=10)


class ControlError(Exception):
    """A control call that cannot be followed; the message is a sentence that names the value."""


class RecentCalls(CallObserver):
    """Remembers the last calls, and tells another observer too. No values of leads."""

    def __init__(self, then: CallObserver, now: Callable[[], datetime]) -> None:
        self._then = then
        self._now = now
        self.calls: deque[dict[str, Any]] = deque(maxlen=MOST_CALLS)

    def begun(self) -> None:
        """See CallObserver."""
        self._then.begun()

    def clock_difference(self, seconds: float) -> None:
        """See CallObserver."""
        self._then.clock_difference(seconds)

    def ended(self, facts: Mapping[str, Any], seconds: float) -> None:
        """See CallObserver."""
        outcome = facts.get("outcome")
        self.calls.append(
            {
                "at": self._now(),
                "operation": facts.get("operation"),
                "user": facts.get("user"),
                "outcome": outcome if isinstance(outcome, str) else None,
                "fault": outcome if isinstance(outcome, int) else None,
                "lead": facts.get("lead"),
                "injected": facts.get("injected"),
                "ms": round(seconds * 1000, 1),
            }
        )
        self._then.ended(facts, seconds)


class _Faults(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /control/faults."""

    code: int | None = None
    calls: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    written: bool = False
    wait: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_WAIT_SECONDS)] = 0


class _Time(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /control/clock."""

    now: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    advance: float | None = None


BodyT = TypeVar("BodyT", _Faults, _Time)


class Control:
    """The ASGI function, and what it moves."""

    def __init__(self, parts: Parts, engine: Engine, clock: Clock) -> None:
        self._injections = Injections()
        self._recent = RecentCalls(parts.observer, clock)
        self._limiter = parts.limiter
        self._engine = engine
        self._clock = clock
        self.parts = replace(parts, observer=self._recent, injections=self._injections)
        """What the service is to be put together from, so that it follows."""
        self._routes = Starlette(
            routes=[
                Route("/faults", self._faults, methods=["GET", "POST"]),
                Route("/clock", self._time, methods=["GET", "POST"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/leads", self._leads, methods=["GET"]),
                Route("/calls", self._calls, methods=["GET"]),
            ],
            exception_handlers={
                ControlError: _refused,
                ClockError: _refused,
                StoreError: _refused,
                InputError: _refused,
                BodyError: _refused,
                HTTPException: _no_such_call,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"origin" for name, _ in scope["headers"]) or not has_own_host(scope):
            # No browser page may play with the tests of who looks at it.
            refusal = _json({"error": "requests from browser pages are not answered here"}, 403)
            await refusal(scope, receive, send)
            return
        await self._routes(scope, receive, send)

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            asked = await _body(request, _Faults)
            if asked.code is None and not asked.wait:
                raise ControlError("neither a code nor a wait is given: name one of them")
            if asked.code is not None and asked.code not in CODES:
                known = ", ".join(str(code) for code in CODES)
                raise ControlError(f"code = {asked.code} is no fault that can be asked for: name one of {known}")
            if asked.written and asked.code != 20011:
                raise ControlError("written = true goes with code 20011 alone: every other fault writes nothing")
            self._injections.add(Injection(asked.code, asked.written, asked.wait), asked.calls)
        return _json([{"calls": calls, **_shown(one)} for one, calls in self._injections.waiting])

    async def _time(self, request: Request) -> Response:
        if request.method == "POST":
            asked = await _body(request, _Time)
            match asked.now, asked.advance:
                case datetime() as now, None:
                    self._clock.stand_at(now)
                case None, float(seconds):
                    self._clock.advance(seconds)
                case _:
                    raise ControlError("give either now, a moment, or advance, a number of seconds")
        return _json({"now": self._clock(), "stands": self._clock.stands})

    async def _reset(self, request: Request) -> Response:
        self._injections.clear()
        self._limiter.forget()
        self._clock.reset()
        await asyncio.to_thread(forget_calls, self._engine)
        self._recent.calls.clear()
        return _json({})

    async def _leads(self, request: Request) -> Response:
        asked = request.query_params
        for name in asked:
            if name not in ("subscription", "email", "id"):
                raise ControlError(f"{name} selects no leads: use subscription, email or id")
        found = await asyncio.to_thread(self._selected, asked.get("subscription"), asked.get("email"), asked.get("id"))
        if len(found) > MOST_CALLS:
            raise ControlError(f"there are more than {MOST_CALLS} leads: select some by ?email= or ?id=")
        return _json([lead_document(lead) | {"activities": history_document(lead)} for lead in found])

    def _selected(self, subscription: str | None, email: str | None, lead_id: str | None) -> list[StoredLead]:
        with reading(self._engine) as connection:
            owner = find_subscription(connection, subscription, option="?subscription=").id
            if lead_id is not None:
                one = lead_by_id(connection, owner, parse_lead_id(lead_id))
                return [] if one is None else [one]
            if email is not None:
                return leads_by_email(connection, owner, parse_email(email).key)
            return first_leads(connection, owner, MOST_CALLS + 1)

    async def _calls(self, request: Request) -> Response:
        return _json(list(self._recent.calls))


async def _body(request: Request, kind: type[BodyT]) -> BodyT:
    """The JSON of a request. Raises ControlError naming the value, and BodyError."""
    try:
        sent = await read_body(dict(request.headers.raw), request.receive, _BODY)
    except ClientGoneError:
        raise ControlError("the request is not complete") from None
    try:
        raw = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f"the request is not JSON: {error}") from None
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        reason, _, name = str(error).partition(" - at `$.")
        name = name.rstrip("`")
        given = f"{name} = {msgspec.json.encode(raw[name]).decode()[:100]}: " if name else ""
        raise ControlError(f"{given}{reason}") from None


def _shown(injection: Injection) -> dict[str, Any]:
    return {"code": injection.code, "written": injection.written, "wait": injection.wait}


def _json(value: object, status: int = 200) -> Response:
    written = visible_json(msgspec.json.encode(value).decode())
    return Response(f"{written}\n", status, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


async def _no_such_call(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _json({"error": f"{request.method} {request.url.path} is no control call"}, status)
