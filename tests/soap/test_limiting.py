"""Limits of calls: what is counted, when it is forgotten, and what a call beyond a limit is answered."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.endpoint import ANNA, STAMP, Client, arrived
from support.envelopes import Call, Credentials, envelope
from synclead.leads.errors import SyncleadError
from synclead.soap.limiting import CallLimiter, ConcurrencyLimitError, RateLimitError, RequestLimitError
from synclead.soap.service import answer

JUNE_MIDNIGHT = datetime(2024, 6, 2, 5, 0, tzinfo=UTC)
"""Midnight of 2 June in the US Central zone, which is then five hours behind UTC."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def time(self) -> float:
        return self.now.timestamp()

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The clock of the counters: noon in UTC on 1 June 2024."""
    return Clock(datetime(2024, 6, 1, 12, 0, tzinfo=UTC))


def outcome(limiter: CallLimiter, clock: Clock, limits: Mapping[str, int], subscription_id: int = 1) -> str:
    """`ok` for a call that begins and ends now, else the message of its refusal."""
    try:
        with limiter.call(subscription_id, limits, clock.now):
            return "ok"
    except SyncleadError as error:
        return str(error)


def remembered(limiter: CallLimiter) -> int:
    """How many entries the counters hold, empty ones too."""
    return sum(len(held) for held in (limiter._windows, limiter._days, limiter._under_way))


def test_calls_at_once_are_limited(clock: Clock) -> None:
    """A call beyond the limit is refused while the others are under way, and let in when one has ended."""
    limiter, limits = CallLimiter(clock.time), {"concurrent_calls": 2}
    with limiter.call(1, limits, clock.now):
        with limiter.call(1, limits, clock.now):
            with pytest.raises(ConcurrencyLimitError, match=r"^More than 2 concurrent calls$") as refused:
                limiter.call(1, limits, clock.now).__enter__()
            assert (refused.value.code, refused.value.text) == (20024, "Concurrency limit exceeded")
            assert outcome(limiter, clock, limits, subscription_id=2) == "ok"
        assert outcome(limiter, clock, limits) == "ok"


def test_calls_under_way_count_before_a_limit_is_set(clock: Clock) -> None:
    """A limit that is declared while calls are under way counts them."""
    limiter = CallLimiter(clock.time)
    with limiter.call(1, {}, clock.now):
        assert outcome(limiter, clock, {"concurrent_calls": 1}) == "More than 1 concurrent calls"


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
def test_a_call_is_over_however_it_ends(clock: Clock, ending: type[BaseException]) -> None:
    """An error or a cancellation gives the place of a call free."""
    limiter, limits = CallLimiter(clock.time), {"concurrent_calls": 1}
    with pytest.raises(ending), limiter.call(1, limits, clock.now):
        raise ending
    assert outcome(limiter, clock, limits) == "ok"


def test_calls_in_20_seconds_are_limited(clock: Clock) -> None:
    """Any 20 seconds hold so many calls: the window moves, it does not begin anew; refused calls do not count."""
    limiter, limits = CallLimiter(clock.time), {"calls_per_20s": 2}
    assert outcome(limiter, clock, limits) == "ok"
    clock.after(15)
    assert outcome(limiter, clock, limits) == "ok"
    for _ in range(5):
        assert outcome(limiter, clock, limits) == "More than 2 calls in 20 seconds"
    assert outcome(limiter, clock, limits, subscription_id=2) == "ok"
    clock.after(6)
    assert outcome(limiter, clock, limits) == "ok"
    assert outcome(limiter, clock, limits) == "More than 2 calls in 20 seconds"
    with pytest.raises(RateLimitError) as refused:
        limiter.call(1, limits, clock.now).__enter__()
    assert (refused.value.code, refused.value.text) == (20023, "Rate limit exceeded")


def test_calls_of_a_day_are_limited_until_midnight_us_central(clock: Clock) -> None:
    """The last second of the day in that zone refuses, the next lets in, whatever the day is in UTC."""
    limiter, limits = CallLimiter(clock.time), {"calls_per_day": 2}
    assert [outcome(limiter, clock, limits) for _ in range(2)] == ["ok", "ok"]
    with pytest.raises(RequestLimitError, match=r"^Request limit of 2 per day exceeded$") as refused:
        limiter.call(1, limits, clock.now).__enter__()
    assert (refused.value.code, refused.value.text) == (20015, "Request limit exceeded")
    assert outcome(limiter, clock, limits, subscription_id=2) == "ok"
    clock.now = JUNE_MIDNIGHT - timedelta(seconds=1)
    assert outcome(limiter, clock, limits) == "Request limit of 2 per day exceeded"
    clock.now = JUNE_MIDNIGHT
    assert [outcome(limiter, clock, limits) for _ in range(3)] == ["ok", "ok", "Request limit of 2 per day exceeded"]


def test_the_day_of_25_hours_has_one_count(clock: Clock) -> None:
    """The day that ends summer time is one day from its first minute to its last."""
    limiter, limits = CallLimiter(clock.time), {"calls_per_day": 1}
    clock.now = datetime(2024, 11, 3, 5, 0, tzinfo=UTC)
    assert outcome(limiter, clock, limits) == "ok"
    clock.after(25 * 3600 - 1)
    assert outcome(limiter, clock, limits) == "Request limit of 1 per day exceeded"
    clock.after(1)
    assert outcome(limiter, clock, limits) == "ok"


def test_limits_are_looked_at_in_order(clock: Clock) -> None:
    """At once, then 20 seconds, then the day; a refusal counts only in what was looked at before."""
    limiter = CallLimiter(clock.time)
    limits = {"calls_per_day": 3, "calls_per_20s": 2, "concurrent_calls": 1}
    with limiter.call(1, limits, clock.now):
        for _ in range(5):
            assert outcome(limiter, clock, limits) == "More than 1 concurrent calls"
    assert outcome(limiter, clock, limits) == "ok"
    for _ in range(5):
        assert outcome(limiter, clock, limits) == "More than 2 calls in 20 seconds"
    clock.after(21)
    assert outcome(limiter, clock, limits) == "ok"
    assert outcome(limiter, clock, limits) == "Request limit of 3 per day exceeded"
    assert outcome(limiter, clock, limits) == "More than 2 calls in 20 seconds"


def test_a_changed_limit_begins_no_count_anew(clock: Clock) -> None:
    """What was counted under the old limit counts under the new one."""
    limiter = CallLimiter(clock.time)
    both = {"calls_per_day": 9, "calls_per_20s": 9}
    assert [outcome(limiter, clock, both) for _ in range(3)] == ["ok", "ok", "ok"]
    assert outcome(limiter, clock, {"calls_per_20s": 3}) == "More than 3 calls in 20 seconds"
    assert outcome(limiter, clock, {"calls_per_day": 3}) == "Request limit of 3 per day exceeded"
    assert outcome(limiter, clock, {"calls_per_day": 4, "calls_per_20s": 4}) == "ok"


def test_without_limits_nothing_is_refused_or_kept(clock: Clock) -> None:
    """A subscription that sets no limit calls as often as it likes, and leaves nothing behind."""
    limiter = CallLimiter(clock.time)
    assert {outcome(limiter, clock, {}) for _ in range(1000)} == {"ok"}
    assert remembered(limiter) == 0


def test_old_days_and_removed_subscriptions_are_forgotten(clock: Clock) -> None:
    """However many days and subscriptions there were, what is kept is that of the last two days."""
    limiter, limits = CallLimiter(clock.time), {"calls_per_day": 9, "calls_per_20s": 9, "concurrent_calls": 9}
    outcome(limiter, clock, limits)
    one = remembered(limiter)
    clock.now = JUNE_MIDNIGHT - timedelta(seconds=5)
    for subscription_id in range(2, 50):
        outcome(limiter, clock, limits, subscription_id)
    for _ in range(5):
        clock.after(86400)
        outcome(limiter, clock, limits)
    assert remembered(limiter) == one


def test_the_20_seconds_reach_over_midnight(clock: Clock) -> None:
    """Calls before midnight still count in the 20 seconds after it."""
    limiter, limits = CallLimiter(clock.time), {"calls_per_20s": 2}
    clock.now = JUNE_MIDNIGHT - timedelta(seconds=5)
    assert [outcome(limiter, clock, limits) for _ in range(2)] == ["ok", "ok"]
    clock.after(10)
    assert outcome(limiter, clock, limits) == "More than 2 calls in 20 seconds"


def test_a_clock_that_is_set_back_locks_nobody_out(clock: Clock) -> None:
    """The 20 seconds are those that pass, whatever the time of day becomes meanwhile."""
    limits = {"calls_per_20s": 1}
    passed = Clock(clock.now)
    limiter = CallLimiter(passed.time)
    assert outcome(limiter, clock, limits) == "ok"
    clock.after(-3600)
    passed.after(10)
    assert outcome(limiter, clock, limits) == "More than 1 calls in 20 seconds"
    passed.after(11)
    assert outcome(limiter, clock, limits) == "ok"


def test_limits_come_after_authentication_and_before_the_operation() -> None:
    """A wrong signature or an old timestamp is refused as such and counts nothing; an unknown operation counts."""
    client = Client(call_limits={"calls_per_day": 1})
    sync, other = Call(email="t@t.com"), envelope(Call(email="t@t.com"), ANNA, STAMP)
    unknown = other.replace(b"paramsSyncLead", b"paramsNoSuchThing")
    for _ in range(2):
        assert "20014 -" in client.sync(sync, credentials=Credentials(ANNA.user, "wrong")).text
        assert "20016 -" in client.sync(sync, "2024-05-01T06:30:00Z").text
    assert "20019 -" in client.post(unknown).text
    refused = client.post(unknown)
    assert refused.status == 500
    assert "<faultcode>SOAP-ENV:Client</faultcode><faultstring>20015 - Request limit exceeded" in refused.text
    assert "<message>Request limit of 1 per day exceeded (20015)</message>" in refused.text
    assert "20014 -" in client.sync(sync, credentials=Credentials(ANNA.user, "wrong")).text
    assert client.writer.received == []
    assert client.logged[-2]["outcome"] == 20015
    assert client.logged[-2]["subscription"] == "Example Corp"


def test_a_call_that_faults_counts() -> None:
    """A call that is refused for what it says has been a call of its day."""
    client = Client(call_limits={"calls_per_day": 1})
    assert "20101 -" in client.sync(Call()).text
    assert "20015 -" in client.sync(Call(email="t@t.com")).text


def test_failures_and_lost_clients_keep_no_place() -> None:
    """A defect of ours and a client that hung up give the place of their call free."""
    client = Client(call_limits={"concurrent_calls": 1})
    body = envelope(Call(email="t@t.com"), ANNA, STAMP)
    client.writer.failure = RuntimeError("broken")
    assert "10001 -" in client.post(body).text
    client.writer.failure = None
    client.post(body, gone=True)
    client.post(body, cut=True)
    assert client.post(body).status == 200


def test_a_cancelled_call_keeps_no_place() -> None:
    """A call is refused while another waits for the database, and let in once that one is cancelled."""
    client = Client(call_limits={"concurrent_calls": 1})
    body = envelope(Call(email="t@t.com"), ANNA, STAMP)
    writes = client.writer.sync

    async def calls() -> bytes:
        waits = asyncio.Event()

        async def stuck(subscription_id: int, raw: Any, client: object = None) -> Any:
            waits.set()
            await asyncio.Event().wait()

        client.writer.sync = stuck  # type: ignore[method-assign]
        first = asyncio.create_task(answer(arrived(body), None, client.parts, {}, "ref-1"))
        await waits.wait()
        with pytest.raises(ConcurrencyLimitError):
            await answer(arrived(body), None, client.parts, {}, "ref-2")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        client.writer.sync = writes  # type: ignore[method-assign]
        return await answer(arrived(body), None, client.parts, {}, "ref-3")

    assert b"CREATED" in asyncio.run(calls())
