"""The proxy of the tests does what a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from support.postgres import Postgres
from support.proxy import Proxy, answer_to, nth, text


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    """A proxy before an empty database."""
    url = postgres.empty_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE apple (name text)")
    with Proxy(url) as proxy:
        yield proxy


def eat(proxy: Proxy, name: str) -> None:
    """One transaction of three statements in one round trip."""
    with psycopg.connect(proxy.url, autocommit=True) as connection, connection.pipeline():
        connection.execute("BEGIN")
        connection.execute("INSERT INTO apple VALUES (%s)", (name,))
        connection.execute("COMMIT")


def eaten(proxy: Proxy) -> list[str]:
    """What is in the database."""
    with psycopg.connect(proxy.url) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM apple ORDER BY name")]


def test_messages_are_seen_in_order(proxy: Proxy) -> None:
    """Both sides' messages are there, with their SQL and their tags, and all arrives."""
    eat(proxy, "Boskoop")

    client = [str(one) for one in proxy.messages if one.sender == "client"]
    assert client[0] == "Startup"
    assert client[1:6] == ["Parse BEGIN", "Bind BEGIN", "Describe", "Execute", "Parse INSERT"]
    commit = client.index("Parse COMMIT")
    assert client[commit + 1 : commit + 5] == ["Bind COMMIT", "Describe", "Execute", "Sync"]
    tags = [one.text for one in proxy.messages if one.kind == "CommandComplete"]
    assert tags == ["BEGIN", "INSERT 0 1", "COMMIT"]
    assert eaten(proxy) == ["Boskoop"]


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_before_commit_and_one_before_its_answer(proxy: Proxy, reset: bool) -> None:
    """The client hears nothing of either; what was cut after COMMIT is in the database."""
    for name, cut in (
        ("before", proxy.cut(text("COMMIT"), reset=reset)),
        ("unanswered", proxy.cut(answer_to("COMMIT"), reset=reset)),
    ):
        with pytest.raises(psycopg.OperationalError):
            eat(proxy, name)
        assert cut.happened.is_set()
    assert eaten(proxy) == ["unanswered"]


@pytest.mark.parametrize(("after", "arrived"), [(False, 0), (True, 1)])
def test_a_cut_at_the_nth_message(proxy: Proxy, after: bool, arrived: int) -> None:
    """Counted from 0 from when it is set; `after` passes the message on first."""
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        proxy.cut(nth(1), after=after)
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("INSERT INTO apple VALUES ('Cox')")
    assert len(eaten(proxy)) == arrived


def test_a_held_message_arrives_when_it_is_let_go(proxy: Proxy) -> None:
    """Meanwhile other connections work."""
    hold = proxy.hold(text("COMMIT"))
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO apple VALUES ('Elstar')")
        commit = threading.Thread(target=connection.execute, args=("COMMIT",))
        commit.start()
        assert hold.happened.wait(10)
        assert eaten(proxy) == []
        proxy.release(hold)
        commit.join(10)
        assert eaten(proxy) == ["Elstar"]


def test_a_dead_network_answers_nothing(proxy: Proxy) -> None:
    """Connections are taken and hear nothing, until it lives again."""
    dead = proxy.swallow()
    with pytest.raises(psycopg.OperationalError, match="timeout"):
        psycopg.connect(proxy.url, connect_timeout=2)
    proxy.release(dead)
    assert eaten(proxy) == []


def test_nobody_connects_while_it_refuses(proxy: Proxy) -> None:
    """Connections that are there go on; all can be ended at once."""
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        proxy.refuse()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(proxy.url)
        connection.execute("SELECT 1")
        proxy.cut_all()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    proxy.accept()
    assert eaten(proxy) == []
