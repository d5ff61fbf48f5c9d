"""Rows of a file, imported into a database."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, select, update

import synclead.store.group as group_module
from support.constraints import refuse_inserts
from support.unreliable import Unreliable
from synclead.leads.plan import plan
from synclead.leads.read import read_record
from synclead.leads.record import RawAttribute, RawFileRow, RawRecord, SyncRequest
from synclead.leads.subscription import Subscription
from synclead.store import importing, row_groups, schema
from synclead.store.engine import lock_counter, reading, writing
from synclead.store.errors import StoreError
from synclead.store.foresight import Foresight
from synclead.store.forget import forget_lead
from synclead.store.importing import Importer
from synclead.store.progress import Counts, ImportKey, ImportProgress
from synclead.store.row_groups import SourceRow
from synclead.store.transaction import Database
from synclead.store.visitors import add_visitor
from synclead.store.writer import Writer

Declare = Callable[..., int]
OpenDatabase = Callable[..., Database]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
TABLES = ("lead", "foreign_id", "cookie", "visitor", "activity", "field", "counter")


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of three rows, no rest between them, and no pause before a lost database is asked again."""

    async def no_rest(self: Importer, seconds: float) -> None:
        return

    monkeypatch.setattr(Importer, "_rest", no_rest)
    monkeypatch.setattr(row_groups, "GROUP_RECORDS", 3)
    monkeypatch.setattr(importing, "_PAUSES_SECONDS", (0, 0))


@dataclass
class Kept:
    """Refused rows in memory; a row counts as one byte."""

    rows: list[tuple[int, str]] = field(default_factory=list)

    def cut(self, length: int) -> None:
        del self.rows[length:]

    def write(self, refused: Sequence[tuple[SourceRow, str]]) -> int:
        self.rows += [(row.number, reason) for row, reason in refused]
        return len(self.rows)


def row(
    id: object = None,
    foreign: str | None = None,
    type: str | None = None,
    cookie: str | None = None,
    *,
    keep: bool = False,
    change: str | None = None,
    **values: str,
) -> RawRecord:
    """One row; other keywords are its values."""
    return RawRecord(
        id=None if id is None else str(id),
        foreign_id=foreign,
        foreign_type=type,
        cookie=cookie and "|".join(f"_mch-e.com-{one}" for one in cookie.split("|")),
        attributes=tuple(RawAttribute(name, value) for name, value in values.items()),
        row=RawFileRow(keeps_id=keep, last_change=change),
    )


@dataclass
class Take:
    """Imports the same rows, as often as it is called: a run goes on where the one before ended."""

    open: OpenDatabase
    rows: Sequence[RawRecord]
    subscription: int = 1
    refused: Kept = field(default_factory=Kept)

    def __call__(
        self,
        *,
        failures: Sequence[str] = (),
        stop_after: int | None = None,
        foresight: Foresight | None = None,
        again: bool = False,
        before_group: Callable[[], None] = lambda: None,
        may_starve_others: bool = True,
    ) -> ImportProgress:
        async def run() -> ImportProgress:
            database: Any = Unreliable(self.open(), ())
            stop = asyncio.Event()
            groups = 0

            def report(progress: ImportProgress) -> None:
                nonlocal groups
                groups += 1
                if groups == stop_after:
                    stop.set()

            importer = Importer(
                database, ImportKey(self.subscription, "f", "o"), self._read, self.refused, lambda: NOW, stop,
                report=report, check=before_group, may_starve_others=lambda: may_starve_others, foresight=foresight,
            )  # fmt: skip
            try:
                begun = await importer.begin(again=again)
                if begun.finished_at:
                    return begun
                database.failures = list(failures)
                return await importer.run(self._source(begun.position), begun)
            finally:
                await database.close()

        return asyncio.run(run())

    def _source(self, done: int) -> Iterator[SourceRow]:
        for place in range(done, len(self.rows)):
            yield SourceRow(place + 2, [str(place)])

    def _read(self, cells: Sequence[str], subscription: Subscription) -> SyncRequest:
        return read_record(self.rows[int(cells[0])], subscription)


def stored(engine: Engine, subscription_id: int = 1) -> dict[str, list[Any]]:
    """Every row of the subscription that an import can change, without its number."""
    found: dict[str, list[Any]] = {}
    with reading(engine) as connection:
        for name in TABLES:
            table = schema.metadata.tables[name]
            columns = [one for one in table.c if one.name != "subscription_id"]
            query = select(*columns).where(table.c.subscription_id == subscription_id)
            found[name] = [tuple(one) for one in connection.execute(query.order_by(*table.primary_key.columns))]
    return found


ROWS = [
    row(Email="a@e.com", foreign="1|2", FirstName="A"),
    row(Email="bad"),
    row(Email="b@e.com", foreign="3", cookie="11111-1|11111-2"),
    row(foreign="2", LastName="of a"),
    row(foreign="1|3"),
    row(Email="c@e.com"),
    row(Email="c@e.com", FirstName="C"),
    row(Email="c@e.com", FirstName="C"),
]
"""Two leads that are found by a second key, two refused rows, one row that changes nothing."""


def test_rows_become_leads(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Counts say what the rows came to; refused ones are named with their rows and reasons."""
    declare(1)
    take = Take(open_database, ROWS)

    progress = take()

    assert progress.counts == Counts(created=3, updated=2, unchanged=1, refused=2)
    assert (progress.position, progress.finished_at) == (8, NOW)
    assert [number for number, _ in take.refused.rows] == [3, 6]
    assert take.refused.rows[0][1].startswith("row 3: Bad value for Email: 'bad'")
    leads = stored(engine)["lead"]
    assert [one[2] for one in leads] == ["a@e.com", "b@e.com", "c@e.com"]
    assert leads[0][7] == {"FirstName": "A", "LastName": "of a"}


def test_a_finished_import_is_not_repeated(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Unless it is asked for; then the rows that are in change nothing."""
    declare(1)
    take = Take(open_database, ROWS)
    first = take()
    before = stored(engine)

    assert take() == first
    assert stored(engine) == before
    assert take(again=True).counts == Counts(updated=0, unchanged=6, refused=2)


def test_an_interrupted_import_goes_on_where_it_was(
    engine: Engine, declare: Declare, open_database: OpenDatabase
) -> None:
    """Stopped after any group and run again, it ends with the same rows, the same counts and the same refusals."""
    declare(1)
    whole = Take(open_database, ROWS)
    counts = whole().counts

    for groups in (1, 2):
        declare(groups + 1)
        take = Take(open_database, ROWS, groups + 1)
        stopped = take(stop_after=groups)
        take.refused.rows += [(99, "written before a commit that never was")]

        assert (stopped.position, stopped.finished_at) == (3 * groups, None)
        assert take().counts == counts
        assert take.refused.rows == whole.refused.rows
        assert stored(engine, groups + 1) == stored(engine)


@pytest.mark.parametrize("how", ["lost", "lost after"])
def test_a_lost_connection_costs_nothing(
    engine: Engine, declare: Declare, open_database: OpenDatabase, how: str
) -> None:
    """Whichever round trip fails, before or after the database did it: each row is applied once, refused once."""
    declare(1)
    whole = Take(open_database, ROWS)
    counts = whole().counts

    for place in (0, 2, 3, 4, 6, 7, 10, 11):
        declare(place + 2)
        take = Take(open_database, ROWS, place + 2)

        assert take(failures=["works"] * place + [how]).counts == counts, place
        assert take.refused.rows == whole.refused.rows
        assert stored(engine, place + 2) == stored(engine)


def test_a_database_that_stays_away_ends_the_run(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """The sentence says how many rows are done; the next run goes on after them."""
    declare(1)
    take = Take(open_database, ROWS)

    with pytest.raises(StoreError, match="the first 3 rows are done: run the same command again"):
        take(failures=["works"] * 5 + ["lost"] * 20)

    assert take().counts == Counts(created=3, updated=2, unchanged=1, refused=2)


@pytest.mark.parametrize("first_part", [1, 2, 5])
def test_a_group_that_is_written_in_parts_comes_to_the_same(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch, first_part: int
) -> None:
    """Also where rows of one part mean leads, keys, fields and visitors of a part before it."""
    monkeypatch.setattr(row_groups, "GROUP_RECORDS", 50)
    chance = random.Random(first_part)
    rows = [_any_row(chance) for _ in range(150)]
    ends = []
    for subscription, part in ((1, 1000), (2, first_part)):
        monkeypatch.setattr(importing, "FIRST_PART_ROWS", part)
        declare(subscription, policy={"unknown_fields": "create", "bad_value": "skip"})
        with writing(engine) as connection:
            lock_counter(connection, subscription)
            for number in range(1, 5):
                add_visitor(connection, subscription, f"_mch-e.com-{number}0000-1", NOW)
        take = Take(open_database, rows, subscription)
        ends.append((take(), take.refused.rows, stored(engine, subscription)))

    assert ends[0] == ends[1]
    assert all(ends[0][2].values())
    with reading(engine) as connection:
        versions = connection.execute(select(schema.counter.c.config_version)).scalars().all()
    assert len(set(versions)) == 1


@pytest.mark.parametrize("how", ["lost", "lost after"])
def test_a_connection_that_is_lost_between_parts_costs_nothing(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The group is rolled back as a whole, and done once."""
    monkeypatch.setattr(row_groups, "GROUP_RECORDS", 50)
    monkeypatch.setattr(importing, "FIRST_PART_ROWS", 1)
    declare(1)
    whole = Take(open_database, ROWS)
    counts = whole().counts

    for place in range(7):
        declare(place + 2)
        take = Take(open_database, ROWS, place + 2)

        assert take(failures=["works"] * place + [how]).counts == counts, place
        assert take.refused.rows == whole.refused.rows
        assert stored(engine, place + 2) == stored(engine)


def test_the_database_refuses_a_row_of_a_part(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its neighbours, of its own part and of the others, are in."""
    monkeypatch.setattr(row_groups, "GROUP_RECORDS", 50)
    monkeypatch.setattr(importing, "FIRST_PART_ROWS", 1)
    declare(1)
    with writing(engine) as connection:
        refuse_inserts(connection, "lead", "new.email = 'p3@e.com'")
    take = Take(open_database, [row(Email=f"p{n}@e.com") for n in range(9)])

    progress = take()

    assert progress.counts == Counts(created=8, refused=1)
    assert [number for number, _ in take.refused.rows] == [5]
    assert len(stored(engine)["lead"]) == 8


def test_what_is_read_ahead_fails_in_its_turn(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows before it are in when the file ends the run."""
    declare(1)
    take = Take(open_database, ROWS[:4])
    monkeypatch.setattr(Take, "_source", _ends_badly(Take._source))

    with pytest.raises(ZeroDivisionError):
        take()

    assert len(stored(engine)["lead"]) == 2


def _ends_badly(source: Callable[[Take, int], Iterator[SourceRow]]) -> Callable[[Take, int], Iterator[SourceRow]]:
    def rows(take: Take, done: int) -> Iterator[SourceRow]:
        yield from source(take, done)
        raise ZeroDivisionError

    return rows


def test_the_database_refuses_one_row_alone(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """A hand-made constraint meets one row of a group: it is refused with the reason, its neighbours are in."""
    declare(1)
    with writing(engine) as connection:
        refuse_inserts(connection, "lead", "new.email = 'b@e.com'")
    take = Take(open_database, ROWS[:4])

    progress = take()

    assert progress.counts == Counts(created=1, updated=1, refused=2)
    assert [number for number, _ in take.refused.rows] == [3, 4]
    assert "The database refused the row" in take.refused.rows[1][1]
    assert [one[2] for one in stored(engine)["lead"]] == ["a@e.com"]


def test_a_defect_costs_one_row(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception while a row is planned refuses that row, and says that it is ours."""
    declare(1)

    def broken(request: Any, *rest: Any) -> Any:
        if request.email_attribute and request.email_attribute.key == "b@e.com":
            raise ZeroDivisionError("7 / 0")
        return plan(request, *rest)

    monkeypatch.setattr(group_module, "plan", broken)
    take = Take(open_database, [ROWS[0], ROWS[2], ROWS[5]])

    assert take().counts == Counts(created=2, refused=1)
    assert "A defect of synclead stopped the row" in take.refused.rows[0][1]
    assert "ZeroDivisionError: 7 / 0" in take.refused.rows[0][1]


def test_two_imports_of_one_file_do_not_share_it(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """The one that finds the progress moved on ends, and has written nothing of its own."""
    declare(1)
    one, other = Take(open_database, ROWS), Take(open_database, ROWS)
    calls = 0

    def at_the_second_group() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            with writing(engine) as connection:
                lock_counter(connection, 1)
                connection.execute(schema.import_progress.update().values(position=6))

    with pytest.raises(StoreError, match="another import of the same file is under way"):
        one(before_group=at_the_second_group)

    assert len(stored(engine)["lead"]) == 2
    assert other().position == 8


def test_rows_follow_the_rules_of_calls(
    engine: Engine, declare: Declare, open_database: OpenDatabase, writer: Running
) -> None:
    """A file of rows and as many calls with the same parts leave the same leads and keys."""
    policy = {"unknown_fields": "create", "bad_value": "skip", "unknown_id": "next_key"}
    declare(1, policy=policy)
    declare(2, policy=policy)
    chance = random.Random(6)
    rows = []
    for _ in range(60):
        values: dict[str, Any] = {"Email": f"p{chance.randint(1, 8)}@e.com", "FirstName": chance.choice("AB")}
        values |= {"LeadScore": chance.choice(["1", "no number"])}
        if chance.random() < 0.2:
            values["Pants"] = "long"
        id = chance.choice([None, None, None, chance.randint(1, 12)])
        foreign = chance.choice([None, None, f"F{chance.randint(1, 8)}"])
        rows.append(row(id, foreign, chance.choice([None, "sfdc"]), **values))
    Take(open_database, rows)()

    async def call() -> None:
        async with writer() as door:
            for one in rows:
                await door.sync(2, replace(one, row=None))

    asyncio.run(call())

    by_file, by_calls = stored(engine, 1), stored(engine, 2)
    for name in ("lead", "foreign_id", "field"):
        assert by_file[name] == by_calls[name]
        assert by_file[name]


def test_what_was_foreseen_happens(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """A dry run writes nothing, and says of each row what the import then does: also of those that mean leads, keys
    and fields of rows before them."""
    declare(1, policy={"unknown_fields": "create", "bad_value": "skip"})
    with writing(engine) as connection:
        lock_counter(connection, 1)
        for number in range(1, 5):
            add_visitor(connection, 1, f"_mch-e.com-{number}0000-1", NOW)
    Take(open_database, [row(Email=f"p{n}@e.com", foreign=f"{n}|{n + 10}") for n in range(1, 7)])()
    chance = random.Random(9)
    rows = [_any_row(chance) for _ in range(150)]
    foresight, before = Foresight(), stored(engine)
    dry, real = Take(open_database, rows), Take(open_database, rows)

    foreseen = dry(foresight=foresight)

    assert stored(engine) == before
    happened = real(again=True)
    assert dry.refused.rows == real.refused.rows
    assert foreseen.counts == happened.counts
    assert min(happened.counts.created, happened.counts.updated, happened.counts.refused) > 15
    assert happened.counts.skipped
    with reading(engine) as connection:
        counter = connection.execute(select(schema.counter)).one()
    assert foresight.counter.next_lead_id == counter.next_lead_id
    assert_foreseen(engine, foresight)


def assert_foreseen(engine: Engine, foresight: Foresight) -> None:
    """Every lead that the dry run changed is as it foresaw."""
    found = stored(engine)
    compared = 0
    for id, partition, email, _, change, _, _, values, *_ in found["lead"]:
        lead = foresight.lead(id)
        if lead is not None:
            compared += 1
            held = {(type, key) for type, key, owner, _ in found["foreign_id"] if owner == id}
            own = (lead.partition, lead.email.text if lead.email else None, lead.change, dict(lead.values))
            assert (*own, set(lead.foreign_ids)) == (partition, email, change, values, held), id
    assert compared


def test_a_dry_run_follows_keys_that_moved(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Rows after the group that moved a key mean the lead that has it then."""
    declare(1)
    Take(open_database, [row(1, keep=True), row(2, keep=True, foreign="F", cookie="22222-1", Email="b@e.com")])()
    filler = [row(Email=f"p{n}@e.com") for n in range(2)]
    rows = [row(1, "F", cookie="22222-1"), *filler, row(foreign="F", FirstName="by foreign id"), *filler]
    rows += [row(cookie="22222-1", LastName="by cookie"), row(Email="b@e.com", FirstName="B")]
    foresight = Foresight()

    Take(open_database, rows)(foresight=foresight)
    Take(open_database, rows)(again=True)

    first = foresight.lead(1)
    assert first is not None
    assert first.values == {"FirstName": "by foreign id", "LastName": "by cookie"}
    assert_foreseen(engine, foresight)


def test_a_dry_run_merges_a_visitor_once(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """What was seen of a browser does not come back once a later row cleared it."""
    declare(1)
    with writing(engine) as connection:
        lock_counter(connection, 1)
        add_visitor(connection, 1, "_mch-e.com-22222-1", NOW)
        connection.execute(schema.visitor.update().values(field_values={"City": "Bonn"}))
    by_cookie, filler = row(cookie="22222-1", Email="a@e.com"), [row(Email=f"p{n}@e.com") for n in range(2)]
    rows = [by_cookie, *filler, row(Email="a@e.com", City=""), *filler, by_cookie]
    foresight = Foresight()

    Take(open_database, rows)(foresight=foresight)
    Take(open_database, rows)()

    assert_foreseen(engine, foresight)


def test_a_dry_run_finds_the_last_of_many(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Leads of one Email that earlier groups renamed do not hide the one that still has it."""
    declare(1)
    Take(open_database, [row(n, keep=True, Email="a@e.com") for n in range(1, 10)])()
    rows = [row(n, Email=f"new{n}@e.com") for n in range(9, 1, -1)]
    rows += [row(Email="other@e.com"), row(Email="a@e.com", FirstName="Last")]
    foresight = Foresight()

    counts = Take(open_database, rows)(foresight=foresight).counts

    assert counts == Take(open_database, rows)(again=True).counts == Counts(created=1, updated=9)
    assert_foreseen(engine, foresight)


def _any_row(chance: random.Random) -> RawRecord:
    """A row of few keys, so that rows meet."""
    keys = "|".join(str(chance.randint(1, 60)) for _ in range(chance.randint(1, 2)))
    values: dict[str, Any] = {"FirstName": chance.choice("AB"), "LeadScore": chance.choice(["1", "2", "none"])}
    if chance.random() < 0.6:
        values["Email"] = f"p{chance.randint(1, 30)}@e.com"
    if chance.random() < 0.1:
        values["Pants"] = "long"
    return row(
        chance.choice([None] * 5 + [chance.randint(1, 40)]),
        chance.choice([None, keys]),
        chance.choice([None, None, "NETSUITE"]),
        chance.choice([None] * 6 + [f"{chance.randint(1, 12)}0000-1"]),
        **values,
    )


def test_leads_keep_their_ids(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Those of the file are made under them, and the counter is lifted above the highest Id and the last change."""
    declare(1, first_lead_id=100)
    rows = [
        row(7000, keep=True, change="50", Email="a@e.com", foreign="2|1"),
        row(3, keep=True, change="20", Email="a@e.com"),
    ]

    progress = Take(open_database, rows)()

    found = stored(engine)
    assert [(one[0], one[4]) for one in found["lead"]] == [(3, 20), (7000, 50)]
    assert [(one[1], one[2]) for one in sorted(found["foreign_id"], key=lambda one: one[3])] == [
        ("2", 7000),
        ("1", 7000),
    ]
    assert found["counter"][0][0] == 7001
    assert found["counter"][0][2] == 52
    assert progress.counts == Counts(created=2, shared_emails=1)
    assert Take(open_database, rows)(again=True).counts == Counts(unchanged=2, shared_emails=0)


def test_the_id_of_a_forgotten_or_merged_lead_is_not_kept(
    engine: Engine, declare: Declare, open_database: OpenDatabase
) -> None:
    """Both are refused, also by a dry run."""
    declare(1)
    Take(open_database, [row(Email=f"{name}@e.com") for name in "abc"])()
    with writing(engine) as connection:
        forget_lead(connection, 1, 1, NOW)
        lead = schema.lead
        merged = {"merged_into": 3, "email": None, "email_key": None}
        connection.execute(lead.update().where(lead.c.id == 2).values(merged))
    rows = [row(1, keep=True, Email="d@e.com"), row(2, keep=True, Email="d@e.com"), row(9, keep=True, Email="d@e.com")]

    for foresight in (Foresight(), None):
        take = Take(open_database, rows)
        assert take(again=True, foresight=foresight).counts == Counts(created=1, refused=2)
        assert "1 was forgotten" in take.refused.rows[0][1]
        assert "2 was merged into lead 3" in take.refused.rows[1][1]


def test_a_lead_that_fits_every_type_is_found_among_many(
    engine: Engine, declare: Declare, open_database: OpenDatabase
) -> None:
    """Of a crowd of leads with one Email the one without an id of either type is meant, however long ago it changed."""
    declare(1)
    crowd = [row(1, keep=True, Email="a@e.com")]
    crowd += [
        row(n, keep=True, Email="a@e.com", foreign=f"F{n}", type=("SFDC", "NETSUITE")[n % 2]) for n in range(2, 40)
    ]
    Take(open_database, crowd)()

    Take(open_database, [row(Email="a@e.com", foreign="X|Y", type="SFDC|NETSUITE", FirstName="Found")])(again=True)

    assert [one[0] for one in stored(engine)["lead"] if one[7]] == [1]


def test_an_import_rests_between_groups(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the group took, so that the calls of servers go first."""
    declare(1)
    rests: list[float] = []

    async def rest(self: Importer, seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(Importer, "_rest", rest)
    began = time.monotonic()
    Take(open_database, ROWS)()

    assert len(rests) == 3
    assert 0 < sum(rests) < time.monotonic() - began


def test_an_import_does_not_rest_while_nobody_else_writes(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then no call waits."""
    declare(1)
    monkeypatch.setattr(Importer, "_rest", None)

    Take(open_database, ROWS)(may_starve_others=False)

    assert stored(engine)["lead"]


def test_an_import_rests_while_others_write(
    engine: Engine, declare: Declare, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group that finds the counter moved since the last one is followed by a rest, and no other group is."""
    declare(1)
    rests: list[float] = []
    groups: list[int] = []

    async def rest(self: Importer, seconds: float) -> None:
        rests.append(len(groups))

    def others_write_before_the_second() -> None:
        groups.append(1)
        if len(groups) == 2:
            with writing(engine) as connection:
                lock_counter(connection, 1)
                connection.execute(update(schema.counter).values(next_change=schema.counter.c.next_change + 1))

    monkeypatch.setattr(Importer, "_rest", rest)
    Take(open_database, ROWS)(may_starve_others=False, before_group=others_write_before_the_second)

    assert len(groups) == 3
    assert rests == [2]


def test_a_group_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large rows make small groups; one that is larger than a group is a group alone."""
    monkeypatch.setattr(row_groups, "GROUP_BYTES", 10_000)
    texts = ["x" * size for size in (4_000, 4_000, 4_000, 20_000, 1)]
    rows = [SourceRow(place, [text]) for place, text in enumerate(texts)]

    assert [[one.number for one in group] for group in row_groups.grouped(rows)] == [[0, 1], [2], [3], [4]]


def test_progress_outlives_the_clock(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """What is read back is what was stored, also of values that were left out."""
    declare(1, policy={"bad_value": "skip", "bad_cookie": "ignore"})
    rows = [row(Email="a@e.com", LeadScore="x", cookie="1 2"), row(Email="b@e.com", LeadScore="y")]
    take = Take(open_database, rows)

    first = take()

    assert first.counts == Counts(created=2, cookies_ignored=1, skipped={"LeadScore": 2})
    assert take() == first
    assert first.started_at - NOW == timedelta()
