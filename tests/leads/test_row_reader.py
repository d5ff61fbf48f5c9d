"""A row is read as the record that it is: `read_record` says what it must come to."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from support.world import subscription
from synclead.leads.columns import Columns, RowOptions, read_columns
from synclead.leads.errors import SyncleadError
from synclead.leads.fields import Catalogue, Field
from synclead.leads.read import read_record
from synclead.leads.record import SyncRequest
from synclead.leads.row_reader import RowReader
from synclead.leads.subscription import Subscription

SHOE = Field("ShoeSize", "ShoeSize", "shoeSize", "Shoe size", "integer")
CELLS = {
    "Email": ["a@e.com", " B@E.com ", "", " ", "none", "é@e.com"],
    "FirstName": ["A", " a ", "", "x" * 300, "a\tb", "\x01", "\u2028", "\ud800"],
    "Notes": ["text ", "", "\n", "\ufffe"],
    "ShoeSize": ["7", "007", "seven", "", " "],
    "LeadScore": ["1", "-1", "1.5", ""],
    "urgency": ["1", "", "2"],
    "Pants": ["long", ""],
    "Id": ["7", "", "0", "x", " "],
    "ForeignSysPersonId": ["F", "F|G", "", "||", "\x02"],
    "ForeignSysType": ["SFDC", "", "bad", "SFDC|CUSTOM"],
    "Cookie": ["_mch-e.com-1", "1 2", "", "_mch-e.com-1|_mch-e.com-2|3 4"],
    "Partition": ["europe", "", "Nowhere", " "],
    "createdAt": ["2026-01-01T00:00:00Z", "", "yesterday"],
    "lastChange": ["7", "", "x"],
}
"""Headers, and what stands under them."""
POLICIES: list[dict[str, object]] = [
    {},
    {"preset": "forgiving"},
    {"bad_value": "skip", "require_foreign_sys_type": True},
    {"bad_cookie": "ignore", "unknown_fields": "create"},
]


def come_to(read: Callable[..., SyncRequest], *given: object) -> object:
    """The request, or what is told of a refusal."""
    try:
        return read(*given)
    except SyncleadError as refusal:
        return type(refusal), refusal.message, refusal.public


def rules(chance: random.Random) -> Subscription:
    """A subscription with a field of its own."""
    workspaces = chance.choice([None, {"EMEA": "Europe", "Default": "Default"}])
    made = subscription(policy=chance.choice(POLICIES), workspaces=workspaces)
    return replace(made, catalogue=Catalogue([SHOE]))


def columns(chance: random.Random, owner: Subscription) -> Columns | None:
    """Some columns; None where such a file is refused."""
    header = chance.sample(sorted(CELLS), k=chance.randint(1, 7))
    options = RowOptions(chance.random() < 0.4, chance.random() < 0.4, chance.choice([None, "EMEA", "Default"]))
    try:
        return read_columns(header, owner, options)
    except ValueError:
        return None


@pytest.mark.parametrize("seed", range(8))
def test_rows_are_read_as_their_records(seed: int) -> None:
    """Whatever the columns, the policies and the cells; in order or not."""
    chance = random.Random(seed)
    requests = refusals = 0
    while requests < 400 or refusals < 400:
        owner = rules(chance)
        made = columns(chance, owner)
        if made is None:
            continue
        reader = RowReader(made)
        header = sorted([*[(place, name) for name, place in made.places.items()], *made.attributes])
        for _ in range(8):
            # Two values in three are the first one of their column, which is good.
            cells = [chance.choice([*CELLS[name][:1] * 9, *CELLS[name]]) for _, name in header]

            found = come_to(reader.read, cells, owner)

            record = made.record(cells)
            assert found == come_to(read_record, record, owner), (header, cells)
            if isinstance(found, SyncRequest):
                requests += 1
                assert list(found.values) == list(read_record(record, owner).values)
            else:
                refusals += 1


def test_rules_that_changed_count_from_the_next_row_on() -> None:
    """A field that was made in between, or one whose limit is another, is read by the new rules."""
    before = replace(subscription(policy={"unknown_fields": "create"}), catalogue=Catalogue())
    after = replace(before, catalogue=Catalogue([SHOE]))
    reader = RowReader(read_columns(("Email", "ShoeSize"), before, RowOptions()))

    assert list(reader.read(["a@e.com", "007"], before).unknown.values()) == ["007"]
    assert reader.read(["a@e.com", "007"], after).values == {"ShoeSize": "7"}
    assert reader.read(["a@e.com", "007"], before).values == {}
