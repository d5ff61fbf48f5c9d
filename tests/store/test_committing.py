"""Calls whose clients gave up are not begun, nor begun again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from support.unreliable import Unreliable
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.engine import reading
from synclead.store.errors import ServiceFailureError
from synclead.store.observer import Observer
from synclead.store.reading import leads_by_email
from synclead.store.transaction import Database
from synclead.store.writer import Writer

Declare = Callable[..., int]
OpenDatabase = Callable[..., Database]
Running = Callable[..., AbstractAsyncContextManager[Writer]]


@dataclass
class Client:
    """It gives up at the question that a test says, counted from 1; never at 0."""

    at: int = 0
    age: float = 0.0
    asked: int = 0

    def arrived(self) -> float:
        return time.monotonic() - self.age

    def has_given_up(self, arrived: float) -> bool:
        self.asked += 1
        return self.at > 0 and self.asked >= self.at


class Reasons(Observer):
    """Keeps why calls failed."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def failed(self, reference: str, error: Exception | str) -> None:
        self.reasons.append(str(error))


def record(city: str) -> RawRecord:
    """One person with a value."""
    return RawRecord(email="a@e.com", attributes=(RawAttribute("City", city),))


def city(engine: Engine) -> str | None:
    """What is stored of them."""
    with reading(engine) as connection:
        found = leads_by_email(connection, 1, "a@e.com")
    return found[0].values["City"] if found else None


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (Client(at=1), "the client hung up before its call was begun"),
        (Client(age=25.0), "deadline of the call"),
        (Client(at=2), "the client hung up before its call was begun"),
    ],
    ids=["before it is queued", "too old to be queued", "before it is put into a group"],
)
def test_an_old_call_is_not_begun(
    engine: Engine, declare: Declare, writer: Running, client: Client, reason: str
) -> None:
    """Whose client gave up, or whose time is over: nothing is written, and its neighbours are served."""
    declare(1)
    observer = Reasons()

    async def calls() -> None:
        async with writer(observer=observer) as door:
            with pytest.raises(ServiceFailureError, match=r"nothing was written, safe to repeat$"):
                await door.sync(1, record("old"), client)
            await door.sync(1, RawRecord(email="b@e.com"), Client())

    asyncio.run(calls())
    assert city(engine) is None
    assert observer.reasons == [reason]


def test_a_young_call_is_asked_for_no_more_under_its_lock(engine: Engine, declare: Declare, writer: Running) -> None:
    """Who hangs up once the group is under way is written, as ever."""
    declare(1)
    client = Client(at=3)

    async def calls() -> None:
        async with writer() as door:
            await door.sync(1, record("new"), client)

    asyncio.run(calls())
    assert (city(engine), client.asked) == ("new", 2)


@pytest.mark.parametrize("failures", [["lost"], ["works", "lost"]], ids=["before its reads", "before its commit"])
def test_a_group_is_not_run_again_for_who_gave_up(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase, failures: list[str]
) -> None:
    """Where its connection was lost somebody else may have been answered; who still waits is written."""
    declare(1)

    async def calls() -> Sequence[object]:
        async with writer(Unreliable(open_database(), failures), observer=Observer()) as door:
            gone = door.sync(1, record("old"), Client(at=3))
            return await asyncio.gather(gone, return_exceptions=True)

    (answer,) = asyncio.run(calls())
    assert isinstance(answer, ServiceFailureError)
    assert answer.outcome_known
    assert city(engine) is None


def test_a_group_is_run_again_for_who_waits(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """A lost connection is nothing that they see."""
    declare(1)

    async def calls() -> None:
        async with writer(Unreliable(open_database(), ["lost"]), observer=Observer()) as door:
            await door.sync(1, record("new"), Client())

    asyncio.run(calls())
    assert city(engine) == "new"


def test_a_standstill_in_a_group_is_asked_about(
    engine: Engine, declare: Declare, writer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may have had the lock meanwhile: under it each client is looked at once more."""
    declare(1)
    monkeypatch.setattr("synclead.store.committing.resumed", lambda: time.monotonic() + 1)

    async def calls() -> None:
        async with writer(observer=Observer()) as door:
            with pytest.raises(ServiceFailureError, match=r"nothing was written, safe to repeat$"):
                await door.sync(1, record("old"), Client(at=3))

    asyncio.run(calls())
    assert city(engine) is None
