"""Many clients bring the same new person at the same moment: one lead a key, and no change is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.database import StoredLead, changes_of, leads
from support.envelopes import Answer, Call
from support.inside import USER
from support.load import all_at_once
from support.orchard import DECLARATION
from support.server import Server, running_server

CLIENTS = 64
VISITORS = ("_mch-orchard.example-1", "_mch-orchard.example-2")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_url: Callable[[Path], str]) -> Iterator[Server]:
    """A server of its own: these tests count all leads."""
    folder = tmp_path_factory.mktemp("concurrency")
    with running_server(folder, DECLARATION, database_url=new_url(folder)) as running:
        for token in VISITORS:
            running.run("visitor", "add", token)
        yield running


def cased(text: str, number: int) -> str:
    """The text with the letters in upper case that the number's bits name."""
    return "".join(one.upper() if number >> (place % 6) & 1 else one for place, one in enumerate(text))


# (the key, the call of client `number`, how many of the clients are told CREATED)
KEYS: list[tuple[str, Callable[[int], Call], int]] = [
    ("an Email", lambda number: Call(email="new@orchard.example", attributes=(("City", str(number)),)), 1),
    ("an Email in 64 spellings", lambda number: Call(email=cased("cased@orchard.example", number)), 1),
    ("an Email attribute", lambda _: Call(attributes=(("Email", "attribute@orchard.example"),)), 1),
    ("a foreign id", lambda number: Call(foreign_id="tree-1", attributes=(("City", str(number)),)), 1),
    ("an SFDC id in both lengths", lambda number: Call(foreign_id="003D000000aBcDe" + "IAK" * (number % 2), foreign_type="SFDC"), 1),
    ("a foreign id and an Email", lambda _: Call(foreign_id="tree-2", email="two@orchard.example"), 1),
    ("a foreign id or an Email of a person", lambda number: Call(foreign_id="tree-3", email=f"{number}@orchard.example"), 1),
    ("a new cookie and an Email", lambda _: Call(email="c@orchard.example", cookie="_mch-orchard.example-3"), 1),
    ("a visitor's cookie", lambda _: Call(cookie=VISITORS[0]), 0),
    ("a visitor's cookie and an Email", lambda _: Call(cookie=VISITORS[1], email="v@orchard.example"), 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def answers(server: Server) -> dict[str, list[Answer]]:
    """What all clients were answered, by the key that they brought."""
    found = all_at_once(server, USER, CLIENTS, [call for _, call, _ in KEYS])
    return dict(zip([key for key, _, _ in KEYS], found, strict=True))


@pytest.mark.parametrize(("key", "created"), [(key, created) for key, _, created in KEYS])
def test_a_new_key_makes_one_lead(server: Server, answers: dict[str, list[Answer]], key: str, created: int) -> None:
    """All clients are answered with one Id, at most one with CREATED; the lead's history begins once."""
    got = answers[key]
    assert [one.message for one in got if one.fault_code] == []
    assert len({one.lead_id for one in got}) == 1
    assert sum(one.status == "CREATED" for one in got) == created
    lead = leads(server)[got[0].lead_id or 0]
    assert lead.activities.count("New Lead") == 1
    assert lead.activities[0] == "New Lead"


def test_there_are_as_many_leads_as_people(server: Server, answers: dict[str, list[Answer]]) -> None:
    """No lead beside those that were answered; Ids without a gap, since none is spent on an update."""
    answered = {one.lead_id for got in answers.values() for one in got}
    assert set(leads(server)) == answered == set(range(1, len(KEYS) + 1))


@pytest.mark.parametrize("key", ["an Email", "a foreign id"])
def test_no_change_is_lost_between_clients(server: Server, answers: dict[str, list[Answer]], key: str) -> None:
    """The 63 changes after the creation follow one another: each starts from what the one before left."""
    lead: StoredLead = leads(server)[answers[key][0].lead_id or 0]
    changes = changes_of(server, lead.id, "City")
    assert len(changes) == CLIENTS - 1
    assert [old for old, _ in changes[1:]] == [new for _, new in changes[:-1]]
    assert lead.values["City"] == changes[-1][1]
    assert {changes[0][0], *(new for _, new in changes)} == {str(number) for number in range(CLIENTS)}


def test_each_answer_shows_the_caller_s_own_value(answers: dict[str, list[Answer]]) -> None:
    """Calls that travel in one group do not see each other's answers."""
    for number, answer in enumerate(answers["an Email"]):
        assert answer.record is not None
        assert answer.record.values["City"] == str(number)
