"""One process serves a file, by whatever name, and others know which files it has open."""

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from synclead.store.errors import AlreadyServedError, DatabaseUnavailableError
from synclead.store.serve_lock import ServeLock, check_names, is_served
from synclead.store.sqlite_files import INDEX, LOG
from synclead.store.upgrade import upgrade


def test_one_process_serves(tmp_path: Path) -> None:
    """A second one is refused, until the first lets go."""
    lock = ServeLock(tmp_path / "a.db")
    with pytest.raises(AlreadyServedError):
        ServeLock(tmp_path / "a.db")
    lock.release()
    ServeLock(tmp_path / "a.db").release()


def test_a_killed_process_serves_no_more(tmp_path: Path) -> None:
    """The system drops the lock at kill -9."""
    program = (
        "import pathlib, sys\n"
        "from synclead.store.serve_lock import ServeLock\n"
        "lock = ServeLock(pathlib.Path(sys.argv[1]))\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.db")], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(AlreadyServedError):
        ServeLock(tmp_path / "a.db")
    process.kill()
    process.communicate()
    ServeLock(tmp_path / "a.db").release()


def test_who_asks_whether_a_file_is_served_keeps_no_server_out(tmp_path: Path) -> None:
    """A server that starts while somebody asks waits for a moment, and serves."""
    database = tmp_path / "leads.db"
    ServeLock(database).release()
    with database.with_name("leads.db.serve-lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        threading.Timer(0.02, fcntl.flock, (asking, fcntl.LOCK_UN)).start()
        lock = ServeLock(database)
    try:
        assert is_served(database)
        with pytest.raises(AlreadyServedError):
            ServeLock(database)
    finally:
        lock.release()
    assert not is_served(database)


@pytest.mark.parametrize("link", ["symbolic", "of the folder", "hard"])
def test_a_link_is_the_file_that_it_leads_to(tmp_path: Path, link: str) -> None:
    """Who serves through it keeps out who comes by the name, and the other way round."""
    database = tmp_path / "a" / "leads.db"
    database.parent.mkdir()
    ServeLock(database).release()
    other = tmp_path / "other.db"
    if link == "symbolic":
        other.symlink_to(database)
    elif link == "hard":
        os.link(database, other)
    else:
        (tmp_path / "b").symlink_to(database.parent)
        other = tmp_path / "b" / "leads.db"
    for first, second in (database, other), (other, database):
        lock = ServeLock(first)
        with pytest.raises(AlreadyServedError, match=str(second)):
            ServeLock(second)
        lock.release()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file with the current schema."""
    upgrade(f"sqlite:///{tmp_path}/leads.db")
    return tmp_path / "leads.db"


def test_files_of_an_older_release_are_closed_to_other_accounts(database: Path) -> None:
    """With log and index, when a server begins; it says which."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("SELECT * FROM forgetting").fetchall()
        names = [f"{database}{ending}" for ending in ("", LOG, INDEX)]
        for name in names:
            os.chmod(name, 0o644)
        lock = ServeLock(database)
        assert lock.keep() == names
        assert {os.stat(name).st_mode & 0o777 for name in names} == {0o600}
        lock.release()


def test_what_a_server_has_open_is_known_to_others_while_it_serves(database: Path) -> None:
    """A command that would open another file beside it is refused; one that opens the same goes on."""
    lock = ServeLock(database)
    check_names(database)
    lock.keep()
    check_names(database)
    os.rename(f"{database}{LOG}", f"{database}.away")
    with pytest.raises(DatabaseUnavailableError, match="wal was deleted or moved away while a server has it open"):
        check_names(database)
    Path(f"{database}{LOG}").touch()
    with pytest.raises(DatabaseUnavailableError, match="wal was replaced by another file while a server has it open"):
        check_names(database)
    os.rename(f"{database}.away", f"{database}{LOG}")
    check_names(database)
    lock.release()
    os.rename(database, f"{database}.away")
    upgrade(f"sqlite:///{database}")
    check_names(database)


def test_a_lock_file_that_cannot_be_read_says_nothing(database: Path) -> None:
    """An older release wrote nothing into it."""
    for text in ("", "{}", "[true]", "\x00" * 300):
        database.with_name("leads.db.serve-lock").write_text(text)
        check_names(database)
        ServeLock(database).release()
