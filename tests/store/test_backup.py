"""A copy of a database that is written to."""

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from synclead.store.backup import back_up
from synclead.store.errors import BackupError, StoreError
from synclead.store.upgrade import upgrade


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A database of many pages."""
    path = tmp_path / "leads.db"
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        for number in range(200):
            visit(connection, number)
    return path


def visit(connection: sqlite3.Connection, number: int) -> None:
    """Commits one visitor of a page's size."""
    connection.execute("INSERT INTO visitor VALUES (1, ?, NULL, 0, ?)", (number, f'"{"x" * 3000}"'))
    connection.commit()


def visitors(path: Path) -> int:
    """How many there are."""
    with closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute("SELECT count(*) FROM visitor").fetchone()[0]
        return count


def nothing(_done: int, _total: int) -> None:
    """A progress that nobody looks at."""


def test_the_copy_is_of_the_moment_of_its_beginning(source: Path, tmp_path: Path) -> None:
    """Commits between its steps neither get into it nor make it begin again."""
    seen: list[int] = []
    with closing(sqlite3.connect(source)) as server:

        def write(done: int, _total: int) -> None:
            visit(server, 1000 + len(seen))
            seen.append(done)

        back_up(f"sqlite:///{source}", tmp_path / "copy.db", progress=write, pages=10)

    assert len(seen) > 10
    assert seen == sorted(set(seen))
    assert visitors(tmp_path / "copy.db") == 200
    assert visitors(source) == 200 + len(seen)


def test_what_stands_in_the_log_alone_is_copied(source: Path, tmp_path: Path) -> None:
    """The newest commits of a server are not yet in its file, and are in the copy all the same."""
    with closing(sqlite3.connect(source)) as server:
        visit(server, 1000)
        (tmp_path / "alone.db").write_bytes(source.read_bytes())
        back_up(f"sqlite:///{source}", tmp_path / "copy.db", progress=nothing)

    assert (visitors(tmp_path / "alone.db"), visitors(tmp_path / "copy.db")) == (200, 201)


def test_the_copy_is_for_its_owner_alone(source: Path, tmp_path: Path) -> None:
    """Its mode is 0600, and nothing else is left in its folder."""
    folder = tmp_path / "copies"
    folder.mkdir()

    back_up(f"sqlite:///{source}", folder / "copy.db", progress=nothing)

    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600


def test_an_existing_file_is_not_touched(source: Path, tmp_path: Path) -> None:
    """Neither one that is there before, nor one that somebody makes meanwhile."""
    target = tmp_path / "copy.db"

    def make(_done: int, _total: int) -> None:
        target.write_text("mine")

    for progress in (make, nothing):
        with pytest.raises(BackupError, match="exists already"):
            back_up(f"sqlite:///{source}", target, progress=progress)
        assert target.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"leads.db", "copy.db"}


def test_a_damaged_copy_is_refused(source: Path, tmp_path: Path) -> None:
    """Pages that make no sense are found before the copy gets its name."""
    with closing(sqlite3.connect(source)) as connection:
        root: int = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'visitor'").fetchone()[0]
        size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    with source.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    with pytest.raises(BackupError, match="damaged"):
        back_up(f"sqlite:///{source}", tmp_path / "copy.db", progress=nothing)
    assert not (tmp_path / "copy.db").exists()


def _make_nothing(_path: Path) -> None:
    """The file is missing."""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_make_nothing, "there is no database"),
        (lambda path: path.touch(), "empty"),
        (lambda path: path.write_text("no database" * 100), "not an SQLite database"),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE other (a)"), "tables of another program"),
    ],
)
def test_what_is_no_database_of_ours_is_refused(make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    """Nothing is copied and nothing is made."""
    make(tmp_path / "other.db")
    before = set(tmp_path.iterdir())

    with pytest.raises(StoreError, match=words):
        back_up(f"sqlite:///{tmp_path}/other.db", tmp_path / "copy.db", progress=nothing)
    assert set(tmp_path.iterdir()) == before


def test_a_folder_that_is_not_there_is_named(source: Path, tmp_path: Path) -> None:
    """The refusal says where the copy could not go, and why."""
    with pytest.raises(BackupError, match=r"no/copy\.db could not be made: No such file"):
        back_up(f"sqlite:///{source}", tmp_path / "no" / "copy.db", progress=nothing)


def test_postgres_is_told_of_pg_dump(tmp_path: Path) -> None:
    """In one sentence, without a connection."""
    with pytest.raises(BackupError, match="use pg_dump"):
        back_up("postgresql://nobody@localhost/none", tmp_path / "copy.db", progress=nothing)
