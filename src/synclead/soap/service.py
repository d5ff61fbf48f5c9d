"""One call, from the bytes of its envelope to the bytes of its answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from synclead.leads.errors import SyncleadError, UnknownLeadFieldError
from synclead.leads.subscription import Subscription
from synclead.soap import authentication
from synclead.soap.authentication import AuthenticationFailedError, Credentials, RequestExpiredError, Users
from synclead.soap.body import IncomingBody
from synclead.soap.causes import Cause
from synclead.soap.client import Client
from synclead.soap.early_header import FIRST, NoHeader, early_credentials, late_credentials
from synclead.soap.envelope import parse
from synclead.soap.errors import RequestNotUnderstoodError, UnsupportedOperationError
from synclead.soap.held import HeldBytes
from synclead.soap.injection import NOTHING, Injections
from synclead.soap.large import AT_ONCE, LargeMessages, Named
from synclead.soap.limiting import CallLimiter
from synclead.soap.limits import ReadLimits
from synclead.soap.markup import start_as_utf8
from synclead.soap.messages import Message
from synclead.soap.observer import CallObserver, CallRecorder
from synclead.soap.operations import HANDLERS, Handler
from synclead.soap.operations.call import ANSWERED, Call, LargeAnswer, Reader, Writer
from synclead.soap.request import Request, SentRequest
from synclead.soap.shapes import Shapes
from synclead.store.errors import ServiceFailureError, StoreError

_SHOWN_NAMES = 20
"""Names of unknown fields that are logged."""

_SHOWN_OF_UNKNOWN = 8
"""Characters of an unknown user's id that are logged: it may be a key, pasted into the wrong place."""


class Operation(Named, Protocol):
    """An operation of the contract."""

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
    held: HeldBytes = field(default_factory=HeldBytes)
    """What this process keeps of requests and answers."""
    injections: Injections | None = None
    """What a test asked for; None where nobody can."""
    shapes: Shapes = field(init=False)
    """The requests that were met before."""

    large: LargeMessages = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", Shapes(self.contract.operation, self.limits))
        object.__setattr__(self, "large", LargeMessages(self.contract.operation, self.handlers, self.limits))


async def answer(
    body: IncomingBody,
    charset: str | None,
    parts: Parts,
    facts: dict[str, Any],
    reference: str,
    client: Client | None = None,
) -> bytes:
    """The envelope that answers a call, once what it did is durable.

    Of a body that is larger than AT_ONCE no more is read than its Header, before its signature is known to be right.
    `facts` gains what the log may say of the call: who, what, why; never keys, signatures or values.
    `reference` is the id that a failure of the database is logged under. Raises SyncleadError with
    nothing written, unless its message says otherwise; and what `IncomingBody` raises.
    """
    client = client or Client(None)
    start = await body.start(AT_ONCE)
    client.heard()
    split = known = None
    request: Request | None = None
    if body.is_whole:
        split = parts.shapes.split(start, charset)
        known = None if split is None else parts.shapes.recall(split)
        request = known or SentRequest(parse(start, charset, parts.limits), parts.limits)
        credentials = request.credentials
    else:
        credentials = await _early_credentials(body, start, charset, parts.limits)
    user = await _authenticate(credentials, parts, facts, reference)
    _name_subscription(facts, user)
    injection = NOTHING if parts.injections is None else parts.injections.take()
    if injection is not NOTHING:
        facts["injected"] = injection.code or "wait"
        await injection.before(facts["user"], user.limits, reference)
    with parts.limiter.call(user.subscription.id, user.limits, parts.now()):
        if request is None or request.has_references:
            request = await _read_apart(body, charset, credentials, parts, client)
        reply = await carry_out(request, user.subscription, parts, facts, client)
        if split is not None and known is None:
            # Later: a defect in it must not turn what is durable into a failure.
            asyncio.get_running_loop().call_soon(parts.shapes.learn, split)
        if injection is not NOTHING:
            await injection.after(reference)
        return reply


async def _early_credentials(body: IncomingBody, start: bytes, charset: str | None, limits: ReadLimits) -> Credentials:
    """Who sends a request that is large. Raises SyncleadError, and what `IncomingBody` raises."""
    most = body.limits.unsigned
    found = await early_credentials(start[:FIRST], charset, limits)
    if found is NoHeader.NOT_YET:
        start = (await body.start(most))[:most]
        found = await early_credentials(start, charset, limits)
    if found is NoHeader.BODY_FIRST:
        whole = await body.whole()
        found = await late_credentials(start[:most], whole[-most:], charset, limits)
    if isinstance(found, NoHeader):
        bare = start_as_utf8(start, charset).lstrip()
        if body.is_whole or (bare and not bare.startswith(b"<")):
            parse(start, charset, limits)  # says what is wrong with it
        raise RequestNotUnderstoodError(
            f"What stands before the Body is larger than the limit of {most:,} bytes that "
            "are read before a signature is checked",
            http_status=413,
            cause=Cause.TOO_LARGE,
        )
    return found


async def _read_apart(
    body: IncomingBody, charset: str | None, credentials: Credentials, parts: Parts, client: Client
) -> Request:
    """A request that takes long to read, of a caller whose signature is right."""
    body.sign()
    whole = await body.whole()
    client.heard()
    request = await parts.large.read(whole, charset)
    if request.credentials != credentials:
        raise AuthenticationFailedError("two AuthenticationHeaders")
    return request


async def carry_out(
    request: Request,
    subscription: Subscription,
    parts: Parts,
    facts: dict[str, Any],
    client: Client | None = None,
    *,
    workspace: str | None = None,
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
    call = Call(subscription, named, parts.writer, parts.reader, facts, client, parts.held)
    answer = await handler.run(message, call)
    if isinstance(answer, LargeAnswer):
        # What waits for its turn to be written counts too: else any number of calls could find leads meanwhile.
        with parts.held.answering(answer.size):
            reply = await parts.large.write(answer, operation.encode)
    else:
        reply = operation.encode(answer)
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
    if isinstance(error, RequestNotUnderstoodError):
        facts["cause"] = error.cause.value
    if error.planned is not None:
        facts["planned"] = error.planned
    if isinstance(error, ServiceFailureError | AuthenticationFailedError):
        facts["reason"] = error.reason
    if isinstance(error, AuthenticationFailedError | RequestExpiredError) and error.clock_difference is not None:
        facts["clock_difference"] = round(error.clock_difference, 1)
    if isinstance(error, AuthenticationFailedError) and error.user_id is not None:
        facts["unknown_user"] = error.user_id[:_SHOWN_OF_UNKNOWN]
    return facts


async def _authenticate(credentials: Credentials, parts: Parts, facts: dict[str, Any], reference: str) -> ApiUser:
    if credentials.partner_id is not None:
        facts["partner"] = credentials.partner_id[:64]
    try:
        caller = await authentication.authenticate(
            credentials, parts.users, now=parts.now(), window=parts.window, demo=parts.demo
        )
    except (authentication.AccessDeniedError, authentication.RequestExpiredError) as error:
        facts["user"] = error.user_id
        # The signature is right, so this is whose call it was; the directory has just been asked.
        refused: ApiUser | None = await parts.users.user(error.user_id)
        if refused is not None:
            _name_subscription(facts, refused)
        if isinstance(error, authentication.RequestExpiredError):
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
