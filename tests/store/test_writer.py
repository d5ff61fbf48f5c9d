"""What callers of the writer see."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

import synclead.leads.plan as planning
import synclead.store.group as group_module
from support.constraints import delay_inserts, refuse_inserts
from synclead.leads.errors import FieldLimitError, LeadKeyRequiredError, LeadNotFoundError, UnknownLeadFieldError
from synclead.leads.lead import ForeignId
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import schema
from synclead.store.engine import bump_config_version, lock_counter, reading, writing
from synclead.store.errors import InternalError, ServiceFailureError
from synclead.store.group import Answer
from synclead.store.observer import Observer
from synclead.store.queue import QueueLimits
from synclead.store.reading import lead_by_id, leads_by_email
from synclead.store.transaction import Database
from synclead.store.visitors import add_visitor
from synclead.store.writer import Writer

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


class Quiet(Observer):
    """Keeps what the writer tells."""

    def __init__(self) -> None:
        self.undelivered_answers: list[Answer] = []
        self.failures: list[tuple[str, Exception | str]] = []
        self.groups: list[int] = []

    def undelivered(self, subscription_id: int, answer: Answer) -> None:
        self.undelivered_answers.append(answer)

    def failed(self, reference: str, error: Exception | str) -> None:
        self.failures.append((reference, error))

    def group_ended(self, subscription_id: int, records: int, seconds: float) -> None:
        self.groups.append(records)


def raw(email: str | None = None, /, **parts: Any) -> RawRecord:
    """A record: named parts, and attributes from every other name."""
    own = {name: parts.pop(name) for name in ("id", "foreign_id", "foreign_type", "cookie") if name in parts}
    attributes = tuple(RawAttribute(name, value) for name, value in parts.items())
    return RawRecord(email=email, attributes=attributes, **own)


def test_a_lead_is_created_and_found_again(engine: Engine, declare: Declare, writer: Running) -> None:
    """The first call creates, the same call again changes nothing and answers the same Id."""
    declare(1, first_lead_id=1000)

    async def calls() -> list[Outcome]:
        async with writer() as door:
            record = raw("T@t.com", foreign_id="X1", FirstName="George", cookie="_mch-t.com-1-11111")
            return [await door.sync(1, record) for _ in range(2)]

    first, second = asyncio.run(calls())

    assert [first.status, second.status] == ["CREATED", "UPDATED"]
    assert [first.changed, second.changed] == [True, False]
    assert first.lead == second.lead
    with reading(engine) as connection:
        stored = lead_by_id(connection, 1, 1000)
        assert stored is not None
        assert leads_by_email(connection, 1, "t@t.com") == [stored]
    assert stored.email is not None
    assert stored.email.text == "T@t.com"
    assert stored.values == {"FirstName": "George"}
    assert stored.foreign_ids == (ForeignId("CUSTOM", "X1"),)
    assert stored.cookies == ("_mch-t.com-1-11111",)
    assert [activity.type for activity in stored.activities] == ["New Lead"]
    assert stored.created_at == stored.updated_at == NOW


def test_a_lead_is_updated_in_place(engine: Engine, declare: Declare, writer: Running) -> None:
    """A changed field, a moved foreign id, a moved cookie and a cleared value are stored."""
    declare(1)

    async def calls() -> None:
        async with writer() as door:
            await door.sync(1, raw("a@e.com", foreign_id="X", FirstName="A", LastName="L"))
            await door.sync(1, raw("b@e.com", cookie="_mch-t-1"))
            outcome = await door.sync(1, raw(id="2", foreign_id="X", FirstName="B ü 😀 \"'\\"))
            assert outcome.why.foreign_id_moved_from == 1
            moved = await door.sync(1, raw("a@e.com", LastName="", cookie="_mch-t-1"))
            assert moved.why.cookie_moved_from == 2

    asyncio.run(calls())

    with reading(engine) as connection:
        first, second = lead_by_id(connection, 1, 1), lead_by_id(connection, 1, 2)
    assert first is not None
    assert second is not None
    assert (first.foreign_ids, first.cookies, first.values) == ((), ("_mch-t-1",), {"FirstName": "A"})
    assert second.foreign_ids == (ForeignId("CUSTOM", "X"),)
    assert second.values == {"FirstName": "B ü 😀 \"'\\"}
    ids = [activity.id for lead in (first, second) for activity in lead.activities]
    assert sorted(ids) == list(range(1, len(ids) + 1))


def test_a_visitor_becomes_a_lead(engine: Engine, declare: Declare, writer: Running) -> None:
    """A visitor of an unknown Email becomes that lead; one of a known Email is merged into it."""
    declare(1)
    with writing(engine) as connection:
        numbers = [
            add_visitor(connection, 1, "_mch-t-1", NOW, {"AnonymousIP": "192.0.2.1"}),
            add_visitor(connection, 1, "_mch-t-2", NOW),
        ]

    async def calls() -> list[Outcome]:
        async with writer() as door:
            return [await door.sync(1, raw("v@e.com", cookie=f"_mch-t-{n}")) for n in (1, 2, 2)]

    became, merged, again = asyncio.run(calls())

    assert (became.status, became.why.became_known) == ("UPDATED", numbers[0])
    assert (merged.why.visitor_merged, again.changed) == (numbers[1], False)
    with reading(engine) as connection:
        stored = lead_by_id(connection, 1, became.lead.id)
        known = connection.execute(select(schema.visitor.c.lead_id)).scalars().all()
    assert stored is not None
    assert stored.cookies == ("_mch-t-1", "_mch-t-2")
    assert stored.values == {"AnonymousIP": "192.0.2.1"}
    assert known == [became.lead.id] * 2


def test_a_refused_call_changes_nothing_and_disturbs_nobody(engine: Engine, declare: Declare, writer: Running) -> None:
    """In one group the refused ones hear their fault, the others their lead; no number is spent.

    Whoever was compared with stored leads knows between which changes that was.
    """
    declare(1)

    async def calls() -> list[Any]:
        async with writer() as door:
            records = [raw("a@e.com"), raw(id="77"), raw("b@e.com", pants="1"), raw(), raw("c@e.com")]
            return await asyncio.gather(*(door.sync(1, one) for one in records), return_exceptions=True)

    first, missing, unknown, keyless, last = asyncio.run(calls())

    assert (first.lead.id, last.lead.id) == (1, 2)
    assert isinstance(missing, LeadNotFoundError)
    assert isinstance(unknown, UnknownLeadFieldError)
    assert isinstance(keyless, LeadKeyRequiredError)
    assert [one.planned for one in (first, missing, unknown, keyless, last)] == [1, 2, None, 2, 2]
    with reading(engine) as connection:
        assert _next_numbers(connection) == (3, 3, 3)


def test_calls_that_wait_are_one_group(declare: Declare, writer: Running) -> None:
    """The first call goes alone and at once; those that come meanwhile go together."""
    declare(1)
    observer = Quiet()

    async def calls() -> list[Outcome]:
        async with writer(observer=observer) as door:
            return await asyncio.gather(*(door.sync(1, raw(f"{n}@e.com")) for n in range(50)))

    outcomes = asyncio.run(calls())

    assert observer.groups == [1, 49]
    assert [outcome.lead.id for outcome in outcomes] == list(range(1, 51))


def test_who_was_just_answered_is_in_the_next_group(
    declare: Declare, writer: Running, open_database: Callable[..., Database]
) -> None:
    """Where the database wants turns between groups, eight clients that call again at once share each group."""
    declare(1)
    observer = Quiet()

    async def client(door: Writer, number: int) -> None:
        for _ in range(4):
            await door.sync(1, raw(f"{number}@e.com"))

    async def calls() -> None:
        database = open_database()
        database.turns_between_groups = 6
        async with writer(database, observer=observer) as door:
            await asyncio.gather(*(client(door, number) for number in range(8)))

    asyncio.run(calls())

    assert observer.groups == [1, 8, 8, 8, 7]


def test_a_group_gives_what_single_calls_give(engine: Engine, declare: Declare, writer: Running) -> None:
    """The same records one by one and all at once leave the same leads, keys and history."""
    declare(1)
    declare(2)
    records = [
        raw("first@e.com"),
        raw("a@e.com", foreign_id="A", FirstName="1"),
        raw("a@e.com", foreign_id="B", FirstName="2"),
        raw("a@e.com", FirstName="3", cookie="_mch-t-1"),
        raw("a@e.com", foreign_id="A", foreign_type="SFDC"),
        raw(id="3", foreign_id="A"),
        raw("b@e.com", cookie="_mch-t-1"),
        raw(foreign_id="A", Email="c@e.com"),
        raw("a@e.com", Email="d@e.com", LastName="x"),
        raw("a@e.com", Email="d@e.com", LastName="y"),
        raw(id="4", Email=""),
        raw("a@e.com", foreign_id="N"),
    ] * 2

    async def calls() -> None:
        async with writer() as door:
            for record in records:
                await _swallow(door.sync(1, record))
            await asyncio.gather(*(_swallow(door.sync(2, record)) for record in records))

    asyncio.run(calls())

    assert _everything(engine, 1) == _everything(engine, 2)
    assert len(_everything(engine, 1)["lead"]) > 3


def test_a_field_that_a_group_makes_is_cleared_in_it(engine: Engine, declare: Declare, writer: Running) -> None:
    """A blank value for a field that an earlier call of the group made clears it, as it does one by one."""
    declare(1, policy={"unknown_fields": "create"})
    records = [raw("first@e.com"), raw("a@e.com", Pants="blue"), raw("a@e.com", Pants=""), raw("b@e.com", Shoe="")]

    async def calls() -> list[Outcome]:
        async with writer() as door:
            return await asyncio.gather(*(door.sync(1, record) for record in records))

    outcomes = asyncio.run(calls())

    assert [outcome.lead.values for outcome in outcomes] == [{}, {"Pants": "blue"}, {}, {}]
    with reading(engine) as connection:
        assert connection.execute(select(schema.field.c.name)).scalars().all() == ["Pants"]


def test_subscriptions_share_nothing(engine: Engine, declare: Declare, writer: Running) -> None:
    """The same keys in two subscriptions are two people, each with its own numbers."""
    declare(1, first_lead_id=10)
    declare(2, first_lead_id=20)

    async def calls() -> list[Outcome]:
        async with writer() as door:
            record = raw("t@t.com", foreign_id="X", cookie="_mch-t-1")
            return [await door.sync(n, record) for n in (1, 2, 1, 2)]

    assert [outcome.lead.id for outcome in asyncio.run(calls())] == [10, 20, 10, 20]


def test_every_record_of_a_large_group_finds_its_lead_by_email(declare: Declare, writer: Running) -> None:
    """Where each call of a group takes the best lead of one Email away, the next one is still found."""
    declare(1)

    async def calls() -> list[Outcome]:
        async with writer() as door:
            for n in range(6):
                await door.sync(1, raw("s@e.com", foreign_id=f"X{n}"))
            renames = [raw("s@e.com", Email=f"n{n}@e.com") for n in range(6)]
            group = [door.sync(1, one) for one in (raw("other@e.com"), *renames)]
            return (await asyncio.gather(*group))[1:]

    assert [outcome.lead.id for outcome in asyncio.run(calls())] == [6, 5, 4, 3, 2, 1]


def test_a_lead_that_fits_is_found_behind_many_that_do_not(declare: Declare, writer: Running) -> None:
    """A call with a foreign id finds the Email's one lead without such an id, however many were changed later."""
    declare(1)

    async def calls() -> Outcome:
        async with writer() as door:
            await door.sync(1, raw("s@e.com"))
            for n in range(6):
                await door.sync(1, raw(foreign_id=f"X{n}"))
                await door.sync(1, raw(foreign_id=f"X{n}", Email="s@e.com"))
            return await door.sync(1, raw("s@e.com", foreign_id="new"))

    outcome = asyncio.run(calls())
    assert (outcome.why.step, outcome.lead.id) == (4, 1)


def test_fields_are_created_and_known_at_the_next_call(engine: Engine, declare: Declare, writer: Running) -> None:
    """Under unknown_fields = "create" a group of calls makes each field once."""
    declare(1, policy={"unknown_fields": "create"})

    async def calls() -> list[Outcome]:
        async with writer() as door:
            group = [raw("z@e.com"), raw("a@e.com", Pants="1"), raw("b@e.com", pants="2")]
            await asyncio.gather(*(door.sync(1, one) for one in group))
            return [await door.sync(1, raw("a@e.com", PANTS="3")), await door.sync(1, raw("b@e.com"))]

    first, second = asyncio.run(calls())
    assert (first.lead.values, second.lead.values) == ({"Pants": "3"}, {"Pants": "2"})
    assert first.created_fields == ()
    with reading(engine) as connection:
        rows = connection.execute(select(schema.field.c.name, schema.field.c.auto)).all()
        version = connection.execute(select(schema.counter.c.config_version)).scalar_one()
    assert ([tuple(row) for row in rows], version) == ([("Pants", True)], 2)


def test_fields_that_calls_make_have_a_bound(engine: Engine, declare: Declare, writer: Running) -> None:
    """Of a group of calls those beyond it are refused, and the others written; so at the next call too."""
    declare(1, policy={"unknown_fields": "create", "created_fields_limit": 2})

    async def calls() -> list[Any]:
        async with writer(observer=Quiet()) as door:
            group = [raw("z@e.com"), raw("a@e.com", One="1"), raw("a@e.com", Two="2"), raw("a@e.com", Three="3")]
            answers = await asyncio.gather(*(door.sync(1, one) for one in group), return_exceptions=True)
            last = door.sync(1, raw("a@e.com", Two="22", Three="33"))
            return [*answers, *await asyncio.gather(last, return_exceptions=True)]

    *_, second, third, last = asyncio.run(calls())
    assert second.lead.values == {"One": "1", "Two": "2"}
    assert [type(one) for one in (third, last)] == [FieldLimitError] * 2
    with reading(engine) as connection:
        assert connection.execute(select(schema.field.c.name)).scalars().all() == ["One", "Two"]


def test_a_changed_configuration_counts_at_the_next_call(engine: Engine, declare: Declare, writer: Running) -> None:
    """The config version comes back with the lock: the call after a change is judged by the new rules."""
    declare(1)

    async def calls() -> Outcome:
        async with writer() as door:
            with pytest.raises(LeadNotFoundError):
                await door.sync(1, raw("a@e.com", id="9"))
            with writing(engine) as connection:
                lock_counter(connection, 1)
                connection.execute(update(schema.subscription).values(policy={"unknown_id": "next_key"}))
                bump_config_version(connection, 1)
            return await door.sync(1, raw("a@e.com", id="9"))

    assert asyncio.run(calls()).status == "CREATED"


def test_an_unknown_subscription_is_a_service_failure(writer: Running) -> None:
    """A subscription that was removed under a running server: nothing was written."""

    async def calls() -> None:
        async with writer(observer=Quiet()) as door:
            with pytest.raises(ServiceFailureError, match=r"nothing was written, safe to repeat$"):
                await door.sync(9, raw("a@e.com"))

    asyncio.run(calls())


def test_the_guilty_record_alone_is_refused(engine: Engine, declare: Declare, writer: Running) -> None:
    """A hand-made constraint meets one record of a group: it hears 10001, its neighbours their leads."""
    declare(1)
    with writing(engine) as connection:
        refuse_inserts(connection, "lead", "new.email = 'bob@e.com'")
    observer = Quiet()

    async def calls() -> list[Any]:
        async with writer(observer=observer) as door:
            records = [raw(f"{name}@e.com") for name in ("first", "ann", "bob", "cy")]
            answers = await asyncio.gather(*(door.sync(1, one) for one in records), return_exceptions=True)
            assert door.ready
            return answers

    _, ann, bob, cy = asyncio.run(calls())

    assert isinstance(bob, InternalError)
    assert observer.failures[0][0] == bob.reference
    assert bob.message == f"Internal error, reference {bob.reference}"
    assert (ann.lead.id, cy.lead.id) == (2, 3)


def test_a_defect_in_one_record_disturbs_nobody(
    declare: Declare, writer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception while one record is planned answers that one with 10001."""
    declare(1)
    real = planning.plan

    def plan(request: Any, *rest: Any) -> Any:
        if request.email_element.key == "bob@e.com":
            raise ZeroDivisionError
        return real(request, *rest)

    monkeypatch.setattr(group_module, "plan", plan)

    async def calls() -> list[Any]:
        async with writer(observer=Quiet()) as door:
            records = [raw(f"{name}@e.com") for name in ("ann", "bob", "cy")]
            return await asyncio.gather(*(door.sync(1, one) for one in records), return_exceptions=True)

    ann, bob, cy = asyncio.run(calls())
    assert isinstance(bob, InternalError)
    assert (ann.lead.id, cy.lead.id) == (1, 2)


def test_text_that_no_database_can_hold_is_refused_alone(declare: Declare, writer: Running) -> None:
    """Half a surrogate pair, which only a defect can bring here, costs its own record alone."""
    declare(1)

    async def calls() -> list[Any]:
        async with writer(observer=Quiet()) as door:
            records = [raw("first@e.com"), raw("a@e.com", FirstName="\ud800"), raw("b@e.com")]
            return await asyncio.gather(*(door.sync(1, one) for one in records), return_exceptions=True)

    _, broken, whole = asyncio.run(calls())
    assert isinstance(broken, InternalError)
    assert whole.lead.id == 2


def test_a_cancelled_call_is_written_and_told(engine: Engine, declare: Declare, writer: Running) -> None:
    """A caller that hangs up after its call was queued: the lead is there, the observer has the answer."""
    declare(1)
    observer = Quiet()

    async def calls() -> None:
        async with writer(observer=observer) as door:
            first = asyncio.create_task(door.sync(1, raw("a@e.com")))
            second = asyncio.create_task(door.sync(1, raw("b@e.com")))
            await asyncio.sleep(0)
            first.cancel()
            second.cancel()
            await asyncio.gather(first, second, return_exceptions=True)

    asyncio.run(calls())

    with reading(engine) as connection:
        assert [len(leads_by_email(connection, 1, key)) for key in ("a@e.com", "b@e.com")] == [1, 1]
    assert [answer.lead.id for answer in observer.undelivered_answers] == [1, 2]  # type: ignore[union-attr]


def test_a_failing_observer_does_not_shut_the_door(declare: Declare, writer: Running) -> None:
    """Whoever counts groups may fail; calls go on."""
    declare(1)

    class Failing(Observer):
        def group_ended(self, subscription_id: int, records: int, seconds: float) -> None:
            raise ZeroDivisionError

    async def calls() -> list[Outcome]:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        async with writer(observer=Failing()) as door:
            return [await door.sync(1, raw("a@e.com")) for _ in range(2)]

    assert [outcome.status for outcome in asyncio.run(calls())] == ["CREATED", "UPDATED"]


def test_closing_answers_what_waits(declare: Declare, writer: Running) -> None:
    """Calls in the queue at the end are written and answered; later ones are not taken."""
    declare(1)

    async def calls() -> None:
        async with writer(observer=Quiet()) as door:
            waiting = [asyncio.create_task(door.sync(1, raw(f"{n}@e.com"))) for n in range(20)]
            await asyncio.sleep(0)
        assert [task.done() for task in waiting] == [True] * 20
        assert all(task.result().status == "CREATED" for task in waiting)
        with pytest.raises(ServiceFailureError, match="nothing was written"):
            await door.sync(1, raw("late@e.com"))

    asyncio.run(calls())


def test_a_full_queue_refuses(declare: Declare, writer: Running) -> None:
    """Beyond the bound a call hears at once that nothing was written."""
    declare(1)

    async def calls() -> list[Any]:
        async with writer(observer=Quiet(), limits=QueueLimits(subscription_records=3)) as door:
            records = [door.sync(1, raw(f"{n}@e.com")) for n in range(6)]
            return await asyncio.gather(*records, return_exceptions=True)

    answers = asyncio.run(calls())
    assert [isinstance(answer, ServiceFailureError) for answer in answers] == [False] * 4 + [True] * 2


def test_a_lock_held_by_hand_delays_and_does_not_lose(engine: Engine, declare: Declare, writer: Running) -> None:
    """While another writer holds the lock a call waits; after its end the call is written."""
    declare(1)

    async def calls() -> None:
        async with writer() as door:
            with writing(engine) as connection:
                lock_counter(connection, 1)
                call = asyncio.create_task(door.sync(1, raw("a@e.com")))
                done, _ = await asyncio.wait((call,), timeout=0.3)
                assert not done
            assert (await call).status == "CREATED"

    asyncio.run(calls())


def test_a_lock_held_too_long_fails_the_call_and_readiness(
    engine: Engine, declare: Declare, writer: Running, open_database: Callable[..., Database]
) -> None:
    """Beyond the deadline of a lock: 20011, nothing written, not ready until a probe is written."""
    declare(1)
    observer = Quiet()

    async def calls() -> None:
        async with writer(open_database(lock_seconds=0.1), observer=observer) as door:
            readiness = [door.ready]
            with writing(engine) as connection:
                lock_counter(connection, 1)
                with pytest.raises(ServiceFailureError) as failure:
                    await door.sync(1, raw("a@e.com"))
                readiness.append(door.ready)
            assert readiness == [True, False]
            assert failure.value.message.endswith("nothing was written, safe to repeat")
            assert failure.value.reference == observer.failures[0][0]
            async with asyncio.timeout(10):
                await door.until_ready()
            assert door.ready
            assert (await door.sync(1, raw("a@e.com"))).lead.id == 1

    asyncio.run(calls())


def test_a_call_whose_time_is_over_says_what_is_known(engine: Engine, declare: Declare, writer: Running) -> None:
    """A call that still waits was not written; one under way may be."""
    declare(1)
    observer = Quiet()

    async def calls() -> list[Any]:
        async with writer(observer=observer, call_seconds=0.2) as door:
            with writing(engine) as connection:
                lock_counter(connection, 1)
                calls = [door.sync(1, raw(f"{n}@e.com")) for n in range(2)]
                return await asyncio.gather(*calls, return_exceptions=True)

    under_way, waiting = asyncio.run(calls())
    assert under_way.message.endswith("outcome not known, safe to repeat")
    assert waiting.message.endswith("nothing was written, safe to repeat")
    with reading(engine) as connection:
        found = [len(leads_by_email(connection, 1, key)) for key in ("0@e.com", "1@e.com")]
    assert found == [1, 0]
    assert len(observer.undelivered_answers) == 1


def test_a_slow_statement_is_ended(
    engine: Engine, declare: Declare, writer: Running, open_database: Callable[..., Database]
) -> None:
    """A statement beyond its deadline is rolled back: nothing was written."""
    declare(1)
    with writing(engine) as connection:
        delay_inserts(connection, "lead")

    async def calls() -> None:
        async with writer(open_database(statement_seconds=0.2), observer=Quiet()) as door:
            with pytest.raises(ServiceFailureError, match="nothing was written"):
                await door.sync(1, raw("a@e.com"))

    asyncio.run(calls())
    with reading(engine) as connection:
        assert leads_by_email(connection, 1, "a@e.com") == []
        assert _next_numbers(connection) == (1, 1, 1)


def test_two_writers_never_make_one_person_twice(
    engine: Engine, declare: Declare, writer: Running, open_database: Callable[..., Database]
) -> None:
    """Two writers on connections of their own, each in its thread, get the same new keys at once."""
    declare(1)
    gate = threading.Barrier(2)
    outcomes: list[Outcome] = []

    async def calls() -> None:
        async with writer() as door:
            for n in range(40):
                gate.wait()
                record = raw(f"{n}@e.com", foreign_id=str(n), cookie=f"_mch-t-{n}")
                outcomes.append(await door.sync(1, record))

    threads = [threading.Thread(target=lambda: asyncio.run(calls())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome.lead.id for outcome in outcomes) == sorted([*range(1, 41)] * 2)
    assert sum(outcome.status == "CREATED" for outcome in outcomes) == 40


def _next_numbers(connection: Any) -> tuple[int, int, int]:
    c = schema.counter.c
    row = connection.execute(select(c.next_lead_id, c.next_activity_id, c.next_change)).one()
    return tuple(row)


def _everything(engine: Engine, subscription_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of leads of a subscription, without its number."""
    tables = (schema.lead, schema.foreign_id, schema.cookie, schema.activity, schema.counter)
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)[1:]
                for row in connection.execute(
                    select(table).where(table.c.subscription_id == subscription_id).order_by(*table.primary_key)
                )
            ]
            for table in tables
        }


async def _swallow(call: Any) -> None:
    """The answer does not matter here."""
    await asyncio.gather(call, return_exceptions=True)
