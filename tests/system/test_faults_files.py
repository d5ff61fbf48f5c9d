"""Somebody takes the files of a running server away, or puts others in their place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.database import intact, leads_at
from support.envelopes import lead_key, wrap
from support.inside import USER
from support.ledger import NOTHING_WRITTEN, Ledger, await_readiness
from support.postgres import Postgres
from support.raw import post
from support.server import Server
from system.places import new_server

NAME = "leads.db"


def put(folder: Path, name: str) -> None:
    """Another file under a name, as an editor or a copy program puts it there."""
    shutil.copyfile(folder / name, folder / "copy")
    os.replace(folder / "copy", folder / name)


FAULTS: dict[str, Callable[[Path], object]] = {
    "an older backup is moved over the file": lambda folder: os.replace(folder / "older.db", folder / NAME),
    "the file is deleted": lambda folder: (folder / NAME).unlink(),
    "the file is moved away": lambda folder: os.rename(folder / NAME, folder / "away.db"),
    "the log is deleted": lambda folder: (folder / f"{NAME}-wal").unlink(),
    "the log is replaced": lambda folder: put(folder, f"{NAME}-wal"),
    "the index is deleted": lambda folder: (folder / f"{NAME}-shm").unlink(),
    "the index is replaced": lambda folder: put(folder, f"{NAME}-shm"),
}


@pytest.fixture
def server(postgres: Postgres, tmp_path: Path) -> Iterator[Server]:
    """One on a file of its own."""
    server = new_server("sqlite", postgres, tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.close()


def acknowledged(server: Server) -> Ledger:
    """Calls that were, before and after a backup."""
    ledger = Ledger(USER)
    assert ledger.attempt(server, "early").written
    assert server.command_here("backup", "older.db").code == 0
    for turn in range(5):
        assert ledger.attempt(server, f"late-{turn}").written
    return ledger


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_acknowledged_into_files_that_were_taken_away(server: Server, fault: str) -> None:
    """Calls that write and calls that read hear 20011, nothing was written; readiness is red and stays so; commands
    and `doctor` say what happened and open nothing.

    Where the file is there and its log was taken away a restart is enough: a server that stops in order puts what it
    still has of the log into the file.
    """
    ledger = acknowledged(server)
    FAULTS[fault](server.directory)
    assert ledger.attempt(server, "early").written is False
    assert server.get("/readyz") == 503
    assert ledger.attempt(server, "new").written is False
    read = post(server.port, wrap(lead_key("EMAIL", "early@orchard.example"), USER))[1]
    assert NOTHING_WRITTEN.encode() in read
    names = sorted(path.name for path in server.directory.iterdir())
    for command in ("doctor",), ("lead", "show", "1"), ("visitor", "add", "_mch-e.com-1-1"), ("backup", "b.db"):
        refused = server.command_here(*command)
        assert refused.code == 1, command
        assert "When files of a running server are replaced" in refused.out + refused.err
    assert sorted(path.name for path in server.directory.iterdir()) == names
    assert server.get("/readyz") == 503
    assert server.get("/healthz") == 200
    assert server.stop() == 0
    if "file" not in fault:
        server.start()
        ledger.assert_true(server.database_url)
        assert ledger.attempt(server, "early").written
        assert intact(server) == "ok"
        assert server.stop() == 0


def test_a_file_that_was_moved_away_is_put_back_with_its_log(server: Server) -> None:
    """The server leaves the log under a name of its own, so that no other file is read by it."""
    ledger = acknowledged(server)
    folder = server.directory
    FAULTS["the file is moved away"](folder)
    assert ledger.attempt(server, "early").written is False
    assert server.stop() == 0
    (left,) = folder.glob(f"{NAME}-wal.*")
    os.rename(folder / "away.db", folder / NAME)
    os.rename(left, folder / f"{NAME}-wal")
    server.start()
    ledger.assert_true(server.database_url)
    assert ledger.attempt(server, "early").written
    assert server.stop() == 0


@pytest.mark.parametrize("fault", ["an older backup is moved over the file", "the file is deleted"])
def test_a_file_that_is_gone_is_copied_from_the_server_that_has_it_open(server: Server, fault: str) -> None:
    """As docs/production.md says: a red server writes nothing, so the file and its log are copied as they are."""
    ledger = acknowledged(server)
    FAULTS[fault](server.directory)
    assert ledger.attempt(server, "early").written is False
    rescued = server.directory / "rescued.db"
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            opened = os.readlink(link).removesuffix(" (deleted)")
        except FileNotFoundError:
            continue  # a connection that is over
        for ending in ("", "-wal"):
            if opened == str(server.directory / (NAME + ending)):
                shutil.copyfile(link, f"{rescued}{ending}")
    ledger.assert_true(f"sqlite:///{rescued}")
    assert server.stop() == 0


def test_readiness_is_red_where_nobody_calls(server: Server) -> None:
    """The server looks by itself, and says why in its log."""
    acknowledged(server)
    FAULTS["the file is moved away"](server.directory)
    await_readiness(server, 503)
    server.await_log("no call is carried out any more")
    assert server.stop() == 0


def test_a_log_is_not_used_with_a_file_that_it_does_not_belong_to(server: Server) -> None:
    """The server was killed, and a backup stands in the place of its file: a start would damage it, and is refused."""
    acknowledged(server)
    server.kill()
    FAULTS["an older backup is moved over the file"](server.directory)
    refused = server.command("serve", "--port", "0")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "belongs to another file" in refused.stderr
    for command in ("doctor",), ("lead", "show", "1"):
        said = server.command_here(*command)
        assert said.code == 1
        assert "belongs to another file" in said.out + said.err
    os.rename(server.directory / f"{NAME}-wal", server.directory / "its-log")
    (server.directory / f"{NAME}-shm").unlink()
    server.start()
    assert {lead.email for lead in leads_at(server.database_url).values()} == {"early@orchard.example"}
    assert server.stop() == 0


def test_a_log_whose_file_is_missing_is_not_thrown_away(server: Server) -> None:
    """SQLite would, for the sake of a new file."""
    acknowledged(server)
    server.kill()
    FAULTS["the file is deleted"](server.directory)
    refused = server.command("serve", "--port", "0")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "put that file back, or move" in refused.stderr
    assert (server.directory / f"{NAME}-wal").stat().st_size > 0
    assert not (server.directory / NAME).exists()


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_second_server_through_a_link_is_refused(server: Server, kind: str) -> None:
    """As through the name itself; the first one goes on."""
    ledger = acknowledged(server)
    other = server.directory / "other"
    other.mkdir()
    if kind == "symbolic":
        (other / "link.db").symlink_to(server.directory / NAME)
    else:
        os.link(server.directory / NAME, other / "link.db")
    second = Server(other, database_url=f"sqlite:///{other / 'link.db'}", environment=server.environment)
    refused = second.command("serve", "--port", "0")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
    assert "another process serves" in refused.stderr
    assert ledger.attempt(server, "early").written
    assert server.get("/readyz") == 200
    assert server.stop() == 0
    ledger.assert_true(server.database_url)


def test_a_file_with_two_names_is_opened_by_that_which_it_was_served_by(server: Server) -> None:
    """Its newest leads are beside that one; through the other it is refused, and `doctor` says so too."""
    ledger = acknowledged(server)
    server.kill()
    os.link(server.directory / NAME, server.directory / "link.db")
    second = Server(server.directory, database_url=f"sqlite:///{server.directory / 'link.db'}")
    refused = second.command("serve", "--port", "0")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "has 2 names" in refused.stderr
    for command in ("doctor",), ("lead", "show", "1"):
        said = second.command_here(*command)
        assert said.code == 1, command
        assert "has 2 names" in said.out + said.err
    for _ in ("after a kill", "after a stop in order"):
        server.start()
        ledger.assert_true(server.database_url)
        assert server.command_here("doctor").code == 0
        assert server.stop() == 0
