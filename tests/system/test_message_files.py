"""Every exchange in tests/messages, over HTTP with the real server, each against a subscription of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.contract import assert_keeps_contract
from support.envelopes import Call, Credentials
from support.inside import USER
from support.messages import NAMES, canonical, expected, request, status
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


def user(name: str) -> Credentials:
    """The API user of the file's subscription."""
    return Credentials(f"orchard_{SERVED.index(name)}", USER.key)


def declaration() -> str:
    """A subscription a file; the account that the cookies name belongs to the one file that needs it."""
    return "".join(
        f"""
[[subscription]]
name = "{name}"
munchkin_account = "{"100-AEK-913" if name == WITH_COOKIE else f"{number:03d}-ORC-100"}"
first_lead_id = 7
api_users = [ {{ id = "{user(name).user}", encryption_key = "{USER.key}" }} ]
"""
        for number, name in enumerate(SERVED)
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_url: Callable[[Path], str]) -> Iterator[Server]:
    """A server whose subscriptions all hold the known leads: 7 and 9, and a forgotten 8."""
    known = [
        Call(email="pippin@orchard.example", attributes=(("FirstName", "Peter"), ("LastName", "Pippin"))),
        Call(email="forgotten@orchard.example"),
        Call(email="cox@orchard.example", foreign_id="X", attributes=(("LastName", "Cox"),)),
    ]
    folder = tmp_path_factory.mktemp("messages")
    with running_server(folder, declaration(), options=ANY_TIME, database_url=new_url(folder)) as running:
        running.run("visitor", "add", "_mch-example.com-browser", "--subscription", WITH_COOKIE)
        for name in SERVED:
            with running.caller(user(name)) as caller:
                assert [caller.sync(call).lead_id for call in known] == [7, 8, 9]
        running.run("lead", "forget", "8", "--yes", "--subscription", "fault-20103-unknown-id")
        yield running


@pytest.mark.parametrize("name", SERVED)
def test_a_request_is_answered_as_its_file_says(server: Server, name: str) -> None:
    """The whole way through HTTP, queue and database makes no difference but the number of a new lead."""
    got, body = post(server.port, request(name, user(name)))
    new_lead = expected(name).replace(b">1000<", f">{NEXT_LEAD}<".encode())
    assert canonical(body) == canonical(new_lead)
    assert got == status(name)
    assert_keeps_contract(body)
