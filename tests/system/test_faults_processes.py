"""Two processes on one PostgreSQL: one is stopped half way, their clocks differ, their rules change."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.database import leads_at
from support.envelopes import Answer, Call, Caller
from support.inside import USER
from support.ledger import Ledger, await_readiness
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.proxy import Message, Proxy, Where, answer_to, of_groups, text
from support.server import Server
from system.places import KEY, declare

TESTS = Path(__file__).parents[1]
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    """The database of all tests here: each brings people of its own."""
    found = postgres.new_database()
    declare(found)
    return found


@pytest.fixture(scope="module")
def start(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server on the database, or on the URL named; `shift` is in seconds."""
    with ExitStack() as stack:

        def start(*options: str, database_url: str = url, shift: int = 0) -> Server:
            paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
            server = Server(
                tmp_path_factory.mktemp("process"),
                database_url=database_url,
                environment=KEY | {"PYTHONPATH": os.pathsep.join(paths)},
                options=options,
                program=[sys.executable, "-m", "support.shifted", str(shift)],
            )
            stack.callback(server.close)
            server.start()
            return server

        yield start


@pytest.fixture(scope="module")
def pair(start: Start) -> tuple[Server, Server]:
    """Two processes whose clocks differ by an hour; callers may be as wrong."""
    window = ("--timestamp-window", "7200")
    return start(*window), start(*window, shift=-3600)


@pytest.fixture(scope="module")
def proxy(url: str) -> Iterator[Proxy]:
    """The network of `stoppable`."""
    with Proxy(url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def stoppable(start: Start, proxy: Proxy) -> Server:
    """A process whose transactions are given 6 s by PostgreSQL, and 2 s to stand still."""
    return start("--statement-timeout", "2", "--lock-timeout", "2", database_url=proxy.url)


def lock_was_answered() -> Where:
    """The server's first answer after a group has asked for the lock together with all its reads."""
    asked: set[int] = set()

    def where(message: Message) -> bool:
        if message.sender == "client" and "FOR UPDATE" in message.text:
            asked.add(message.connection)
        return message.sender == "server" and message.kind == "DataRow" and message.connection in asked

    return where


def stop(server: Server) -> None:
    """SIGSTOP; returns when the process stands still."""
    os.kill(server.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED)


@pytest.mark.parametrize(
    ("where", "arrives", "written"),
    [
        (lock_was_answered(), True, False),
        (of_groups(text("COMMIT")), False, False),
        (of_groups(answer_to("COMMIT")), True, True),
    ],
    ids=["after its reads", "half way through its writes", "after COMMIT"],
)
def test_a_stopped_process_does_not_keep_the_lock(
    url: str, pair: tuple[Server, Server], proxy: Proxy, stoppable: Server, where: Where, arrives: bool, written: bool
) -> None:
    """SIGSTOP in the middle of a transaction: PostgreSQL ends it, and the other process goes on.

    After SIGCONT the stopped one runs its group again, or finds it stored: never doubled.
    """
    ledger, other = Ledger(USER), pair[0]
    apple, pear = (f"{fruit}-{arrives}-{written}" for fruit in ("apple", "pear"))
    assert ledger.attempt(stoppable, "warm").written
    hold = proxy.hold(where)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ledger.attempt, stoppable, apple)
        assert hold.happened.wait(20)
        try:
            stop(stoppable)
            if arrives:
                proxy.release(hold)
            assert ledger.attempt(other, pear).written
            assert not waiting.done()
        finally:
            os.kill(stoppable.pid, signal.SIGCONT)
        if not arrives:
            proxy.release(hold)
        assert waiting.result(timeout=30).written
    await_readiness(stoppable, 200)
    assert ledger.attempt(stoppable, apple).written
    found = {lead.email: lead.id for lead in leads_at(url).values()}
    first, second = [apple, pear] if written else [pear, apple]
    assert found[f"{first}@orchard.example"] + 1 == found[f"{second}@orchard.example"]
    ledger.attempts = [one for one in ledger.attempts if one.person != "warm"]
    ledger.assert_true(url)


def test_clocks_that_differ_by_an_hour_decide_nothing(url: str, pair: tuple[Server, Server]) -> None:
    """The lead that changed last is the one whose change came last, though its time is an hour earlier.

    Times are each process's own; the numbers of changes and activities, handed out under the lock, are the order.
    """
    right, behind = pair
    with right.caller(USER) as first, behind.caller(USER) as second:

        def sync(caller: Caller, **call: Any) -> Answer:
            return caller.sync(Call(return_lead=False, **call))

        # Two leads of one Email: each has a foreign id of its own.
        one = sync(first, foreign_id="tree-1", email="a@orchard.example").lead_id
        two = sync(first, foreign_id="tree-2", email="a@orchard.example").lead_id
        assert one != two
        last = sync(second, foreign_id="tree-1", attributes=(("City", "behind"),))
        by_email = sync(second, email="a@orchard.example", attributes=(("City", "behind again"),))
        again = sync(first, email="a@orchard.example", attributes=(("City", "right"),))
    assert (last.lead_id, by_email.lead_id, again.lead_id) == (one, one, one)
    with closing(psycopg.connect(url)) as connection:
        changes: dict[int | None, int] = dict(connection.execute("SELECT id, change FROM lead").fetchall())
        times = connection.execute(
            "SELECT at FROM activity WHERE lead_id = ANY(%s) ORDER BY id", ([one, two],)
        ).fetchall()
        activities = connection.execute(
            "SELECT lead_id, attributes FROM activity WHERE lead_id = ANY(%s) ORDER BY id", ([one, two],)
        ).fetchall()
    assert changes[one] > changes[two]
    assert times[2] < times[0], "the clocks do not differ: the test shows nothing"
    assert [(lead, attributes.get("New Value")) for lead, attributes in activities] == [
        (one, None),
        (two, None),
        (one, "behind"),
        (one, "behind again"),
        (one, "right"),
    ]


def test_changed_rules_count_at_the_next_call_of_every_process(pair: tuple[Server, Server]) -> None:
    """`synclead apply` changes policy, fields and partitions while two processes serve, each by turns first."""
    with pair[0].caller(USER) as first, pair[1].caller(USER) as second:
        callers = [first, second]
        for turn, caller in enumerate(callers):
            assert caller.sync(Call(email=f"{turn}@rules.example")).status == "CREATED"
        for round in range(2):
            strict = round % 2 == 0
            policy = "fault" if strict else "create"
            name = f"Sugar{round}"
            pair[0].apply(f"""{DECLARATION}
policy = {{ unknown_fields = "{policy}" }}
partitions = [ "Default", "Shelf{round}" ]
fields = [ {{ name = "{name}", type = "integer", label = "{name}", rest_name = "sugar{round}" }} ]
""")
            for number, caller in enumerate(callers[:: 1 if strict else -1]):
                declared = caller.sync(Call(email="0@rules.example", attributes=((name, f"{number}"),)))
                assert declared.record is not None, declared
                assert declared.record.values[name] == f"{number}"
                refused = caller.sync(Call(email="0@rules.example", attributes=((name, "sweet"),)))
                unknown = caller.sync(Call(email="0@rules.example", attributes=((f"New{round}{number}", "1"),)))
                assert (refused.fault_code, unknown.fault_code) == ("20110", "20105" if strict else None)


def test_a_field_made_by_one_process_is_known_by_the_other_at_its_next_call(
    url: str, pair: tuple[Server, Server]
) -> None:
    """A call that names a new field makes it; the next call on the other process finds it, and makes no second."""
    pair[0].apply(f'{DECLARATION}policy = {{ unknown_fields = "create" }}')
    with pair[0].caller(USER) as first, pair[1].caller(USER) as second:
        for turn, (maker, finder) in enumerate([(first, second), (second, first)]):
            for caller in (maker, finder):  # both know the rules from before
                assert caller.sync(Call(email="a@fields.example")).lead_id
            name = f"Pips{turn}"
            made = maker.sync(Call(email="a@fields.example", attributes=((name, "five"),)))
            found = finder.sync(Call(email="a@fields.example", attributes=((name.upper(), "six"),)))
            assert made.record is not None
            assert found.record is not None
            assert (made.record.values[name], found.record.values[name]) == ("five", "six")
            assert name.upper() not in found.record.values
    with closing(psycopg.connect(url)) as connection:
        fields = connection.execute(
            "SELECT soap_name, auto FROM field WHERE soap_name ILIKE 'pips%' ORDER BY soap_name"
        ).fetchall()
    assert fields == [("Pips0", True), ("Pips1", True)]
