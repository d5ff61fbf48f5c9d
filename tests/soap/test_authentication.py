"""Who calls, and in which order that is refused."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from synclead.leads.errors import SyncleadError
from synclead.soap.authentication import (
    AccessDeniedError,
    AuthenticationFailedError,
    Caller,
    Credentials,
    RequestExpiredError,
    authenticate,
    read_credentials,
)
from synclead.soap.signature import sign

NOW = datetime(2024, 5, 1, 7, 30, tzinfo=UTC)
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True)
class _User:
    keys: tuple[bytes, ...] = (b"new", b"old")
    disabled: bool = False
    demo: bool = False


class _Users:
    def __init__(self, **users: _User) -> None:
        self._users = users

    async def user(self, user_id: str, *, newest: bool = False) -> _User | None:
        return self._users.get(user_id)


USERS = _Users(anna=_User(), blocked=_User(disabled=True), demo=_User(demo=True))


def _call(
    user: str = "anna", key: bytes = b"new", timestamp: str = "2024-05-01T07:30:00Z", demo: bool = False
) -> Caller[_User]:
    credentials = Credentials(user, sign(key, timestamp, user), timestamp, None)
    return asyncio.run(authenticate(credentials, USERS, now=NOW, window=WINDOW, demo=demo))


def _header(xml: str) -> list[etree._Element]:
    return list(etree.fromstring(f'<h xmlns:n="http://www.marketo.com/mktows/">{xml}</h>'))


def test_a_right_signature_authenticates() -> None:
    """Both keys of a user sign while they rotate; the answer says how the clocks differ."""
    assert _call().user_id == "anna"
    assert _call(key=b"old", timestamp="2024-05-01T07:29:00Z").clock_difference == -60


def test_a_key_that_was_just_changed_signs() -> None:
    """A signature that is wrong by the known key is checked by the newest configuration before it is refused."""

    class Changed(_Users):
        async def user(self, user_id: str, *, newest: bool = False) -> _User | None:
            return _User(keys=(b"changed",)) if newest else _User()

    credentials = Credentials("anna", sign(b"changed", "2024-05-01T07:30:00Z", "anna"), "2024-05-01T07:30:00Z", None)
    found = asyncio.run(authenticate(credentials, Changed(), now=NOW, window=WINDOW, demo=False))
    assert found.user.keys == (b"changed",)


def test_the_three_failures_answer_the_same() -> None:
    """Unknown user, wrong signature and unreadable timestamp differ in the log alone."""
    caught: list[AuthenticationFailedError] = []
    for user, key, timestamp in [
        ("nobody", b"new", "2024-05-01T07:30:00Z"),
        ("anna", b"wrong", "2024-05-01T07:30:00Z"),
        ("anna", b"new", "yesterday"),
    ]:
        with pytest.raises(AuthenticationFailedError) as failure:
            _call(user, key, timestamp)
        caught.append(failure.value)
    assert {(error.code, error.text, error.message) for error in caught} == {
        (20014, "Authentication failed", "Authentication failed")
    }
    assert [error.reason for error in caught] == [
        "unknown user",
        "wrong signature",
        "timestamp cannot be read",
    ]
    assert [error.clock_difference for error in caught] == [0, 0, None]


@pytest.mark.parametrize(
    ("user", "key", "timestamp", "error"),
    [
        ("blocked", b"wrong", "2020-01-01T00:00:00Z", AuthenticationFailedError),
        ("blocked", b"new", "never", AuthenticationFailedError),
        ("blocked", b"new", "2020-01-01T00:00:00Z", AccessDeniedError),
        ("anna", b"wrong", "2020-01-01T00:00:00Z", AuthenticationFailedError),
        ("anna", b"new", "2020-01-01T00:00:00Z", RequestExpiredError),
    ],
)
def test_refusals_come_in_order(user: str, key: bytes, timestamp: str, error: type[SyncleadError]) -> None:
    """Only who signs right learns that the user is disabled, and only then that time ran out."""
    with pytest.raises(error):
        _call(user, key, timestamp)


@pytest.mark.parametrize("seconds", [-900, 900])
def test_the_window_reaches_both_ways(seconds: int) -> None:
    """Fifteen minutes before and after are in time, a second more is not."""
    edge = NOW + timedelta(seconds=seconds)
    assert _call(timestamp=edge.isoformat()).clock_difference == seconds
    beyond = edge + timedelta(seconds=1 if seconds > 0 else -1)
    with pytest.raises(RequestExpiredError) as caught:
        _call(timestamp=beyond.isoformat())
    assert caught.value.code == 20016


def test_the_demo_user_is_unknown_outside_a_demo() -> None:
    """The published key opens nothing in a process that was not started as a demo."""
    assert _call("demo", demo=True).user.demo
    with pytest.raises(AuthenticationFailedError, match="Authentication failed"):
        _call("demo", demo=False)


def test_credentials_are_read_by_local_name() -> None:
    """Children count in any namespace and order; comments split no text; unknown children are ignored."""
    found = read_credentials(
        _header(
            "<other/><n:AuthenticationHeader><n:requestTimestamp> t </n:requestTimestamp>"
            "<mktowsUserId>\n anna </mktowsUserId><requestSignature> s\n</requestSignature>"
            "<partnerId>p</partnerId><audit>1</audit><mode>x</mode></n:AuthenticationHeader>"
        )
    )
    assert found == Credentials("anna", "s", " t ", "p")


PARTS = "<mktowsUserId>u</mktowsUserId><requestSignature>s</requestSignature><requestTimestamp>t</requestTimestamp>"


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("", "no AuthenticationHeader"),
        ("<AuthenticationHeader/>", "mktowsUserId is missing"),
        (
            f"<AuthenticationHeader>{PARTS.replace('>t<', '> <')}</AuthenticationHeader>",
            "requestTimestamp is missing",
        ),
        (
            f"<AuthenticationHeader>{PARTS}<mktowsUserId>v</mktowsUserId></AuthenticationHeader>",
            "mktowsUserId comes twice",
        ),
        (f"<AuthenticationHeader>{PARTS}</AuthenticationHeader>" * 2, "two AuthenticationHeaders"),
        (
            f"<AuthenticationHeader>{PARTS.replace('>s<', '>' + 's' * 256 + '<')}</AuthenticationHeader>",
            "requestSignature is longer than 255 characters",
        ),
    ],
)
def test_incomplete_headers_are_refused(xml: str, reason: str) -> None:
    """A header that is missing, incomplete, repeated or too long is 20014; the log says which."""
    with pytest.raises(AuthenticationFailedError) as caught:
        read_credentials(_header(xml))
    assert caught.value.reason == reason
    assert caught.value.code == 20014


def test_a_blank_repeat_is_no_repeat() -> None:
    """A second element without content is absent."""
    xml = f"<AuthenticationHeader>{PARTS}<mktowsUserId> </mktowsUserId></AuthenticationHeader>"
    assert read_credentials(_header(xml)).user_id == "u"
