"""Every exchange in tests/messages, over HTTP with the real server. What writes has a subscription of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.contract import assert_keeps_contract
from support.envelopes import Call, Credentials
from support.inside import USER
from support.messages import NAMES, READS, canonical, expected, request, status
from support.raw import post
from support.server import Server, running_server

# On PostgreSQL with the long tests: there the other tests of this folder say the same of fewer messages.
pytestmark = pytest.mark.parametrize(
    "new_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True, scope="module"
)
# The clock of this server cannot be set, so the files' timestamps are all in time and none is ever expired.
SERVED = [name for name in NAMES if name != "fault-20016-expired"]
ANY_TIME = ["--timestamp-window", str(10**9)]
NEXT_LEAD = 10
WITH_COOKIE = "web-form-with-cookie"


def subscription(name: str) -> str:
    """The subscription that a file is sent to."""
    return "reads" if name in READS else name


SUBSCRIPTIONS = sorted({subscription(name) for name in SERVED})
ACCOUNTS = {WITH_COOKIE: "100-AEK-913"}
"""The accounts that the cookies name; other subscriptions have one that nobody names."""
ALIASES = {"reads": "100-AEK-913"}


def user(name: str) -> Credentials:
    """The API user of the file's subscription."""
    return Credentials(f"orchard_{SUBSCRIPTIONS.index(subscription(name))}", USER.key)


def declaration() -> str:
    """The subscriptions."""
    return "".join(
        f"""
[[subscription]]
name = "{name}"
munchkin_account = "{ACCOUNTS.get(name, f"{number:03d}-ORC-100")}"
munchkin_aliases = {[ALIASES[name]] if name in ALIASES else []}
first_lead_id = 7
api_users = [ {{ id = "orchard_{number}", encryption_key = "{USER.key}" }} ]
"""
        for number, name in enumerate(SUBSCRIPTIONS)
    )


KNOWN = [
    Call(email="pippin@orchard.example", attributes=(("FirstName", "Peter"), ("LastName", "Pippin"))),
    Call(email="forgotten@orchard.example"),
    Call(email="cox@orchard.example", foreign_id="X", attributes=(("LastName", "Cox"),)),
]
MULBERRIES = [
    Call(
        email="mulberry@orchard.example",
        foreign_id="003A000000abcde",
        foreign_type="SFDC",
        cookie="_mch-example.com-known",
    ),
    Call(
        email="Mulberry@orchard.example",
        foreign_id="003A000000ABCDE",
        foreign_type="SFDC",
        attributes=(("FirstName", "Mary Ann"), ("AnnualRevenue", "1250.5"), ("DoNotCall", "1")),
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_url: Callable[[Path], str]) -> Iterator[Server]:
    """A server whose subscriptions all hold the known leads: 7 and 9, and 8, which one of them forgot."""
    folder = tmp_path_factory.mktemp("messages")
    with running_server(folder, declaration(), options=ANY_TIME, database_url=new_url(folder)) as running:
        for name in (WITH_COOKIE, "reads"):
            added = running.command_here("visitor", "add", "_mch-example.com-browser", "--subscription", name)
            assert added.code == 0, added.err
        for number, name in enumerate(SUBSCRIPTIONS):
            known = [*KNOWN, *MULBERRIES] if name == "reads" else KNOWN
            with running.caller(Credentials(f"orchard_{number}", USER.key)) as caller:
                assert [caller.sync(call).lead_id for call in known] == [7, 8, 9, 10, 11][: len(known)]
        forgot = running.command_here("lead", "forget", "8", "--yes", "--subscription", "fault-20103-unknown-id")
        assert forgot.code == 0, forgot.err
        yield running


@pytest.mark.parametrize("name", SERVED)
def test_a_request_is_answered_as_its_file_says(server: Server, name: str) -> None:
    """The whole way through HTTP, queue and database makes no difference but the number of a new lead."""
    got, body = post(server.port, request(name, user(name)))
    new_lead = expected(name).replace(b">1000<", f">{NEXT_LEAD}<".encode())
    assert canonical(body) == canonical(new_lead)
    assert got == status(name)
    assert_keeps_contract(body)
