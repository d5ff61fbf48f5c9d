"""Who calls: the AuthenticationHeader, checked in the order of the specification."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from lxml import etree
from msgspec import Struct

from synclead.leads.errors import SyncleadError
from synclead.soap import signature

LONGEST_PART = 255
WRONG_SIGNATURE = "wrong signature"
UNREADABLE_TIMESTAMP = "timestamp cannot be read"
_PARTS = ("mktowsUserId", "requestSignature", "requestTimestamp")


class AuthenticationFailedError(SyncleadError):
    """Nobody is authenticated. The caller never hears why; the log does, from `reason`."""

    code, text = 20014, "Authentication failed"

    def __init__(self, reason: str, user_id: str | None = None, clock_difference: float | None = None) -> None:
        super().__init__("Authentication failed")
        self.reason = reason
        self.user_id = user_id
        """What the caller claimed to be: not to be trusted, and not to be logged whole."""
        self.clock_difference = clock_difference
        """Seconds by which the request's timestamp is ahead of this machine; None when unreadable."""


class AccessDeniedError(SyncleadError):
    """The signature is right; the user is disabled."""

    code, text = 20013, "Access denied"

    def __init__(self, user_id: str) -> None:
        super().__init__("Access denied")
        self.user_id = user_id


class RequestExpiredError(SyncleadError):
    """The signature is right; its timestamp is too old, or too far in the future."""

    code, text = 20016, "Request expired"

    def __init__(self, user_id: str, clock_difference: float) -> None:
        super().__init__("Request expired")
        self.user_id = user_id
        self.clock_difference = clock_difference


class User(Protocol):
    """What authentication needs to know of an API user."""

    @property
    def disabled(self) -> bool: ...

    @property
    def demo(self) -> bool: ...

    @property
    def keys(self) -> Sequence[bytes]: ...


UserT = TypeVar("UserT", bound=User)
FoundT_co = TypeVar("FoundT_co", bound=User, covariant=True)


class Users(Protocol[FoundT_co]):
    """Where API users are found by the id that they send."""

    async def user(self, user_id: str, *, newest: bool = False) -> FoundT_co | None:
        """The user of an id. With `newest`, as the configuration is now."""
        ...


class Credentials(Struct, frozen=True, gc=False):
    """The AuthenticationHeader as sent."""

    user_id: str
    signature: str
    timestamp: str
    """With the white space around it: the signature may be over that."""
    partner_id: str | None


@dataclass(frozen=True, slots=True)
class Caller(Generic[UserT]):
    """Somebody whose signature is right and timely."""

    user_id: str
    user: UserT
    clock_difference: float


async def authenticate(
    credentials: Credentials, users: Users[UserT], *, now: datetime, window: timedelta, demo: bool
) -> Caller[UserT]:
    """The caller, or the refusal that the order of spec sync-lead, section 2 names first.

    `now` is aware; `window` is how far the timestamp may be from it, either way; users of the demo
    are unknown unless `demo`. Raises AuthenticationFailedError, AccessDeniedError, RequestExpiredError.
    """
    user_id = credentials.user_id
    for newest in (False, True):
        # Twice where it fails: the key may have changed a moment ago, and a wrong signature costs then what an
        # unknown user does.
        user = await users.user(user_id, newest=newest)
        hidden = user is not None and user.demo and not demo
        keys: Sequence[bytes] = () if user is None or hidden else user.keys
        right = signature.matches(keys, credentials.signature, credentials.timestamp, user_id)
        if right:
            break
    moment = signature.parse_timestamp(credentials.timestamp)
    difference = None if moment is None else (moment - now).total_seconds()
    if user is None or hidden:
        reason = "demo user outside a demo" if hidden else "unknown user"
        raise AuthenticationFailedError(reason, user_id, difference)
    if not right:
        raise AuthenticationFailedError(WRONG_SIGNATURE, user_id, difference)
    if difference is None:
        raise AuthenticationFailedError(UNREADABLE_TIMESTAMP, user_id)
    if user.disabled:
        raise AccessDeniedError(user_id)
    if abs(difference) > window.total_seconds():
        raise RequestExpiredError(user_id, difference)
    return Caller(user_id, user, difference)


def read_credentials(headers: Iterable[etree._Element], longest: int = LONGEST_PART) -> Credentials:
    """The credentials among the header blocks of an envelope.

    Raises AuthenticationFailedError when the header or a part of it is missing, comes twice or has more
    than `longest` characters.
    """
    blocks = [block for block in headers if _local_name(block) == "AuthenticationHeader"]
    if not blocks:
        raise AuthenticationFailedError("no AuthenticationHeader")
    if len(blocks) > 1:
        raise AuthenticationFailedError("two AuthenticationHeaders")
    found: dict[str, str] = {}
    for child in blocks[0][:]:  # a list: faster than lxml's iterator
        name = _local_name(child)
        text = "".join(child.itertext()) if len(child) else child.text or ""
        if name not in (*_PARTS, "partnerId") or not text.strip():
            continue
        if name in found:
            raise AuthenticationFailedError(f"{name} comes twice")
        found[name] = text
    for name in _PARTS:
        if name not in found:
            raise AuthenticationFailedError(f"{name} is missing", _trimmed(found.get("mktowsUserId")))
        if len(found[name]) > longest:
            raise AuthenticationFailedError(f"{name} is longer than {longest} characters")
    user_id, seal, timestamp = (found[name] for name in _PARTS)
    return Credentials(user_id.strip(), seal.strip(), timestamp, _trimmed(found.get("partnerId")))


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _trimmed(text: str | None) -> str | None:
    return None if text is None else text.strip()[:LONGEST_PART]
