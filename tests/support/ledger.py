"""Clients that go on through every failure, and the comparison of what they were told with what is stored.

Each attempt of a call brings a value of its own, so that the history of a lead says which attempts were written, in
which order, and how often.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from support.database import StoredLead, histories_at, leads_at
from support.envelopes import Answer, Call, Credentials
from support.server import Server

NOTHING_WRITTEN = "nothing was written, safe to repeat (20011)"
NOT_KNOWN = "outcome not known, safe to repeat (20011)"


@dataclass(frozen=True)
class Attempt:
    """One call, as its client knows it."""

    person: str
    value: str
    answer: Answer | None  # None: the connection to the server broke

    @property
    def written(self) -> bool | None:
        """Whether the client was told that it is stored; None when nobody told."""
        if self.answer is None or (self.answer.message or "").endswith(NOT_KNOWN):
            return None
        if self.answer.fault_code is None:
            return True
        assert (self.answer.message or "").endswith(NOTHING_WRITTEN), self.answer.body
        return False


class Ledger:
    """Everything that was attempted, in the order in which each person's client did it."""

    def __init__(self, user: Credentials) -> None:
        self._user = user
        self.attempts: list[Attempt] = []
        self._turns: dict[str, int] = {}

    def attempt(self, server: Server, person: str) -> Attempt:
        """Brings a person with every kind of key and a new value; one client a person at a time."""
        turn = self._turns[person] = self._turns.get(person, -1) + 1
        call = Call(
            email=f"{person}@orchard.example",
            foreign_id=f"tree-{person}",
            cookie=f"_mch-orchard.example-{person}",
            attributes=(("City", f"{person}/{turn}"),),
            return_lead=False,
        )
        answer: Answer | None
        try:
            with server.caller(self._user) as caller:
                answer = caller.sync(call)
        except (OSError, http.client.HTTPException):
            answer = None
        done = Attempt(person, f"{person}/{turn}", answer)
        self.attempts.append(done)
        return done

    def of(self, person: str) -> list[Attempt]:
        """One person's attempts, oldest first."""
        return [one for one in self.attempts if one.person == person]

    def assert_true(self, url: str) -> None:
        """Each call is stored exactly when its client was told so, at most once, and in order."""
        stored, histories = leads_at(url), histories_at(url, "City")
        people = {one.person for one in self.attempts}
        by_email: dict[str | None, list[StoredLead]] = {}
        for lead in stored.values():
            by_email.setdefault(lead.email, []).append(lead)
        for person in people:
            found = by_email.get(f"{person}@orchard.example", [])
            assert len(found) <= 1, f"{person} is {len(found)} leads"
            history = _history(found[0], histories.get(found[0].id, [])) if found else []
            self._assert_one(person, history, found[0] if found else None)

    def _assert_one(self, person: str, history: list[str], lead: StoredLead | None) -> None:
        attempts = self.of(person)
        told = {one.value for one in attempts if one.written is True}
        untold = {one.value for one in attempts if one.written is None}
        shown = f"{person}: {[(one.value, one.written) for one in attempts]}, stored {history}"
        assert len(history) == len(set(history)), f"written twice: {shown}"
        assert told <= set(history), f"acknowledged and lost: {shown}"
        assert set(history) <= told | untold, f"written and denied: {shown}"
        order = [one.value for one in attempts if one.value in history]
        assert [one for one in history if one in told] == [one for one in order if one in told], f"order: {shown}"
        for one in attempts:
            if one.answer is not None and one.answer.status is not None:
                assert lead is not None
                assert one.answer.lead_id == lead.id
                assert (one.answer.status == "CREATED") == (one.value == history[0]), shown
        if lead is not None:
            assert lead.activities == ("New Lead",) + ("Change Data Value",) * (len(history) - 1)
            assert lead.foreign_ids == (f"tree-{person}",)
            assert lead.cookies == (f"_mch-orchard.example-{person}",)


def _history(lead: StoredLead, changes: Sequence[tuple[str, str]]) -> list[str]:
    """Every value that the lead had, oldest first, by an unbroken line of changes."""
    if not changes:
        return [lead.values["City"]]
    for (_, new), (old, _) in pairwise(changes):
        assert new == old
    assert changes[-1][1] == lead.values["City"]
    return [changes[0][0], *(new for _, new in changes)]


@contextmanager
def clients_that_go_on(ledger: Ledger, servers: Sequence[Server], clients: int) -> Iterator[Callable[[int], None]]:
    """Each client brings the same person again and again, whatever it hears, until the block ends.

    Gives a function that returns when that many further calls were acknowledged.
    """
    ending = threading.Event()
    progress = threading.Condition()
    done = 0

    def work(number: int) -> None:
        nonlocal done
        while not ending.is_set():
            attempt = ledger.attempt(servers[number % len(servers)], f"client-{number}")
            if attempt.written:
                with progress:
                    done += 1
                    progress.notify_all()
            else:
                ending.wait(0.05)  # as a client does that repeats

    def await_written(count: int) -> None:
        with progress:
            wanted = done + count
            assert progress.wait_for(lambda: done >= wanted, timeout=60), f"{done} of {wanted} calls were acknowledged"

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield await_written
    finally:
        ending.set()
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads), "a client still waits for its answer"


def await_readiness(server: Server, status: int, seconds: float = 30.0) -> None:
    """Returns when /readyz answers with this status: 200 or 503."""
    deadline = time.monotonic() + seconds
    while (found := server.get("/readyz")) != status:
        assert time.monotonic() < deadline, f"/readyz still answers {found}"
        time.sleep(0.02)
