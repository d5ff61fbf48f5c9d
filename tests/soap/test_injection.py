"""Injected faults: answered where real ones are, and to nobody who is not authenticated."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from support.endpoint import ANNA, Client
from support.envelopes import Answer, Call, Credentials, read_answer
from synclead.soap import injection
from synclead.soap.injection import CODES, Injection, Injections

CALL = Call(email="t@t.com")


@pytest.fixture
def asked() -> Injections:
    """What waits for the calls of `client`."""
    return Injections()


@pytest.fixture
def client(asked: Injections) -> Client:
    """A client of an endpoint that follows `asked`."""
    client = Client()
    client.parts = replace(client.parts, injections=asked)
    return client


def _sync(client: Client, credentials: Credentials = ANNA) -> Answer:
    response = client.sync(CALL, credentials=credentials)
    return read_answer(response.status, response.body)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (20011, "Internal error, reference ref-1, nothing was written, safe to repeat (20011)"),
        (20015, "Request limit of 10000 per day exceeded (20015)"),
        (20016, "Request expired (20016)"),
        (20023, "More than 100 calls in 20 seconds (20023)"),
        (20024, "More than 10 concurrent calls (20024)"),
    ],
)
def test_so_many_calls_are_answered_by_the_fault(client: Client, asked: Injections, code: int, message: str) -> None:
    """Nothing of them is written, and the log says that the fault was asked for; the next call is answered as always."""
    asked.add(Injection(code), calls=2)
    answers = [_sync(client) for _ in range(3)]
    assert [one.message for one in answers[:2]] == [message, message]
    assert [one.fault_code for one in answers[:2]] == [str(code), str(code)]
    assert answers[2].status == "CREATED"
    assert len(client.writer.received) == 1
    lines = [line for line in client.logged if line["event"] == "call"]
    assert [(line["outcome"], line.get("injected")) for line in lines] == [
        (code, code),
        (code, code),
        ("CREATED", None),
    ]
    assert {line["user"] for line in lines} == {ANNA.user}


def test_every_code_has_a_case_above() -> None:
    """A fault that can be injected is one whose message a test has read."""
    assert CODES == (20011, 20015, 20016, 20023, 20024)


def test_a_call_can_be_written_and_hear_that_nobody_knows(client: Client, asked: Injections) -> None:
    """The client repeats it, as it must, and finds its lead."""
    asked.add(Injection(20011, written=True), calls=1)
    first, again = _sync(client), _sync(client)
    assert first.message == "Internal error, reference ref-1, outcome not known, safe to repeat (20011)"
    assert again.status == "UPDATED"


def test_limits_of_the_subscription_are_named(asked: Injections) -> None:
    """Where a limit is set, the message of the injected fault has it."""
    client = Client(call_limits={"calls_per_day": 7})
    client.parts = replace(client.parts, injections=asked)
    asked.add(Injection(20015), calls=1)
    assert _sync(client).message == "Request limit of 7 per day exceeded (20015)"


def test_who_is_not_authenticated_takes_nothing(client: Client, asked: Injections) -> None:
    """A wrong signature hears 20014, and the fault waits for the next call."""
    asked.add(Injection(20015), calls=1)
    assert _sync(client, Credentials(ANNA.user, "wrong")).fault_code == "20014"
    assert _sync(client).fault_code == "20015"


def test_what_was_asked_first_comes_first(client: Client, asked: Injections) -> None:
    """Faults asked for one after the other are answered one after the other; `clear` forgets those that wait."""
    asked.add(Injection(20023), calls=1)
    asked.add(Injection(20024), calls=5)
    assert [_sync(client).fault_code for _ in range(3)] == ["20023", "20024", "20024"]
    assert asked.waiting == ((Injection(20024), 3),)
    asked.clear()
    assert _sync(client).status == "CREATED"


@pytest.mark.parametrize(
    ("asked_for", "written_when_waiting"),
    [(Injection(wait=3), 1), (Injection(20011, written=True, wait=3), 1), (Injection(20011, wait=3), 0)],
)
def test_the_answer_waits_and_not_the_writing(
    client: Client,
    asked: Injections,
    monkeypatch: pytest.MonkeyPatch,
    asked_for: Injection,
    written_when_waiting: int,
) -> None:
    """A call that is carried out is, before the wait: who gives up too early must find its lead."""
    seen: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        seen.append((seconds, len(client.writer.received)))

    monkeypatch.setattr(injection, "asyncio", SimpleNamespace(sleep=sleep))
    asked.add(asked_for, calls=1)
    _sync(client)
    assert seen == [(3, written_when_waiting)]
