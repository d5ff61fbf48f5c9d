"""The last calls: kept on the way of a call, written behind it, bounded."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any

import pytest

from support.endpoint import ANNA, STAMP
from support.envelopes import SOAP, Call, Credentials, envelope, wrap
from support.logs import capture_logs
from support.recorded import MemoryLog, Recorded, flushed, recorder
from synclead.leads.errors import LeadNotFoundError
from synclead.soap import entries, interned, waiting
from synclead.soap import recorder as module
from synclead.soap.asked import MOST_BYTES
from synclead.soap.observer import CallObserver
from synclead.soap.recorder import Recorder
from synclead.store.request_log import NOBODY, Bounds, NewEntry
from synclead.store.transaction import DatabaseError, DatabaseLostError, DataRefusedError, StatementTimeoutError

SECRET = "Kx9qWv"
NOT_FOUND = LeadNotFoundError("No lead found with ID = 7")


def came(to: Recorder, number: int, *, failed: bool = False, sent: bytes = b"<a/>", subscription: int = 1) -> None:
    """One call that came."""
    facts: dict[str, Any] = {"subscription_id": subscription, "subscription": "A", "lead": number, "outcome": "UPDATED"}
    if failed:
        facts["outcome"] = 20103
    to.answered(facts, 0.1, sent, None, NOT_FOUND if failed else None)


def until(met: Callable[[], bool]) -> Iterator[float]:
    """Pauses between looks at what must come within ten seconds."""
    deadline = monotonic() + 10
    while not met():
        assert monotonic() < deadline
        yield 0.01


def test_a_success_is_recorded_with_what_was_asked_and_changed() -> None:
    """Who called, which step decided, which names changed; no value."""
    recorded = Recorded()
    recorded.client.sync(Call(email="t@t.com", attributes=(("FirstName", "George"),), foreign_id="X"))

    (entry,) = recorded.entries()

    assert (entry.subscription_id, entry.failed, entry.lead_id) == (1, False, 1000)
    document = entry.document
    assert (document["user"], document["client"], document["request"]) == (ANNA.user, "127.0.0.1", "ref-1")
    assert (document["operation"], document["outcome"], document["step"]) == ("syncLead", "CREATED", 6)
    assert document["changed_names"] == ["FirstName", "Email", "ForeignSysPersonId"]
    assert "<attrName>FirstName</attrName><attrValue>[text, 6 characters]" in document["asked"]


def test_a_fault_is_recorded_with_its_message_and_without_the_value() -> None:
    """The name and the reason stay."""
    recorded = Recorded()
    recorded.client.sync(Call(email=SECRET))
    recorded.client.sync(Call(email="t@t.com", attributes=(("pants", "x"), ("hat", "y"))))

    email, names = recorded.entries()

    assert email.failed
    assert email.document["message"] == "Bad value for Email: the value is not one @ with text on both sides"
    assert names.document["message"].endswith("unknown fields for import: pants, hat")
    assert names.document["unknown_fields"] == ["pants", "hat"]


def test_callers_that_are_not_known_have_no_subscription() -> None:
    """Their faults are recorded for nobody; of a right signature that is too old it is known whose it was."""
    recorded = Recorded()
    recorded.client.sync(Call(email="t@t.com"), credentials=Credentials("nobody", "k"))
    recorded.client.post(b"no XML")
    recorded.client.sync(Call(email="t@t.com"), timestamp="2013-07-31T12:38:47-07:00")

    found = [(entry.document["outcome"], entry.subscription_id) for entry in recorded.entries()]

    assert found == [(20014, NOBODY), (20012, NOBODY), (20016, 1)]


def bodies() -> Iterator[bytes]:
    """A call for each part that a value can stand in."""
    # fmt: off
    for call in (
        Call(id=SECRET), Call(email=SECRET), Call(email=f"{SECRET}@t.com"), Call(email=f"a b@{SECRET}"),
        Call(foreign_id=SECRET), Call(foreign_id="x" * 300 + SECRET), Call(foreign_id=SECRET, foreign_type=SECRET),
        Call(cookie=SECRET), Call(cookie=f"id:{SECRET}&token:_mch-a-1"), Call(cookie=f"id:100-AEK-913&token:{SECRET}"),
        Call(email="t@t.com", cookie=f"_mch-{SECRET}"), Call(email="t@t.com", workspace=SECRET),
        *(Call(email="t@t.com", attributes=((name, SECRET),))
          for name in ("FirstName", "NumberOfEmployees", "AnnualRevenue", "DoNotCall", "DateofBirth", "Email", "Unknown")),
        Call(email="t@t.com", attributes=(("FirstName", SECRET * 50),)),
    ):
        yield envelope(call, ANNA, STAMP)
    for inside in (
        f"<leadRecord><Email>t@t.com</Email></leadRecord><returnLead>{SECRET}</returnLead>",
        f"<leadRecord><Email>t@t.com</Email><Other>{SECRET}</Other></leadRecord>",
        f"<leadRecord><Email>t@t.com</Email>{SECRET}</leadRecord>", f"<leadRecord>{SECRET}</leadRecord>", SECRET,
        f"<leadRecord><Email>t@t.com</Email><Email>{SECRET}</Email></leadRecord>",
        f"<leadRecord><Email a='{SECRET}'>t@t.com</Email></leadRecord>",
        f"<leadRecord x:nil='{SECRET}' xmlns:x='http://www.w3.org/2001/XMLSchema-instance'><Email>t@t.com</Email></leadRecord>",
        f"<leadRecord x:type='{SECRET}' xmlns:x='http://www.w3.org/2001/XMLSchema-instance'><Email>t@t.com</Email></leadRecord>",
        f"<leadRecord><Email><!-- {SECRET} --><![CDATA[{SECRET}]]></Email></leadRecord>",
        f"<leadRecord><Email href='#{SECRET}'/></leadRecord>", f"<leadRecord><Email id='{SECRET}' href='#{SECRET}'/></leadRecord>", f"<leadRecord><Email>{SECRET}</leadRecord>",
        f"<leadRecord><leadAttributeList><attribute><attrValue>{SECRET}</attrValue></attribute></leadAttributeList></leadRecord>",
        f"<leadRecord><Email>t@t.com</Email><leadAttributeList><attribute><attrName>City</attrName>"
        f"<attrType>{SECRET}</attrType><attrValue>a</attrValue></attribute></leadAttributeList></leadRecord>",
    ):
        yield wrap(f"<ns1:paramsSyncLead>{inside}</ns1:paramsSyncLead>", ANNA, timestamp=STAMP)
    for key in (
        f"<keyValue>{SECRET}</keyValue>", f"<keyType>{SECRET}</keyType><keyValue>7</keyValue>",
        *(f"<keyType>{name}</keyType><keyValue>{SECRET}@t.com</keyValue>" for name in ("EMAIL", "IDNUM", "COOKIE")),
    ):
        yield wrap(f"<ns1:paramsGetLead><leadKey>{key}</leadKey></ns1:paramsGetLead>", ANNA, timestamp=STAMP)
    whole = envelope(Call(email="t@t.com"), ANNA, STAMP).decode()
    yield whole.replace("</ns1:AuthenticationHeader>", f"<partnerId>{SECRET}</partnerId></ns1:AuthenticationHeader>").encode()
    yield whole.replace("</SOAP-ENV:Header>", f"<Other>{SECRET}</Other></SOAP-ENV:Header>").encode()
    yield whole.replace(STAMP, SECRET).encode()
    yield whole.replace(ANNA.user, "unknown-" + SECRET).encode()
    yield whole.replace("<requestSignature>", f"<requestSignature>{SECRET}").encode()
    yield whole.replace("<SOAP-ENV:Body>", f"<SOAP-ENV:Body>{SECRET}").encode()
    yield whole.replace(SOAP, "http://www.w3.org/2003/05/soap-envelope").replace("t@t.com", SECRET).encode()
    yield whole.replace("SOAP-ENV:Envelope", "Envelop").replace("t@t.com", SECRET).encode()
    yield from (SECRET.encode(), f"<!DOCTYPE {SECRET}><a/>".encode(), f"<a b='{SECRET}'>{SECRET}</a>".encode())
    # fmt: on


@pytest.mark.parametrize("policy", [{}, {"preset": "forgiving"}])
def test_no_value_is_recorded_wherever_it_stands(policy: dict[str, str]) -> None:
    """A value planted in each part of a call is in no entry; nor are signature and key."""
    recorded = Recorded(policy=policy)
    every = list(bodies())
    for body in every:
        recorded.client.post(body)

    entries = recorded.entries()

    assert len(entries) == len(every)
    assert len({entry.document["outcome"] for entry in entries}) > 6
    signature = envelope(Call(), ANNA, STAMP).decode().split("requestSignature>")[1][:40]
    for entry in entries:
        written = repr(entry).lower()
        for secret in (SECRET, ANNA.key, signature):
            assert secret.lower() not in written, entry


def test_values_are_recorded_where_it_was_chosen() -> None:
    """Those of the Body and of messages; never a signature, a key or a whole unknown user."""
    recorded = Recorded(show_values=True)
    for body in bodies():
        recorded.client.post(body)

    entries = recorded.entries()

    shown = [entry for entry in entries if SECRET in repr(entry)]
    assert len(shown) > 20
    assert any(SECRET in entry.document["message"] for entry in shown if entry.failed)
    signature = envelope(Call(), ANNA, STAMP).decode().split("requestSignature>")[1][:40]
    for entry in entries:
        assert ANNA.key not in repr(entry)
        assert signature not in repr(entry)
        assert "unknown-" + SECRET not in repr(entry)


def test_what_no_text_can_hold_is_replaced() -> None:
    """Half of a surrogate pair fails neither the call nor its entry."""
    log = MemoryLog()
    to = recorder(log)
    to.answered({"subscription_id": 1, "operation": "a\ud83d", "lead": 7}, 0.1, b"<a/>", None, None)
    flushed(to)
    (entry,) = log.entries
    assert (entry.lead_id, entry.document["operation"]) == (7, "a[U+D83D]")


def test_of_too_many_the_last_stay_and_lost_faults_are_counted() -> None:
    """Each kind of each subscription has its own bound, and the newest is not pushed out by another's."""
    log = MemoryLog()
    kept = recorder(log, Bounds(successes=3, faults=2))
    for number in range(10):
        came(kept, number)
        came(kept, number, failed=True)
    came(kept, 99, subscription=2)

    flushed(kept)

    found = [(one.subscription_id, one.failed, one.lead_id, one.document.get("lost")) for one in log.entries]
    assert sorted(found, key=repr) == sorted(
        [
            (1, False, 7, None),
            (1, False, 8, None),
            (1, False, 9, None),
            (1, True, 8, 8),
            (1, True, 9, None),
            (2, False, 99, None),
        ],
        key=repr,
    )


@pytest.mark.parametrize("bounds", [Bounds(successes=0), Bounds(faults=0), Bounds(days=0)])
def test_zero_switches_off(bounds: Bounds) -> None:
    """Nothing of that kind is kept; zero days keep nothing at all."""
    log = MemoryLog()
    kept = recorder(log, bounds)
    came(kept, 1)
    came(kept, 2, failed=True)

    flushed(kept)

    on = {False: bounds.successes, True: bounds.faults}
    assert [entry.failed for entry in log.entries] == [failed for failed in on if on[failed] and bounds.days]


def test_of_a_large_body_the_beginning_is_kept() -> None:
    """No more of it waits in memory; together bodies have a bound, too."""
    log = MemoryLog()
    kept = recorder(log)
    body = b"<a>" + b"x" * 1_000_000
    for number in range(900):
        came(kept, number, sent=body)
        came(kept, number, sent=body, failed=True)

    assert len(kept._waiting._calls[1, False][0].sent or b"") == MOST_BYTES
    flushed(kept)

    shown = [entry.document["asked"] for entry in log.entries]
    assert len(shown) == 2 * 900
    assert shown.count(f"<a>[text, {MOST_BYTES - 3} characters]</a>\n[cut here: 1,000,003 bytes were sent]") == (
        waiting.MOST_BYTES // MOST_BYTES
    )
    assert (
        shown.count("[cannot be shown: 1,000,003 bytes were sent while too many calls waited to be kept]")
        == 2 * 900 - waiting.MOST_BYTES // MOST_BYTES
    )


def test_of_a_call_without_a_whole_body_the_fault_says_why() -> None:
    """Nothing of it can be shown."""
    recorded = Recorded()
    recorded.client.post(b"no gzip", content_encoding="gzip")

    (entry,) = recorded.entries()

    assert entry.document["asked"] == f"[cannot be shown: {entry.document['message']}]"


def test_of_a_body_that_was_not_read_to_its_end_the_beginning_is_shown() -> None:
    """It is told apart from one that is cut here."""
    log = MemoryLog()
    kept = recorder(log)
    kept.answered({"outcome": 20014}, 0.1, b"<a><b>x</b><!-- ", None, NOT_FOUND, is_whole=False)
    kept.answered({"outcome": 20012}, 0.1, b"", None, NOT_FOUND, is_whole=False)

    flushed(kept)

    assert [entry.document["asked"] for entry in log.entries] == [
        "<a><b>[text, 1 character]</b></a>\n[cut here: 16 bytes were read]",
        "[cannot be shown: No lead found with ID = 7]",
    ]


def test_facts_without_end_are_cut() -> None:
    """A caller may send as many names as its limits allow."""
    log = MemoryLog()
    kept = recorder(log)
    names = [f"{number} {'x' * 1_000}" for number in range(1_000)]
    kept.answered(
        {"subscription_id": 1, "lead": 7, "outcome": "UPDATED", "changed_names": names}, 0.1, b"<a/>", None, None
    )

    assert len(kept._waiting._calls[1, False][0].facts) < 20_000
    flushed(kept)

    (entry,) = log.entries
    assert entry.lead_id == 7
    assert entry.document["changed_names"][0] == names[0][:255]
    assert entry.document["changed_names"][50:] == ["and 950 more"]


def test_nothing_is_written_while_nothing_happens() -> None:
    """Neither at the start nor at the end."""
    log = MemoryLog()

    flushed(recorder(log))

    assert (log.batches, log.expired, log.is_closed) == ([], 0, True)


def test_while_calls_come_a_part_is_written_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is a pause; what is left is written without one as soon as no call came meanwhile."""
    steps: list[str] = []

    async def within(event: asyncio.Event, seconds: float) -> bool:
        if seconds == module._PAUSE_SECONDS:
            steps.append("pause")
            return event.is_set()
        return await event.wait()

    class Busy(MemoryLog):
        async def write(self, entries: Any, now: int) -> None:
            await super().write(entries, now)
            steps.append("write")
            if len(self.batches) == 1:
                came(kept, 1000)

    monkeypatch.setattr(module, "_within", within)
    log = Busy()
    kept = recorder(log)

    async def run() -> None:
        for number in range(6 * waiting.BATCH):
            came(kept, number)
        kept.start()
        for pause in until(lambda: len(log.entries) == 6 * waiting.BATCH + 1):
            await asyncio.sleep(pause)
        await kept.close()

    asyncio.run(run())

    assert steps[:5] == ["pause", "write", "pause", "write", "write"]
    first, second = ([one.lead_id for one in batch] for batch in log.batches[:2])
    assert first == list(range(5 * waiting.BATCH, 6 * waiting.BATCH))
    assert second[-1] == 1000


@pytest.mark.parametrize("number", [waiting.IN_ORDER, 3 * waiting.IN_ORDER])
def test_few_large_bodies_are_made_readable_at_once(number: int) -> None:
    """However many wait: what is done between two pauses is bounded in bytes, too."""
    log = MemoryLog()
    kept = recorder(log)
    for one in range(number):
        came(kept, one, sent=b"<a>" + b"x" * MOST_BYTES, subscription=one % 4)

    flushed(kept)

    assert len(log.entries) == number
    assert {len(batch) for batch in log.batches} == {waiting.BATCH_BYTES // MOST_BYTES}


def test_what_a_few_batches_hold_is_written_in_the_order_it_came() -> None:
    """Of all subscriptions and kinds together: then the order of ids is that of times."""
    log = MemoryLog()
    clock = iter(range(10**6))
    kept = recorder(log, clock=lambda: next(clock))
    for number in range(waiting.IN_ORDER):
        came(kept, number, failed=number % 3 == 0, subscription=number % 2)

    flushed(kept)

    assert [one.lead_id for one in log.entries] == list(range(waiting.IN_ORDER))
    assert len(log.batches) == waiting.IN_ORDER // waiting.BATCH


def test_a_database_that_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry is lost, calls hear nothing of it, and the log says it once."""
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.01)
    log = MemoryLog(*[DatabaseLostError("away")] * 3)
    kept = recorder(log)

    async def run() -> None:
        kept.start()
        came(kept, 1)
        for pause in until(lambda: len(log.failures) == 1):
            came(kept, 2)
            await asyncio.sleep(pause)
        for pause in until(lambda: bool(log.entries)):
            await asyncio.sleep(pause)
        await kept.close()

    with capture_logs() as logged:
        asyncio.run(run())

    assert {1, 2} <= {entry.lead_id for entry in log.entries}
    assert [line["event"] for line in logged] == ["calls are not recorded"]


class Picky(MemoryLog):
    """A database that fails on some entries."""

    def __init__(self, fails: Callable[[NewEntry], Exception | None]) -> None:
        super().__init__()
        self._fails = fails

    async def write(self, entries: Sequence[NewEntry], now: int) -> None:
        """See RequestLog."""
        for entry in entries:
            if (error := self._fails(entry)) is not None:
                raise error
        await super().write(entries, now)


class Counted(CallObserver):
    """Counts what is not recorded."""

    def __init__(self) -> None:
        self.unrecorded_calls: Counter[str] = Counter()

    def unrecorded(self, reason: str) -> None:
        """See CallObserver."""
        self.unrecorded_calls[reason] += 1


ERRORS = [
    DataRefusedError("P0001"),
    DatabaseLostError("gone"),
    StatementTimeoutError("slow"),
    DatabaseError("XX000"),
    RuntimeError(SECRET),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_entry_that_cannot_be_stored_costs_itself_alone(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbours are stored as they are, and what is left of it in its place: the log and the figures say so."""
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.001)
    counted = Counted()
    log = Picky(lambda entry: error if entry.document.get("asked") == "<bad/>" else None)
    kept = recorder(log, observer=counted)

    async def run() -> None:
        for number in range(5):
            came(kept, number, sent=b"<bad/>" if number in (1, 3) else b"<good/>", failed=number == 3)
        kept.start()
        for pause in until(lambda: len(log.entries) == 5):
            await asyncio.sleep(pause)
        came(kept, 5)
        await kept.close()

    with capture_logs() as logged:
        asyncio.run(run())

    assert [(entry.failed, entry.lead_id) for entry in log.entries] == [
        *((False, 0), (False, None), (False, 2), (True, None), (False, 4), (False, 5)),
    ]
    shortened = log.entries[3].document
    assert shortened == {
        "outcome": 20103,
        "asked": "[cannot be shown: the database refused it, and the server's log says why]",
    }
    assert counted.unrecorded_calls == {"shortened": 2}
    told = [line for line in logged if line["event"] == "call recorded without what was asked"]
    assert len(told) == 2
    assert SECRET not in repr(logged)


def test_an_entry_of_which_nothing_can_be_stored_is_counted() -> None:
    """The next one of its subscription says so; others are stored."""
    counted = Counted()
    log = Picky(lambda entry: DataRefusedError("23514") if entry.at in (1_000_000, 2_000_000) else None)
    times = iter(range(1000))
    kept = recorder(log, observer=counted, clock=lambda: next(times))
    for number, subscription in enumerate((1, 1, 1, 2, 1, 1)):
        came(kept, number, subscription=subscription)

    with capture_logs() as logged:
        flushed(kept)
    came(kept, 7, subscription=1)
    flushed(kept)

    assert [entry.lead_id for entry in log.entries] == [0, 3, 4, 5, 7]
    assert [entry.document.get("unstored") for entry in log.entries] == [None, None, None, None, 2]
    assert counted.unrecorded_calls == {"refused": 2}
    assert [line["event"] for line in logged] == ["call not recorded"] * 2


def test_a_database_that_is_away_costs_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it fails, and whatever is tried meanwhile."""
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_SECONDS", 0.001)
    counted = Counted()
    left = [DatabaseLostError("away")] * 20

    class Away(MemoryLog):
        async def write(self, entries: Sequence[NewEntry], now: int) -> None:
            if left:
                raise left.pop()
            await super().write(entries, now)

        async def expire(self, now: int) -> None:
            if left:
                raise left.pop()

    log = Away()
    kept = recorder(log, observer=counted)

    async def run() -> None:
        for number in range(20):
            came(kept, number, sent=b"<good/>")
        kept.start()
        for pause in until(lambda: len(log.entries) == 20):
            await asyncio.sleep(pause)
        await kept.close()

    asyncio.run(run())

    assert [(entry.lead_id, entry.document["asked"]) for entry in log.entries] == [(n, "<good/>") for n in range(20)]
    assert counted.unrecorded_calls == {}


def test_a_defect_in_making_one_readable_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands there without what was asked, and the log has where the defect is."""

    def asked(sent: bytes, *arguments: object, **options: object) -> str:
        if sent == b"<bad/>":
            raise RecursionError(SECRET)
        return "shown"

    monkeypatch.setattr(entries, "asked", asked)
    log = MemoryLog()
    kept = recorder(log)
    for number, sent in enumerate((b"<good/>", b"<bad/>", b"<good/>")):
        came(kept, number, sent=sent, failed=True)

    with capture_logs() as logged:
        flushed(kept)

    assert [entry.document["asked"] for entry in log.entries] == [
        *("shown", "[cannot be shown: the server's log says why]", "shown"),
    ]
    assert log.entries[1].document["outcome"] == 20103
    assert [line["event"] for line in logged] == ["call recorded without what was asked"]


def test_without_another_thread_calls_are_recorded_without_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives no thread loses no call."""

    def refuse(work: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(interned, "apart", refuse)
    log = MemoryLog()
    kept = recorder(log)
    came(kept, 1)

    flushed(kept)

    assert [entry.document["asked"] for entry in log.entries] == ["[cannot be shown: the server's log says why]"]


def test_calls_that_are_too_many_are_counted() -> None:
    """Successes and faults that were let go."""
    counted = Counted()
    kept = recorder(MemoryLog(), Bounds(successes=3, faults=2), observer=counted)
    for number in range(10):
        came(kept, number)
        came(kept, number, failed=True)

    assert counted.unrecorded_calls == {"too_many": 7 + 8}


def test_a_database_that_does_not_answer_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end waits for a bounded time."""
    monkeypatch.setattr(module, "_CLOSING_SECONDS", 0.05)

    class Silent(MemoryLog):
        async def write(self, entries: Any, now: int) -> None:
            await asyncio.Event().wait()

    log = Silent()
    kept = recorder(log)
    came(kept, 1)

    flushed(kept)

    assert log.is_closed
