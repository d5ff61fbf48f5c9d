"""One call, from the bytes of its envelope to the bytes of its answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from synclead.leads.errors import SyncleadError, UnknownLeadFieldError
from synclead.leads.subscription import Subscription
from synclead.soap import authentication
from synclead.soap.authentication import AuthenticationFailedError, Users
from synclead.soap.envelope import parse
from synclead.soap.errors import UnsupportedOperationError
from synclead.soap.injection import NOTHING, Injections
from synclead.soap.limiting import CallLimiter
from synclead.soap.limits import ReadLimits
from synclead.soap.messages import Message
from synclead.soap.observer import CallObserver, CallRecorder
from synclead.soap.operations import HANDLERS, Handler
from synclead.soap.operations.call import ANSWERED, Call, Reader, Writer
from synclead.soap.request import Decoding, Request, SentRequest
from synclead.soap.shapes import Shapes
from synclead.store.errors import ServiceFailureError, StoreError

_SHOWN_NAMES = 20
"""Names of unknown fields that are logged."""

_SHOWN_OF_UNKNOWN = 8
"""Characters of an unknown user's id that are logged: it may be a key, pasted into the wrong place."""


class Operation(Decoding, Protocol):
    """An operation of the contract."""

    @property
    def name(self) -> str: ...

    def encode(self, message: Message) -> bytes: ...


class Contract(Protocol):
    """What says which operations there are."""

    def operation(self, name: str) -> Operation | None: ...


class ApiUser(authentication.User, Protocol):
    """An API user and whom it calls for."""

    @property
    def subscription(self) -> Subscription: ...

    @property
    def limits(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service is put together from."""

    contract: Contract
    users: Users[Any]
    """Where users are found; they are ApiUser."""
    writer: Writer
    reader: Reader
    now: Callable[[], datetime]
    """The time, aware."""
    window: timedelta
    demo: bool = False
    limits: ReadLimits = field(default_factory=ReadLimits)
    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)
    limiter: CallLimiter = field(default_factory=CallLimiter)
    observer: CallObserver = field(default_factory=CallObserver)
    recorder: CallRecorder = field(default_factory=CallRecorder)
    injections: Injections | None = None
    """What a test asked for; None where nobody can."""
    shapes: Shapes = field(init=False)
    """The requests that were met before."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", Shapes(self.contract.operation, self.limits))


async def answer(body: bytes, charset: str | None, parts: Parts, facts: dict[str, Any], reference: str) -> bytes:
    """The envelope that answers a call, once what it did is durable.

    `facts` gains what the log may say of the call: who, what, why; never keys, signatures or values.
    `reference` is the id that a failure of the database is logged under. Raises SyncleadError with
    nothing written, unless its message says otherwise.
    """
    split = parts.shapes.split(body, charset)
    known = None if split is None else parts.shapes.recall(split)
    request: Request = known or SentRequest(parse(body, charset, parts.limits), parts.limits)
    user = await _authenticate(request, parts, facts, reference)
    _name_subscription(facts, user)
    injection = NOTHING if parts.injections is None else parts.injections.take()
    if injection is not NOTHING:
        facts["injected"] = injection.code or "wait"
        await injection.before(facts["user"], user.limits, reference)
    with parts.limiter.call(user.subscription.id, user.limits, parts.now()):
        reply = await carry_out(request, user.subscription, parts, facts)
        if split is not None and known is None:
            # Later: a defect in it must not turn what is durable into a failure.
            asyncio.get_running_loop().call_soon(parts.shapes.learn, split)
        if injection is not NOTHING:
            await injection.after(reference)
        return reply


async def carry_out(
    request: Request, subscription: Subscription, parts: Parts, facts: dict[str, Any], *, workspace: str | None = None
) -> bytes:
    """The answer to a call of a known caller. `workspace` takes the place of the one that the header names.

    See `answer` for `facts` and what is raised.
    """
    name = request.operation_name
    operation = parts.contract.operation(name)
    if operation is None:
        raise UnsupportedOperationError(name)
    facts["operation"] = operation.name
    handler = parts.handlers.get(operation.name)
    if handler is None:
        raise UnsupportedOperationError(name)
    message = request.read_message(operation, handler)
    named = workspace or request.workspace
    call = Call(subscription, named, parts.writer, parts.reader, facts)
    reply = operation.encode(await handler.run(message, call))
    facts.setdefault("outcome", ANSWERED)
    return reply


def failure_facts(error: SyncleadError) -> dict[str, Any]:
    """What the log may say of a refusal: its message repeats values and stays out."""
    facts: dict[str, Any] = {"outcome": error.code, "error": type(error).__name__}
    for part in ("name", "why", "reference"):
        found = getattr(error, part, None)
        if isinstance(found, str):
            facts[part if part != "name" else "field"] = found[:100]
    if isinstance(error, UnknownLeadFieldError):
        facts["unknown_fields"] = [name[:100] for name in error.names[:_SHOWN_NAMES]]
    if error.planned is not None:
        facts["planned"] = error.planned
    if isinstance(error, ServiceFailureError | AuthenticationFailedError):
        facts["reason"] = error.reason
    return facts


async def _authenticate(request: Request, parts: Parts, facts: dict[str, Any], reference: str) -> ApiUser:
    try:
        credentials = request.credentials
        if credentials.partner_id is not None:
            facts["partner"] = credentials.partner_id[:64]
        caller = await authentication.authenticate(
            credentials, parts.users, now=parts.now(), window=parts.window, demo=parts.demo
        )
    except AuthenticationFailedError as error:
        _add_clock(facts, error.clock_difference)
        if error.user_id is not None:
            facts["unknown_user"] = error.user_id[:_SHOWN_OF_UNKNOWN]
        raise
    except (authentication.AccessDeniedError, authentication.RequestExpiredError) as error:
        facts["user"] = error.user_id
        # The signature is right, so this is whose call it was; the directory has just been asked.
        refused: ApiUser | None = await parts.users.user(error.user_id)
        if refused is not None:
            _name_subscription(facts, refused)
        if isinstance(error, authentication.RequestExpiredError):
            _add_clock(facts, error.clock_difference)
            parts.observer.clock_difference(error.clock_difference)
        raise
    except StoreError as error:
        raise ServiceFailureError(reference, reason=str(error)) from error
    facts["user"] = caller.user_id
    parts.observer.clock_difference(caller.clock_difference)
    user: ApiUser = caller.user
    return user


def _name_subscription(facts: dict[str, Any], user: ApiUser) -> None:
    facts["subscription_id"] = user.subscription.id
    facts["subscription"] = user.subscription.name


def _add_clock(facts: dict[str, Any], difference: float | None) -> None:
    if difference is not None:
        facts["clock_difference"] = round(difference, 1)
