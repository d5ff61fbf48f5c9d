"""A disk that is full, and a database that is read-only: calls are refused and nothing is lost; then all works again."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from support.database import intact, leads_at
from support.envelopes import Call
from support.inside import USER
from support.ledger import NOTHING_WRITTEN, Ledger, await_readiness, clients_that_go_on
from support.postgres import Postgres
from support.server import Server
from system.places import KEY, declare, new_server

CLIENTS = 4


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 32 MiB that everybody may write on; the test is skipped where only root could make one, but not in CI."""
    place = Path(tempfile.mkdtemp(prefix="synclead-disk-"))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m,mode=0777", "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        place.rmdir()
        if "SYNCLEAD_CI" not in os.environ:
            pytest.skip(f"a small disk needs root: {done.stderr.strip()}")
        raise AssertionError(done.stderr)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte more goes on the disk for the length of a block."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def file_size_limit(pid: int, size: int) -> Iterator[None]:
    """A running process can make no file longer than `size` bytes for the length of a block; its owner may do that."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def survive(server: Server, fault: Callable[[], AbstractContextManager[None]]) -> None:
    """Under load the disk has no more room for a while: the same server goes on afterwards, and its answers were true."""
    ledger = Ledger(USER)
    with clients_that_go_on(ledger, [server], CLIENTS) as await_written:
        await_written(20)
        with fault():
            await_readiness(server, 503)
            alone = ledger.attempt(server, "alone").answer
            assert alone is not None
            assert (alone.message or "").endswith(NOTHING_WRITTEN)
            assert server.get("/healthz") == 200
        await_readiness(server, 200)
        await_written(20)
    assert ledger.attempt(server, "alone").written
    ledger.assert_true(server.database_url)
    assert server.stop() == 0
    ledger.assert_true(server.database_url)
    assert intact(server) == "ok"


def test_a_file_that_cannot_grow(postgres: Postgres, tmp_path: Path) -> None:
    """SQLite, for an ordinary user too: no file of the process may grow. 20011, nothing written, not ready; then on."""
    server = new_server("sqlite", postgres, tmp_path)
    try:
        server.start()
        survive(server, lambda: file_size_limit(server.pid, 4096))
    finally:
        server.close()


def test_a_full_disk_under_sqlite(postgres: Postgres, small_disk: Path) -> None:
    """The same on a disk without room."""
    server = new_server("sqlite", postgres, small_disk)
    try:
        server.start()
        survive(server, lambda: full(small_disk))
    finally:
        server.close()


@pytest.mark.long
def test_a_full_disk_under_postgresql(postgres: Postgres, small_disk: Path, tmp_path: Path) -> None:
    """The tables' disk is full: a call for which there is no room hears that nothing was written; then all goes on."""
    url = postgres.new_database_on(small_disk)
    declare(url)
    server = Server(tmp_path, database_url=url, environment=KEY)
    try:
        server.start()
        with server.caller(USER) as caller:
            sent = {}
            refused = []

            def send(number: int) -> None:
                # Text that cannot be compressed: each lead needs pages of its own.
                values = tuple((name, os.urandom(16_000).hex()) for name in ("Address", "BillingStreet"))
                email = f"{number}@orchard.example"
                answer = caller.sync(Call(email=email, attributes=values, return_lead=False))
                if answer.fault_code is None:
                    sent[email] = answer.lead_id
                else:
                    assert (answer.message or "").endswith(NOTHING_WRITTEN), answer.body
                    refused.append(email)

            send(0)
            with full(small_disk):
                for number in range(1, 200):
                    send(number)
                    if len(refused) == 3:
                        break
                else:
                    raise AssertionError("the disk was never full")
                assert {lead.email: lead.id for lead in leads_at(url).values()} == sent
            await_readiness(server, 200)
            for number in range(200, 220):
                send(number)
        assert len(refused) == 3
        assert {lead.email: lead.id for lead in leads_at(url).values()} == sent
        assert server.stop() == 0
    finally:
        server.close()
        postgres.drop_database_on(url)


def test_a_database_that_becomes_read_only(postgres: Postgres, tmp_path: Path) -> None:
    """As a host does it whose disk is nearly full: calls hear that nothing was written, until it can be written again."""
    server = new_server("postgres", postgres, tmp_path)
    ledger = Ledger(USER)
    try:
        server.start()
        assert ledger.attempt(server, "early").written
        postgres.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        postgres.execute("SELECT pg_reload_conf()")
        try:
            attempt = ledger.attempt(server, "late")
            while attempt.written:  # PostgreSQL tells its processes one after the other
                attempt = ledger.attempt(server, "late")
            assert attempt.written is False
            assert server.get("/readyz") == 503
            refused = server.command("serve", "--port", "0")
        finally:
            postgres.execute("ALTER SYSTEM RESET default_transaction_read_only")
            postgres.execute("SELECT pg_reload_conf()")
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
        assert "read-only" in refused.stderr
        await_readiness(server, 200)
        assert ledger.attempt(server, "late").written
        ledger.assert_true(server.database_url)
    finally:
        server.close()
