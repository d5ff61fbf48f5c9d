"""`serve --workers N` on a real PostgreSQL: killed, hung, stopped, orphaned, and without a database."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.envelopes import Answer, Call, Caller, Credentials, envelope
from support.inside import USER
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.raw import connect, read_all
from support.server import STOPPED_WITHIN, Server, ServerFailedError
from synclead.server import serve
from synclead.settings import load_settings

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
CONNECTIONS_A_WORKER = 5
"""What docs/production.md tells an operator to set max_connections by."""
OTHERS = [Credentials(f"orchard{number}_1", f"k3y-of-orchard-{number}") for number in range(8)]
"""API users of one subscription each, beside the one of USER."""


def until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Returns when the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def events(server: Server, event: str) -> list[dict[str, Any]]:
    """The lines of the log that tell of one event."""
    return [entry for entry in server.log() if entry.get("event") == event]


def pids(server: Server) -> dict[int, int]:
    """The process that serves in each worker's place, as an operator reads it from the log."""
    return {entry["worker"]: entry["pid"] for entry in events(server, "serving")}


def start(server: Server, workers: int = 2) -> None:
    """Starts the server and returns when all of its workers serve."""
    server.start()
    until(lambda: len(pids(server)) == workers, "all workers serve")


def execute(server: Server, statement: str) -> list[tuple[Any, ...]]:
    """The rows that a statement gives on the server's database."""
    with psycopg.connect(server.database_url) as connection:
        return connection.execute(statement.encode()).fetchall()


def stored(server: Server) -> dict[str, tuple[int, str]]:
    """Every lead's Id and City by its Email; AssertionError where two leads share one."""
    rows = execute(server, "SELECT email, id, field_values->>'City' FROM lead")
    assert len({email for email, _, _ in rows}) == len(rows)
    return {email: (id, city) for email, id, city in rows}


@pytest.fixture(scope="module")
def declared(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with several subscriptions, for copies."""
    url = postgres.new_database()
    server = Server(tmp_path_factory.mktemp("declared"), database_url=url, environment=KEY)
    server.apply(DECLARATION + "".join(another(number) for number in range(len(OTHERS))))
    return url


def another(number: int) -> str:
    """The declaration of one more subscription."""
    user = OTHERS[number]
    text = DECLARATION.replace(USER.user, user.user).replace(USER.key, user.key)
    return text.replace("100-AEK-914", f"100-AEK-{500 + number}").replace('"Orchard"', f'"Orchard {number}"')


@pytest.fixture
def server(postgres: Postgres, declared: str, tmp_path: Path) -> Iterator[Server]:
    """A server with two workers, not started. None of its processes is left at the end."""
    url = postgres.new_database(copy_of=declared)
    server = Server(tmp_path, database_url=url, environment=KEY, options=["--workers", "2"])
    yield server
    with suppress(ServerFailedError):  # the parent first, or it would replace them
        os.kill(server.pid, signal.SIGKILL)
    for entry in events(server, "worker started"):
        with suppress(ProcessLookupError):
            os.kill(entry["pid"], signal.SIGKILL)
    server.close()


def person(client: int, turn: int) -> Call:
    """Even turns bring somebody new, odd ones change the one of the turn before."""
    return Call(
        email=f"{client}-{turn // 2}@orchard.example", attributes=(("City", f"turn {turn}"),), return_lead=False
    )


class Clients:
    """Clients that call all the time; one whose connection breaks makes the same call again on a new one."""

    def __init__(self, server: Server, count: int = 8) -> None:
        self._server = server
        self._count = count
        self._stop = threading.Event()
        self.answered: list[list[tuple[Call, Answer]]] = [[] for _ in range(count)]
        self.broken = 0

    @property
    def total(self) -> int:
        """Calls answered so far."""
        return sum(len(one) for one in self.answered)

    def await_more(self, count: int) -> None:
        """Returns when so many further calls were answered."""
        wanted = self.total + count
        until(lambda: self.total >= wanted, f"{count} more answers")

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Calls during the block."""
        with ThreadPoolExecutor(self._count) as pool:
            work = [pool.submit(self._call, number) for number in range(self._count)]
            try:
                yield
            finally:
                self._stop.set()
        for one in work:
            one.result()

    def _call(self, number: int) -> None:
        answered = self.answered[number]
        with self._server.caller(USER) as caller:
            while not self._stop.is_set():
                try:
                    answered.append((call := person(number, len(answered)), caller.sync(call)))
                except (OSError, http.client.HTTPException):
                    self.broken += 1
                    time.sleep(0.02)


def assert_all_there(server: Server, clients: Clients) -> None:
    """Everything acknowledged is stored, once, as the last acknowledged call left it."""
    leads = stored(server)
    last = {call.email: (answer, call) for one in clients.answered for call, answer in one}
    for email, (answer, call) in last.items():
        assert answer.status in ("CREATED", "UPDATED"), answer.body
        assert email is not None
        assert leads[email] == (answer.lead_id, dict(call.attributes)["City"])
    assert len(last) <= len(leads) <= len(last) + clients.broken


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_loses_nothing(server: Server) -> None:
    """The other one serves meanwhile, the log names who died and who follows, and every acknowledged lead is there."""
    start(server)
    before = pids(server)
    assert not any("postgresql" in arguments(pid) for pid in before.values())
    clients = Clients(server)
    with clients.calling():
        clients.await_more(50)
        os.kill(before[1], signal.SIGKILL)
        until(lambda: events(server, "worker ended"), "the death is noticed", seconds=5)
        clients.await_more(20)
        until(lambda: pids(server)[1] != before[1], "another worker follows")
        clients.await_more(50)
    assert pids(server)[2] == before[2]
    assert [entry["how"] for entry in events(server, "worker ended")] == ["signal SIGKILL"]
    assert_all_there(server, clients)
    assert server.stop() == 0
    calls = events(server, "call")
    assert {(entry["worker"], entry["pid"]) for entry in calls} <= {*before.items(), *pids(server).items()}
    served = [entry["event"] for entry in server.log() if entry.get("worker") == 2 or entry["event"] == "worker ended"]
    assert "call" in served[served.index("worker ended") :]


def arguments(pid: int) -> str:
    """The arguments of a process, which every user of the machine can see."""
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


def test_what_was_accepted_is_answered_before_a_stop(server: Server) -> None:
    """SIGTERM: no worker takes a new call, each answers those it has, also when Ctrl-C follows twice; exit code 0."""
    start(server)
    # The leaders of their own sessions: what a terminal sends to a whole process group reaches the parent alone.
    assert all(os.getsid(pid) == pid for pid in pids(server).values())
    calls = [person(number, 0) for number in range(16)]
    with ExitStack() as open_things:
        lock = open_things.enter_context(psycopg.connect(server.database_url))
        lock.execute("SELECT * FROM counter FOR UPDATE")
        waiting = [open_things.enter_context(connect(server.port)) for _ in calls]
        for connection, call in zip(waiting, calls, strict=True):
            send_when_accepted(connection, envelope(call, USER))
        server.ask_to_stop()
        until(lambda: refuses(server), "no new calls", seconds=10)
        os.kill(server.pid, signal.SIGINT)
        os.kill(server.pid, signal.SIGINT)
        lock.rollback()
        answers = [read_all(connection) for connection in waiting]
    assert server.wait() == 0
    assert all(b"<status>CREATED</status>" in answer for answer in answers)
    assert stored(server).keys() == {call.email for call in calls}
    stopped = [entry.get("worker") for entry in events(server, "stopped")]
    assert (set(stopped), stopped[-1]) == ({1, 2, None}, None)
    assert_no_defect(server)


def send_when_accepted(connection: socket.socket, request: bytes) -> None:
    """Sends a request whose head a worker has read before this returns."""
    head = (
        f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(request)


def refuses(server: Server) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) != 0


@pytest.mark.long
def test_workers_end_when_their_parent_is_killed(server: Server) -> None:
    """They answer what they have accepted, leave the port to the next start, and nobody is left without a parent."""
    start(server)
    workers = pids(server)
    os.kill(workers[2], signal.SIGSTOP)
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: len(events(server, "stopped")) == 1, "one worker stops in order", STOPPED_WITHIN)
    os.kill(workers[2], signal.SIGCONT)
    until(lambda: len(events(server, "stopped")) == 2, "the other one too", STOPPED_WITHIN)
    assert server.wait() == -signal.SIGKILL  # returns when the last process has closed the log
    assert len(events(server, "the parent process is gone")) == 2
    assert refuses(server)


@pytest.mark.long
def test_a_worker_that_stands_still(server: Server) -> None:
    """Others serve meanwhile, it is not replaced, serves again when it goes on, and is killed if it stands at a stop."""
    server.options += ["--shutdown-timeout", "1"]
    start(server)
    with ExitStack() as open_things:
        hung, other = (open_things.enter_context(caller) for caller in callers_of_both(server).values())
        pool = open_things.enter_context(ThreadPoolExecutor(1))
        os.kill(pids(server)[1], signal.SIGSTOP)
        held = pool.submit(hung.sync, person(0, 1))
        first = other.sync(person(0, 0))
        for number in range(1, 9):  # new connections come to the one that runs
            with server.caller(USER) as caller:
                assert caller.sync(person(number, 0)).status == "CREATED"
        assert not held.done()
        os.kill(pids(server)[1], signal.SIGCONT)
        second = held.result(timeout=30)
        third = hung.sync(person(0, 1))
    assert (first.status, second.status, third.status) == ("CREATED", "UPDATED", "UPDATED")
    assert first.lead_id == second.lead_id == third.lead_id
    assert stored(server)["0-0@orchard.example"] == (first.lead_id, "turn 1")
    assert not events(server, "worker ended")
    assert_no_defect(server)

    os.kill(pids(server)[2], signal.SIGSTOP)
    assert server.stop() == 0
    (killed,) = events(server, "worker did not end in time and is killed")
    assert (killed["worker"], killed["pid"]) == (2, pids(server)[2])


def await_calls(server: Server, count: int) -> None:
    """Returns when the log tells of so many calls."""
    until(lambda: len(events(server, "call")) >= count, f"{count} calls in the log")


def callers_of_both(server: Server) -> dict[int, Caller]:
    """A client connected to the first worker and one connected to the second, in this order."""
    found: dict[int, Caller] = {}
    for known in range(200):
        caller = server.caller(USER)
        caller.sync(Call(email="whoever@orchard.example"))
        await_calls(server, known + 1)
        found.setdefault(events(server, "call")[-1]["worker"], caller)
        if len(found) == 2:
            break
    return dict(sorted(found.items()))


@pytest.mark.long
def test_workers_that_cannot_start_are_tried_again(postgres: Postgres, server: Server) -> None:
    """Without a database: pauses that grow, a reason in the log, and calls as soon as it is back."""
    name = server.database_url.partition("@/")[2].partition("?")[0]
    start(server)
    postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(len(ends(server, worker)) >= 3 for worker in (1, 2)), "both were tried twice again", 60)
    postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    with server.caller(USER) as caller:
        assert caller.sync(person(0, 0)).status == "CREATED"
    reasons = [entry["reason"] for entry in events(server, "worker cannot start")]
    assert all("not currently accepting connections" in reason for reason in reasons)
    for worker in (1, 2):
        died = ends(server, worker)
        assert [entry["how"] for entry in died[:3]] == ["signal SIGKILL", "exit code 1", "exit code 1"]
        assert [entry["next_in_seconds"] for entry in died[:3]] == [0.5, 1, 2]
        starts = [entry for entry in events(server, "worker started") if entry["worker"] == worker]
        for end, next_start in zip(died, starts[1:], strict=False):
            rest = datetime.fromisoformat(next_start["timestamp"]) - datetime.fromisoformat(end["timestamp"])
            assert rest.total_seconds() > 0.9 * end["next_in_seconds"]
    assert server.stop() == 0


def ends(server: Server, worker: int) -> list[dict[str, Any]]:
    """How one worker's processes ended, oldest first."""
    return [entry for entry in events(server, "worker ended") if entry["worker"] == worker]


def test_a_start_that_must_not_be_says_why_once(
    postgres: Postgres,
    declared: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Schema, master key, durability, port and TLS files are refused before there is a worker: one sentence, exit 1."""
    monkeypatch.setattr("synclead.logs.configure", lambda level: None)
    monkeypatch.setattr("synclead.workers.supervise", lambda settings, listener: pytest.fail("workers are started"))
    monkeypatch.setenv("SYNCLEAD_MASTER_KEY", KEY["SYNCLEAD_MASTER_KEY"])
    url = postgres.new_database(copy_of=declared)
    name = url.partition("@/")[2].partition("?")[0]
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")

    def refusal(database_url: str, **options: Any) -> str:
        assert serve(load_settings(**{"database_url": database_url, "workers": 2, "port": 0} | options)) == 1
        (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
        return line

    assert "run `synclead db upgrade`" in refusal(postgres.empty_database())
    assert "synchronous_commit = off" in refusal(postgres.url(name, "-csynchronous_commit=off"))
    assert "the TLS files cannot be used" in refusal(url, tls_cert_file=junk, tls_key_file=junk)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "in use" in refusal(url, port=taken.getsockname()[1])
    monkeypatch.delenv("SYNCLEAD_MASTER_KEY")
    assert "set SYNCLEAD_MASTER_KEY" in refusal(url)


@pytest.mark.long
def test_a_worker_has_five_connections_at_most(server: Server) -> None:
    """One that reads the configuration, and four that write when many subscriptions wait; the parent keeps none."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'synclead'"
    start(server)
    assert execute(server, count) == [(2,)]
    most = 0
    with (
        psycopg.connect(server.database_url, autocommit=True) as watch,
        psycopg.connect(server.database_url) as lock,
        ThreadPoolExecutor(150) as pool,
    ):
        lock.execute("SELECT * FROM counter FOR UPDATE")
        calls: list[Future[Answer]] = []
        deadline = time.monotonic() + 20
        while not all(call.done() for call in calls) or len(calls) < 150:
            if len(calls) < 150:
                calls.append(pool.submit(call_once, server, OTHERS[len(calls) % len(OTHERS)]))
            elif most >= 2 * CONNECTIONS_A_WORKER or time.monotonic() > deadline:
                lock.rollback()
            for (now,) in watch.execute(count.encode()):
                most = max(most, now)
            time.sleep(0.005)
    assert server.stop() == 0
    assert most == 2 * CONNECTIONS_A_WORKER


def call_once(server: Server, user: Credentials) -> Answer:
    """A call on a connection of its own."""
    with server.caller(user) as caller:
        return caller.sync(person(0, 0))
