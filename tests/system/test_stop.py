"""SIGTERM while clients come and go: who was told of a success finds it, and nobody is left without an end."""

from __future__ import annotations

import http.client
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Lock, Thread

import psycopg
import pytest

from support.envelopes import Call
from support.inside import USER
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import Server
from support.slow import await_that

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
CLIENTS = 12


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server on a database of each kind."""
    if request.param == "sqlite":
        made = Server(tmp_path)
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        made = Server(tmp_path, database_url=postgres.new_database(), environment=KEY)
    made.apply(DECLARATION)
    made.start()
    yield made
    made.close()


class Comers:
    """Clients that open a connection for each call, before a stop, during it and after it."""

    def __init__(self, server: Server) -> None:
        self.told: dict[str, int] = {}
        self.outcomes: Counter[str] = Counter()
        self.stopping = Event()
        self._server = server
        self._lock = Lock()
        self._threads = [Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]

    def begin(self) -> None:
        """They begin to call."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """They are gone. AssertionError when one still waits."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(40)
        assert not any(thread.is_alive() for thread in self._threads), "a client still waits for its answer"

    def _work(self, number: int) -> None:
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            email = f"{number}-{turn}@orchard.example"
            outcome = "no answer"
            try:
                with self._server.caller(USER) as caller:
                    answer = caller.sync(Call(email=email, return_lead=False))
                outcome = answer.status or f"fault {answer.fault_code}"
                if answer.lead_id is not None:
                    with self._lock:
                        self.told[email] = answer.lead_id
            except (OSError, http.client.HTTPException):
                self.stopping.wait(0.01)
            with self._lock:
                self.outcomes[outcome] += 1


def stored(server: Server) -> list[tuple[str, int]]:
    """Email and Id of each lead, read by nothing of ours."""
    statement = "SELECT email, id FROM lead"
    if server.database_url.startswith("sqlite:"):
        with closing(sqlite3.connect(server.database_url.removeprefix("sqlite:///"))) as file:
            return file.execute(statement).fetchall()
    with psycopg.connect(server.database_url) as connection:
        return connection.execute(statement).fetchall()


def test_who_comes_during_a_stop_hears_its_end(server: Server) -> None:
    """Exit 0 in time; each call is a success that is in the database, a fault that names no success, or is cut off."""
    comers = Comers(server)
    comers.begin()
    try:
        await_that(lambda: comers.outcomes["CREATED"] > 100, 60, lambda: comers.outcomes)
        assert server.stop() == 0
        await_that(lambda: comers.outcomes["no answer"] > CLIENTS, 20, lambda: comers.outcomes)
    finally:
        comers.end()
    assert set(comers.outcomes) <= {"CREATED", "no answer", "fault 20011"}
    leads = stored(server)
    assert comers.told.items() <= dict(leads).items()
    assert len(dict(leads)) == len(leads)
    assert_no_defect(server)
