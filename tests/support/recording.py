"""Clients that call several servers at once, and what they and the servers' logs know of it."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from time import monotonic
from typing import Any

from support.envelopes import Answer, Call, Caller
from support.history import Made
from support.mixed_calls import SUBSCRIPTIONS, Script
from support.server import Server
from synclead.leads.record import RawAttribute, RawRecord


class Recording:
    """Clients that call without a pause, each on a connection of its own to every server."""

    def __init__(self, servers: Sequence[Server], clients: int, seed: int, script: Script) -> None:
        """The same `seed` makes the same calls; which of them come first is for the machine to say."""
        self._script = script
        self._servers = servers
        self._clients = clients
        self._seed = seed
        self._made: dict[str, list[Made]] = {name: [] for name in SUBSCRIPTIONS}
        self._answered = 0
        self._progress = threading.Condition()
        self._end = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clients call for the length of the block."""
        with ThreadPoolExecutor(self._clients) as pool:
            working = [pool.submit(self._work, number) for number in range(self._clients)]
            try:
                yield
            finally:
                self._end.set()
            for one in working:
                one.result()

    def await_answers(self, more: int) -> None:
        """Returns when so many more calls were answered; AssertionError when they stop coming."""
        with self._progress:
            wanted = self._answered + more
            done = self._progress.wait_for(lambda: self._answered >= wanted, timeout=60)
        assert done, f"{self._answered} of {wanted} calls were answered"

    def calls(self, subscription: str) -> list[Made]:
        """All calls of a subscription with their lines in the logs."""
        lines = {
            line["request"]: line for server in self._servers for line in server.log() if line.get("event") == "call"
        }
        return [replace(made, logged=lines.get(made.name)) for made in self._made[subscription]]

    def _work(self, number: int) -> None:
        random = Random(f"{self._seed} {number}")
        with ExitStack() as callers:
            known: dict[tuple[int, str], Caller] = {}
            turn = 0
            while not self._end.is_set():
                turn += 1
                name = f"{number}-{turn}"
                subscription = random.choice(list(SUBSCRIPTIONS))
                call = self._script(random, name, subscription)
                place = random.randrange(len(self._servers)), subscription
                if place not in known:
                    caller = self._servers[place[0]].caller(SUBSCRIPTIONS[subscription])
                    known[place] = callers.enter_context(caller)
                if not self._call(known[place], name, subscription, call):
                    # A server that died took all its connections along: a call on one of them would hear nothing.
                    for (server, _), caller in known.items():
                        if server == place[0]:
                            caller.close()

    def _call(self, caller: Caller, name: str, subscription: str, call: Call) -> bool:
        """Makes the call and notes it; False where the connection broke."""
        began, ended = monotonic(), inf
        answer: Answer | None = None
        try:
            answer = replace(caller.sync(call, name), body="")
            ended = monotonic()
        except ConnectionRefusedError:
            # It was not sent: the server is being started again.
            self._end.wait(0.05)
            return True
        except (OSError, http.client.HTTPException):
            pass
        self._made[subscription].append(Made(name, raw_of(call), began, ended, answer, None, call.return_lead))
        with self._progress:
            self._answered += answer is not None
            self._progress.notify()
        return answer is not None


def raw_of(call: Call) -> RawRecord:
    """A call as the domain is given it."""
    return RawRecord(
        id=call.id,
        email=call.email,
        foreign_id=call.foreign_id,
        foreign_type=call.foreign_type,
        attributes=tuple(RawAttribute(name, value) for name, value in call.attributes),
        cookie=call.cookie,
        workspace=call.workspace,
    )


@dataclass
class Summary:
    """Figures of a history, for people."""

    calls: int = 0
    acknowledged: int = 0
    unheard: int = 0
    """The log has the outcome, and the client did not hear it."""
    refused: Counter[str] = field(default_factory=Counter)
    open: int = 0
    open_happened: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    groups: list[int] = field(default_factory=list)

    def count(self, calls: Sequence[Made]) -> None:
        """Takes in the calls of a subscription."""
        self.calls += len(calls)
        self.open += sum(made.is_open for made in calls)
        self.unheard += sum(made.answer is None and not made.is_open for made in calls)
        for made in calls:
            if made.answer is not None and made.answer.fault_code is not None:
                self.refused[made.answer.fault_code] += 1
            self.acknowledged += made.answer is not None and made.answer.fault_code is None

    def count_groups(self, servers: Sequence[Server]) -> None:
        """Takes in the groups that the servers logged."""
        lines: list[dict[str, Any]] = [line for server in servers for line in server.log()]
        self.groups += [line["records"] for line in lines if line.get("event") == "group"]

    def add(self, other: Summary) -> None:
        """Takes in another history."""
        self.calls += other.calls
        self.acknowledged += other.acknowledged
        self.refused += other.refused
        self.unheard += other.unheard
        self.open += other.open
        self.open_happened += other.open_happened
        self.faults += other.faults
        self.groups += other.groups

    def __str__(self) -> str:
        def listed(counted: Counter[str]) -> str:
            return ", ".join(f"{number} {name}" for name, number in sorted(counted.items())) or "none"

        return (
            f"{self.calls} calls, {self.acknowledged} acknowledged, refused: {listed(self.refused)}; "
            f"{self.unheard} not heard by the client; {self.open} unknown, of which {self.open_happened} had happened; faults: {listed(self.faults)}; "
            f"{len(self.groups)} groups, the longest {max(self.groups, default=0)}"
        )
