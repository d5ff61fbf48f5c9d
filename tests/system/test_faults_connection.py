"""Connections to PostgreSQL that break at any message of a group: every answer of the real server is true."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.database import leads_at
from support.envelopes import lead_key, read_answer, read_leads, wrap
from support.inside import USER
from support.ledger import NOT_KNOWN, NOTHING_WRITTEN, Ledger, await_readiness, clients_that_go_on
from support.postgres import Postgres
from support.proxy import RUNS, Message, Proxy, Sender, Where, answer_to, of_groups, text
from support.raw import post
from support.server import Server
from support.share import share
from synclead.store.directory import FRESH_SECONDS
from system.places import KEY, declare


class Way:
    """A server that reaches its database through a proxy."""

    def __init__(self, postgres: Postgres, folder: Path, stack: ExitStack, *options: str) -> None:
        self.url = postgres.new_database()
        declare(self.url)
        self.proxy = stack.enter_context(Proxy(self.url))
        # The log of calls has a connection of its own, whose messages are not those of a group.
        options = ("--recorded-days=0", *options)
        self.server = Server(folder, database_url=self.proxy.url, environment=KEY, options=options)
        stack.callback(self.server.close)
        self.server.start()
        self.ledger = Ledger(USER)

    def message(self, person: str) -> str:
        """What the client of a call hears that cannot be carried out."""
        answer = self.ledger.attempt(self.server, person).answer
        assert answer is not None
        return answer.message or ""


@pytest.fixture(scope="module")
def way(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """One for all tests here: each brings people of its own and leaves it ready."""
    with ExitStack() as stack:
        yield Way(postgres, tmp_path_factory.mktemp("way"), stack)


class Group:
    """The messages of the next group, and none of the readings and probes on connections beside it.

    Only transactions of calls begin in a pipeline, and while the server is ready and nobody reads only groups are that.
    """

    def __init__(self) -> None:
        self._connection = 0

    def has(self, message: Message) -> bool:
        """Whether the message belongs to it; asked for each message, in order."""
        if not self._connection and message.kind == "Parse" and message.text.startswith("BEGIN "):
            self._connection = message.connection
        return message.connection == self._connection


def nth_of_group(number: int, sender: Sender) -> Where:
    """The n-th message of one side in the next group, counted from 0."""
    group, seen = Group(), itertools.count()
    return lambda message: group.has(message) and message.sender == sender and next(seen) == number


def messages_of_a_group(way: Way, person: str, sender: Sender) -> list[str]:
    """What one side sends for one call that nothing disturbs."""
    way.proxy.forget()
    assert way.ledger.attempt(way.server, person).written
    group = Group()
    return [str(one) for one in list(way.proxy.messages) if group.has(one) and one.sender == sender]


def prepare_statements(way: Way, person: str) -> None:
    """Leaves a connection that knows the statements of every group here: one that is new is sent their texts first."""
    for one in (f"{person}-{len(way.ledger.attempts)}-prepares", person, person):  # the first time it is new, too
        assert way.ledger.attempt(way.server, one).written


def cut_everywhere(
    way: Way, sender: Sender, *, after: bool = False, reset: bool = False, known: bool = False, step: int = 1
) -> None:
    """One call for each message of a group, cut there; the calls are of new people or of one who is `known`."""
    name = f"{sender}-{after}-{reset}-{known}"
    prepare_statements(way, name)
    usual = messages_of_a_group(way, name if known else f"{name}-new", sender)
    assert {"client": "Parse COMMIT", "server": "CommandComplete COMMIT"}[sender] in usual
    for number in range(0, len(usual), step):
        expected = usual[number]
        prepare_statements(way, name)
        cut = way.proxy.cut(nth_of_group(number, sender), after=after, reset=reset)
        attempt = way.ledger.attempt(way.server, name if known else f"{name}-{number}")
        assert [str(one) for one in cut.met] == [expected]
        # One cut is not seen by the client: the group is run again, or found in the database.
        assert attempt.written, f"{number}: {expected}: {attempt.answer}"
        await_readiness(way.server, 200)
        way.proxy.release(cut)
    way.ledger.assert_true(way.url)


def test_a_connection_cut_at_any_message_is_not_seen_by_the_client(way: Way) -> None:
    """Before each message of a group: the call of a new person is acknowledged, and stored once."""
    cut_everywhere(way, "client")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("sender", ["client", "server"])
def test_a_connection_cut_in_any_way_is_not_seen_by_the_client(
    way: Way, sender: Sender, after: bool, reset: bool, known: bool
) -> None:
    """Before or after each message of either side, by FIN or RST, for new people and for one who is known.

    A share of the long tests is every so many messages.
    """
    cut_everywhere(way, sender, after=after, reset=reset, known=known, step=round(1 / share()))


@pytest.mark.parametrize(
    ("where", "after"),
    [(text("COMMIT"), False), (text("COMMIT"), True), (answer_to("COMMIT"), False), (answer_to("COMMIT"), True)],
    ids=["before COMMIT", "after COMMIT", "before its answer", "after its answer"],
)
def test_a_connection_cut_during_commit_is_not_seen_by_the_client(way: Way, where: Where, after: bool) -> None:
    """What the row of the group says decides: it is run again, or was stored already; never both."""
    person = f"commit-{len(way.ledger.attempts)}"
    for _ in range(2):  # the call that makes the person, and one that changes them
        cut = way.proxy.cut(of_groups(where), after=after)
        attempt = way.ledger.attempt(way.server, person)
        assert cut.happened.is_set()
        assert attempt.written, (attempt.answer, [one for one in way.server.log() if one["event"] != "call"][-6:])
        await_readiness(way.server, 200)
    way.ledger.assert_true(way.url)


def test_two_cuts_before_commit_are_a_service_failure(way: Way) -> None:
    """The group was run again, once: 20011 says that nothing was written, and nothing is."""
    cut = way.proxy.cut(of_groups(text("COMMIT")), times=2)
    assert way.message("twice").endswith(NOTHING_WRITTEN)
    way.proxy.release(cut)
    await_readiness(way.server, 200)
    way.ledger.assert_true(way.url)
    assert way.ledger.attempt(way.server, "twice").written


@pytest.mark.parametrize(
    ("where", "stored"), [(text("COMMIT"), False), (answer_to("COMMIT"), True)], ids=["unsent", "unanswered"]
)
def test_a_commit_whose_outcome_nobody_can_say(way: Way, where: Where, stored: bool) -> None:
    """The connection breaks at COMMIT and no other is to be had: 20011 says that the outcome is not known.

    Not ready until the database is there; whoever repeats the call is one person.
    """
    person = f"unknown-{stored}"
    hold = way.proxy.hold(of_groups(where))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(way.message, person)
        assert hold.happened.wait(10)
        way.proxy.refuse()
        way.proxy.cut_all()
        assert waiting.result(timeout=30).endswith(NOT_KNOWN)
    way.proxy.release(hold)
    assert way.server.get("/readyz") == 503
    way.proxy.accept()
    await_readiness(way.server, 200)
    emails = {lead.email for lead in leads_at(way.url).values()}
    assert (f"{person}@orchard.example" in emails) is stored
    repeated = way.ledger.attempt(way.server, person).answer
    assert repeated is not None
    assert repeated.status == ("UPDATED" if stored else "CREATED")
    way.ledger.assert_true(way.url)


def test_a_database_that_nobody_can_reach(way: Way) -> None:
    """Calls hear at once that nothing was written; when it is there again, so is the server."""
    assert way.ledger.attempt(way.server, "near").written  # now the server knows the user
    way.proxy.refuse()
    way.proxy.cut_all()
    assert way.message("away").endswith(NOTHING_WRITTEN)
    assert way.server.get("/readyz") == 503
    assert way.server.get("/healthz") == 200
    way.proxy.accept()
    await_readiness(way.server, 200)
    assert way.ledger.attempt(way.server, "away").written
    way.ledger.assert_true(way.url)


def test_a_read_of_a_database_that_nobody_can_reach(way: Way) -> None:
    """getLead hears 20011 and the server is not ready, though nobody wrote, until the database is there again.

    A connection that broke at rest is not heard of.
    """
    assert way.ledger.attempt(way.server, "read").written
    key = lead_key("EMAIL", "read@orchard.example")

    def read() -> tuple[int, bytes]:
        return post(way.server.port, wrap(key, USER))

    assert len(read_leads(read()[1])) == 1
    way.proxy.cut_all()
    assert len(read_leads(read()[1])) == 1
    await_readiness(way.server, 200)
    way.proxy.refuse()
    way.proxy.cut_all()
    answer = read_answer(*read())
    assert answer.fault_code == "20011"
    assert (answer.message or "").endswith(NOTHING_WRITTEN)
    assert way.server.get("/readyz") == 503
    way.proxy.accept()
    await_readiness(way.server, 200)
    assert len(read_leads(read()[1])) == 1


def test_a_network_that_breaks_again_and_again_under_load(way: Way) -> None:
    """Ten breaks under eight clients: each call is stored exactly when its client was told so, at most once."""
    with clients_that_go_on(way.ledger, [way.server], 8) as await_written:
        for number in range(10):
            await_written(10)
            way.proxy.cut_all(reset=number % 2 == 1)
    await_readiness(way.server, 200)
    way.ledger.assert_true(way.url)


@pytest.mark.long
def test_a_network_that_swallows_everything(postgres: Postgres, tmp_path: Path) -> None:
    """Nothing comes back and nothing breaks: every call is answered in time, whoever calls, also who is not known yet.

    When the network lives again, so does the server.
    """
    limits = ("--lock-timeout", "1", "--statement-timeout", "1", "--call-timeout", "3")
    with ExitStack() as stack:
        way = Way(postgres, tmp_path, stack, *limits)
        assert way.ledger.attempt(way.server, "early").written
        dead = way.proxy.swallow()
        began = time.monotonic()
        pool = stack.enter_context(ThreadPoolExecutor(4))
        waiting = [pool.submit(way.ledger.attempt, way.server, f"late-{number}") for number in range(3)]
        assert not [one.result(timeout=25).written for one in waiting if one.result(timeout=25).written]
        assert way.server.get("/readyz") == 503
        # What is known of API users is too old by now.
        while time.monotonic() < began + FRESH_SECONDS:
            time.sleep(0.1)
        assert way.ledger.attempt(way.server, "later").written is False
        assert way.server.get("/healthz") == 200
        way.proxy.release(dead)
        await_readiness(way.server, 200)
        assert way.ledger.attempt(way.server, "later").written
        way.ledger.assert_true(way.url)
        assert way.server.stop() == 0


def test_a_reading_of_users_that_breaks_is_not_seen_by_the_client(postgres: Postgres, tmp_path: Path) -> None:
    """Nobody is known yet, all who come wait for one reading, and its connection breaks: it is tried again, once."""
    with ExitStack() as stack:
        way = Way(postgres, tmp_path, stack)
        cut = way.proxy.cut(lambda message: message.kind in RUNS and "FROM api_user" in message.text)
        pool = stack.enter_context(ThreadPoolExecutor(4))
        attempts = list(pool.map(lambda number: way.ledger.attempt(way.server, f"first-{number}"), range(4)))
        assert len(cut.met) == 1
        assert [one.written for one in attempts] == [True] * 4
