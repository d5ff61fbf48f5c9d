"""The running server and the model give the same answers to the same calls, and keep the same leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from support.envelopes import Answer, Call
from support.server import Server
from support.share import of_share, share
from system.calls import EMAILS, attributes, calls, tokens
from system.model import CHANGE, KEY_MOVED, MERGE, NEW_LEAD, Lead, Model
from system.model_values import email_key
from system.subscriptions import PRESETS, Subscription, World

STRICT_PLACES = ["BBB", "BBB", "DDD", "DDD"]  # more of those where a workspace can refuse


class Pair:
    """A subscription of the server beside its model, with keys that no other example has."""

    def __init__(self, world: World, subscription: Subscription, example: int) -> None:
        self.world = world
        self.subscription = subscription
        self.example = example
        self.caller = world.caller(subscription)
        self.last: Call | None = None
        # Where the ids of this example begin the server must say: a failed one before may have confused the count.
        before = self.caller.sync(Call(email=f"before@{example}.example"))
        assert before.lead_id is not None, before
        self.first_id = before.lead_id + 1
        self.model = Model(replace(subscription.setup, first_lead_id=self.first_id))
        self.model.reader.created_fields = subscription.created_fields

    def local(self, call: Call) -> Call:
        """The call with the keys of this example and the account of this subscription."""
        lead_id, setup = call.id, self.subscription.setup
        if lead_id is not None:
            lead_id = lead_id[1:] if lead_id[:1] == "=" else str(self.first_id + int(lead_id))
        cookie = call.cookie
        if cookie is not None:
            cookie = self.key(cookie).replace("ACCOUNT", setup.account).replace("ALIAS", setup.aliases[0])
        return replace(
            call,
            id=lead_id,
            email=None if call.email is None else self.key(call.email),
            foreign_id=None if call.foreign_id is None else self.key(call.foreign_id),
            cookie=cookie,
            attributes=tuple(
                # Few names that callers make: the subscription keeps them all.
                (name.replace("#", str(self.example % 20)), self.key(value))
                for name, value in call.attributes
            ),
        )

    def key(self, text: str) -> str:
        """The text with the number of the example in its places."""
        return text.replace("#", str(self.example)).replace("%abc", f"{self.example:05d}abc")

    def sync(self, call: Call) -> Answer:
        """Asks both, and holds them against each other."""
        expected = self.model.sync(call)
        got = self.caller.sync(call)
        seen = Answer(fault_code=got.fault_code) if expected.fault_code else got
        assert seen == expected, f"{call}\nexpected {expected}\ngot      {got.message or got}"
        self.last = call if expected.fault_code is None else self.last
        return expected

    def lead(self, number: int) -> Lead:
        """One of the known leads."""
        known = list(self.model.leads.values())
        return known[number % len(known)]

    def check_all(self) -> None:
        """Every lead of the model is the server's, in all that is kept of it, and no other has its Email."""
        remaining = list(self.model.leads.values())
        while remaining:
            first, key = remaining[0], email_key(remaining[0].email or "")
            asked = remaining[:1] if not key else [one for one in remaining if email_key(one.email or "") == key]
            remaining = [one for one in remaining if one not in asked]
            shown = self.world.show(self.subscription, key or str(first.id))
            kept = sorted(map(kept_of, shown), key=lambda one: one["id"])
            assert kept == sorted(map(expected_of, asked), key=lambda one: one["id"]), f"{shown}\n{asked}"


def kept_of(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What `lead show --json` says, as far as the model knows it."""
    names = (NEW_LEAD, CHANGE, MERGE)
    return {
        "id": shown["id"],
        "email": shown["email"],
        "partition": shown["partition"],
        "known": shown["known"],
        "foreign_ids": [(one["type"], one["id"]) for one in shown["foreign_ids"]],
        "cookies": set(shown["cookies"]),
        "fields": {name: moment(value) for name, value in shown["fields"].items() if name != "Email"},
        "activities": Counter(one["type"] if one["type"] in names else KEY_MOVED for one in shown["activities"]),
    }


def expected_of(lead: Lead) -> dict[str, Any]:
    """The same of the model's lead."""
    return {
        "id": lead.id,
        "email": lead.email,
        "partition": lead.partition,
        "known": True,
        "foreign_ids": lead.foreign,
        "cookies": lead.cookies,
        "fields": {name: moment(value) for name, value in lead.values.items()},
        "activities": Counter(lead.activities),
    }


def moment(text: str) -> str | datetime:
    """Texts of one moment are equal whatever their zone."""
    return datetime.fromisoformat(text) if text[10:11] == "T" else text


class Agreement(RuleBasedStateMachine):
    """Two subscriptions are called with the same keys; neither may notice the other."""

    world: World

    @initialize(presets=st.lists(st.sampled_from([*PRESETS, *STRICT_PLACES]), min_size=2, max_size=2))
    def begin(self, presets: list[str]) -> None:
        self.world.examples += 1
        self.pairs = [
            Pair(self.world, self.world.take(preset, place), self.world.examples)
            for place, preset in enumerate(presets)
        ]

    @rule(which=st.integers(0, 1), call=calls(plain=True))
    def sync_plainly(self, which: int, call: Call) -> None:
        self.pairs[which].sync(self.pairs[which].local(call))

    @rule(which=st.integers(0, 1), call=calls(plain=True))
    def sync_plainly_again(self, which: int, call: Call) -> None:
        self.sync_plainly(which, call)

    @rule(which=st.integers(0, 1), call=calls())
    def sync(self, which: int, call: Call) -> None:
        self.pairs[which].sync(self.pairs[which].local(call))

    @rule(which=st.integers(0, 1), attributes=attributes, email=st.sampled_from(EMAILS))
    def set_values(self, which: int, attributes: list[tuple[str, str]], email: str) -> None:
        self.sync(which, Call(email=email, attributes=tuple(attributes)))

    @precondition(lambda self: any(pair.last for pair in self.pairs))
    @rule(which=st.integers(0, 1))
    def repeat(self, which: int) -> None:
        """A call at once again changes nothing; only its workspace may be out of reach by then."""
        pair = self.pairs[which] if self.pairs[which].last else self.pairs[1 - which]
        assert pair.last is not None
        first = pair.sync(pair.last)
        before = repr(pair.model.leads)
        again = pair.sync(pair.last)
        assert repr(pair.model.leads) == before
        if first.fault_code is not None:  # its lead may have been forgotten since
            assert again.fault_code == first.fault_code
        elif again.fault_code is None:
            assert (again.status, again.lead_id) == ("UPDATED", first.lead_id)
        else:
            assert again.fault_code == "20106"

    @precondition(lambda self: any(pair.model.leads for pair in self.pairs))
    @rule(which=st.integers(0, 1), number=st.integers(0, 5))
    def send_back(self, which: int, number: int) -> None:
        """A record sent back as it was shown changes nothing."""
        pair = self.pairs[which] if self.pairs[which].model.leads else self.pairs[1 - which]
        lead = pair.lead(number)
        record = pair.model.record(lead)
        before = repr(pair.model.leads)
        answer = pair.sync(
            Call(
                id=str(record.id),
                email=record.email,
                foreign_id=record.foreign_id,
                foreign_type=record.foreign_type,
                attributes=tuple((name, value) for name, _, value in record.attributes),
            )
        )
        assert answer == Answer(status="UPDATED", lead_id=lead.id, record=record)
        assert repr(pair.model.leads) == before

    @rule(which=st.integers(0, 1), token=st.sampled_from(tokens))
    def visit(self, which: int, token: str) -> None:
        pair = self.pairs[which]
        token = pair.key(token)
        if token not in pair.model.visitors and pair.model.owner_of_cookie(token) is None:
            self.world.add_visitor(pair.subscription, token)
            pair.model.add_visitor(token)

    @precondition(lambda self: any(len(pair.model.leads) > 2 for pair in self.pairs))
    @rule(number=st.integers(0, 5))
    def forget(self, number: int) -> None:
        pair = max(self.pairs, key=lambda pair: len(pair.model.leads))
        lead = pair.lead(number)
        self.world.forget(pair.subscription, lead.id)
        pair.model.forget(lead.id)

    def teardown(self) -> None:
        for pair in getattr(self, "pairs", []):
            pair.caller.close()
            pair.check_all()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_url: Callable[[Path], str]) -> Iterator[World]:
    """A server that runs for all examples."""
    folder = tmp_path_factory.mktemp("model")
    server = Server(folder, database_url=new_url(folder))
    world = World(server)
    world.declare()
    server.start()
    try:
        yield world
    finally:
        server.close()


def run_examples(world: World, number: int, *, derandomize: bool) -> None:
    """Plays `number` histories."""

    class Here(Agreement):
        pass

    Here.world = world
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=number,
            stateful_step_count=30,
            deadline=None,
            derandomize=derandomize,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600)  # a busy machine may take many times as long
def test_server_and_model_agree(world: World) -> None:
    """The same histories at every run: many on SQLite, and the first of them on PostgreSQL."""
    run_examples(world, 20 if world.server.is_sqlite else 4, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_server_and_model_agree_on_many_histories(world: World) -> None:
    """Other histories at every run; a share of them is always the same, so that what fails comes from a change."""
    run_examples(world, of_share(600), derandomize=share() < 1)
