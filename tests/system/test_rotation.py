"""`synclead secrets rotate` while real servers answer: no call notices it, and no crash locks anybody out."""

from __future__ import annotations

import base64
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import select

from support.envelopes import Answer, Call, Credentials
from support.inside import USER
from support.killed import killed_at_each_step
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import Server, running_server
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.engine import opened, reading
from synclead.store.master_keys import open_master_keys
from synclead.store.schema import api_key, master_key_check

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
WITHIN = 10.0  # seconds; what a server knows is five old at most


def person(number: int, turn: int) -> Call:
    """Somebody new at every second turn."""
    return Call(email=f"{number}-{turn // 2}@orchard.example", return_lead=False)


def opened_keys(server: Server) -> list[bytes]:
    """The stored encryption keys, for a server that starts now. Raises MasterKeyError where it cannot open them.

    The master key in use alone must do: what is sealed and the check value change together.
    """
    with opened(server.database_url) as engine:
        keys = open_master_keys(engine, server.database_url, server.environment)
        with reading(engine) as connection:
            in_use = keys.in_use(connection)
            rows = connection.execute(select(api_key)).all()
        return [in_use.open_api_key(row.sealed, row.subscription_id, row.user_id) for row in rows]


def state(server: Server, file: Path) -> tuple[str, bytes]:
    """What a rotation changes: the keys that are configured and the check value."""
    with opened(server.database_url) as engine, reading(engine) as connection:
        return file.read_text(), connection.execute(select(master_key_check.c.sealed)).scalar_one()


def assert_reads(servers: list[Server], name: str) -> None:
    """A user who is declared now can call each of the servers soon: they open what is stored."""
    user = Credentials(f"user_{name}", "k3y")
    declared = DECLARATION.replace("api_users = [", f'api_users = [ {{ id = "{user.user}", encryption_key = "k3y" }},')
    url = servers[0].database_url
    with opened(url) as engine:
        apply_declaration(engine, open_master_keys(engine, url, servers[0].environment), read_declaration(declared, {}))
    for server in servers:
        deadline = monotonic() + WITHIN
        with server.caller(user) as caller:
            while caller.sync(Call(email="seen@orchard.example")).fault_code is not None:
                assert monotonic() < deadline, f"{name}: a stored key is not opened"


@contextmanager
def called(servers: list[Server], clients: int) -> Iterator[list[Answer]]:
    """Clients of several servers behind one address: a call whose connection breaks goes to the next one."""
    answers: list[Answer] = []
    ended = threading.Event()

    def work(number: int) -> None:
        callers = [server.caller(USER) for server in servers]
        turn = 0
        while not ended.is_set():
            with suppress(OSError, http.client.HTTPException):
                answers.append(callers[(number + turn) % len(callers)].sync(person(number, turn)))
            turn += 1
        for caller in callers:
            caller.close()

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(work, number) for number in range(clients)]
        try:
            yield answers
        finally:
            ended.set()
        for one in running:
            one.result()


def assert_nobody_noticed(answers: list[Answer]) -> None:
    """Every call did its work."""
    assert {answer.status or answer.fault_string for answer in answers} == {"CREATED", "UPDATED"}


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A running server and its file of keys: beside SQLite the old key, named for PostgreSQL with a new one before."""
    if request.param == "sqlite":
        with running_server(tmp_path, DECLARATION) as running:
            yield running, tmp_path / "leads.db.master-key"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    file = tmp_path / "master.key"
    file.write_text(f"{OLD}\n")
    running = Server(
        tmp_path, database_url=postgres.new_database(), environment={"SYNCLEAD_MASTER_KEY_FILE": str(file)}
    )
    running.apply(DECLARATION)
    try:
        running.start()
        file.write_text(f"{NEW}\n{OLD}\n")
        yield running, file
    finally:
        running.close()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_rotation_killed_at_any_step_locks_nobody_out(server: tuple[Server, Path]) -> None:
    """After each kill the running server and one that starts open every key; then a whole run does its work."""
    running, file = server
    old = state(running, file)
    seen = [old]
    answers: list[Answer] = []
    with running.caller(USER) as caller:
        words = ("secrets", "rotate", "--database-url", running.database_url)
        for step in killed_at_each_step(*words, environment=running.environment, directory=running.directory):
            assert USER.key.encode() in opened_keys(running)
            if (now := state(running, file)) not in seen:
                seen.append(now)
                assert_reads([running], str(step))
            answers.append(caller.sync(person(0, step)))
        assert USER.key.encode() in opened_keys(running)
        assert_reads([running], "end")
        answers.append(caller.sync(person(0, 0)))
    assert running.stop() == 0
    assert len(answers) > 10
    # The new key is written, then everything sealed; on PostgreSQL it was written before. Every run makes another.
    assert len(seen) >= (2 if file.name == "master.key" else 3)
    assert_nobody_noticed(answers)
    assert_no_defect(running)
    file.write_text(file.read_text().splitlines()[0])
    running.start()
    with running.caller(USER) as caller:
        assert caller.sync(person(0, 0)).status == "UPDATED"
    assert not list(running.directory.glob("*.new"))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_servers_change_keys_without_a_refused_call(postgres: Postgres, tmp_path: Path) -> None:
    """One has its keys in the environment and is restarted, one in a file that changes under it; both always answer."""
    url = postgres.new_database()
    file = tmp_path / "master.key"
    file.write_text(OLD)
    first = Server(tmp_path, database_url=url, environment={"SYNCLEAD_MASTER_KEY": OLD})
    second = Server(tmp_path, database_url=url, environment={"SYNCLEAD_MASTER_KEY_FILE": str(file)})
    servers = [first, second]

    def give_first(keys: str) -> None:
        first.environment["SYNCLEAD_MASTER_KEY"] = keys
        first.restart()

    first.apply(DECLARATION)
    try:
        for server in servers:
            server.start()
        with called(servers, 2) as answers:
            too_early = Server(tmp_path, database_url=url, environment={"SYNCLEAD_MASTER_KEY": NEW})
            refused = too_early.command("serve", "--port", "0")
            give_first(f"{NEW} {OLD}")
            file.write_text(f"{NEW}\n{OLD}\n")
            assert_reads(servers, "both")
            told = first.command("secrets", "rotate")
            assert_reads(servers, "sealed")
            give_first(NEW)
            file.write_text(NEW)
            assert_reads(servers, "new")
            again = first.command("secrets", "rotate")
        assert [server.stop() for server in servers] == [0, 0]
    finally:
        for server in servers:
            server.close()
    assert len(answers) > 100
    assert_nobody_noticed(answers)
    for server in servers:
        assert_no_defect(server)
    assert (refused.returncode, "not the one that sealed" in refused.stderr) == (1, True)
    assert (
        told.stdout == "sealed 2 encryption keys anew; the first master key in SYNCLEAD_MASTER_KEY is the one in use\n"
    )
    assert "take every other key out" in told.stderr
    assert (again.returncode, "no new master key" in again.stderr) == (1, True)
    said = "\n".join([told.stdout, told.stderr, again.stderr, refused.stderr, *first.lines, *second.lines])
    assert not [secret for secret in (OLD, NEW, USER.key, "k3y") if secret in said]
