"""What an SQLite file's names lead to is looked at before a commit, and before anybody is told of it."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from synclead.leads.read import read_record
from synclead.leads.record import RawRecord
from synclead.store import schema, sqlite_files
from synclead.store.engine import open_engine, opened, reading, writing
from synclead.store.errors import DatabaseUnavailableError, ServiceFailureError, StoreError, UnconfirmedError
from synclead.store.importing import Importer
from synclead.store.observer import Observer
from synclead.store.progress import ImportKey
from synclead.store.row_groups import SourceRow
from synclead.store.sqlite import SqliteDatabase
from synclead.store.sqlite_files import INDEX, LOG, SqliteFiles, make_private
from synclead.store.transaction import FilesReplacedError
from synclead.store.upgrade import upgrade
from synclead.store.writer import Writer

from .conftest import NOW

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new file with the current schema."""
    url = f"sqlite:///{tmp_path}/leads.db"
    upgrade(url)
    return url


@pytest.fixture
def path(url: str, tmp_path: Path) -> Path:
    """The file."""
    return tmp_path / "leads.db"


class TakenAway(SqliteFiles):
    """Files of which one is taken away before the n-th look, counted from 1."""

    def __init__(self, path: Path, look: int) -> None:
        super().__init__(path)
        self._path = path
        self._look = look

    def look(self, *, thoroughly: bool = False) -> None:
        if self._connections:
            self._look -= 1
            if self._look == 0:
                os.rename(self._path, f"{self._path}.away")
        super().look(thoroughly=thoroughly)


@pytest.mark.parametrize(
    ("look", "ending"), [(2, "nothing was written, safe to repeat"), (3, "outcome not known, safe to repeat")]
)
def test_a_commit_is_looked_at_before_and_after(
    path: Path, declare: Declare, writer: Running, look: int, ending: str
) -> None:
    """Before it nothing is written; after it nobody is told that it was, and nobody asks the other file. Nor is anybody
    answered later, whom the file that was taken away could tell that nothing is to be changed."""
    declare(1)
    database = SqliteDatabase(path, files=TakenAway(path, look))

    async def calls() -> ServiceFailureError:
        async with writer(database, observer=Observer()) as door:
            with pytest.raises(ServiceFailureError) as failure:
                await door.sync(1, RawRecord(email="a@e.com"))
            assert not door.ready
            with pytest.raises(ServiceFailureError, match=r"nothing was written, safe to repeat$"):
                await door.sync(1, RawRecord(email="a@e.com"))
            return failure.value

    assert asyncio.run(calls()).message.endswith(ending)
    os.rename(f"{path}.away", path)
    with closing(sqlite3.connect(path)) as connection:
        leads = connection.execute("SELECT email FROM lead").fetchall()
    assert leads == ([] if look == 2 else [("a@e.com",)])


@pytest.mark.parametrize("look", [4, 5])
def test_an_import_into_a_file_that_was_taken_away_ends(path: Path, declare: Declare, look: int) -> None:
    """In one sentence, before and after the commit of a group; nothing is said to be done."""
    declare(1)
    database = SqliteDatabase(path, files=TakenAway(path, look))
    reported: list[Any] = []

    class Nowhere:
        def cut(self, length: int) -> None:
            pass

        def write(self, refused: Any) -> int:
            return 0

    async def run() -> None:
        importer = Importer(
            database, ImportKey(1, "f", "o"), lambda cells, rules: read_record(RawRecord(email=cells[0]), rules),
            Nowhere(), lambda: NOW, asyncio.Event(), report=reported.append, may_starve_others=lambda: False,
        )  # fmt: skip
        try:
            with pytest.raises(StoreError, match="moved away while it was open"):
                await importer.run([SourceRow(2, ["a@e.com"])], await importer.begin())
        finally:
            await database.close()

    asyncio.run(run())
    assert reported == []


@pytest.mark.parametrize("ending", ["", LOG, INDEX])
def test_a_command_writes_into_no_file_that_was_taken_away(url: str, path: Path, ending: str) -> None:
    """Whatever it does in one transaction: it is refused before its commit, and at its next transaction."""
    with opened(url) as engine:
        with (  # noqa: PT012 - the block is the transaction
            pytest.raises(DatabaseUnavailableError, match="deleted or moved away"),
            writing(engine) as connection,
        ):
            connection.execute(insert(schema.forgetting).values(id=1, number=1))
            os.rename(f"{path}{ending}", f"{path}.away")
        with pytest.raises(DatabaseUnavailableError, match="deleted or moved away"), reading(engine) as connection:
            connection.execute(select(schema.forgetting)).all()


def test_a_command_says_what_it_has_written_into_a_file_that_was_taken_away(path: Path) -> None:
    """Where that is seen after its commit."""
    files = TakenAway(path, look=4)
    engine = open_engine(f"sqlite:///{path}", files)
    with pytest.raises(UnconfirmedError, match="it is done"), writing(engine) as connection:
        connection.execute(insert(schema.forgetting).values(id=1, number=1))
    engine.dispose()


def test_log_and_index_may_come_anew_with_the_next_connection(path: Path) -> None:
    """SQLite takes them away with the last connection; the file itself stays the one that it was."""
    files = SqliteFiles(path)

    async def write() -> None:
        database = SqliteDatabase(path, files=files)
        for _ in range(2):
            async with database.transaction() as transaction:
                await transaction.run([("date_groups", {"subscription": 1})], commit=True)
            await database._thread.run(database._drop)
            assert not await asyncio.to_thread(Path(f"{path}{LOG}").exists)
        await database.close()

    asyncio.run(write())
    os.rename(path, f"{path}.away")
    upgrade(f"sqlite:///{path}")
    with pytest.raises(FilesReplacedError, match="replaced by another file"):
        files.look()


def test_a_folder_in_which_no_name_was_changed_is_one_question(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last change is a while ago, since names have a coarse clock; through a link all are asked each time."""
    asked: list[str] = []
    real = sqlite_files._identity

    def ask(name: str) -> tuple[int, int]:
        asked.append(name)
        return real(name)

    monkeypatch.setattr(sqlite_files, "_identity", ask)
    link = path.parent.parent / f"{path.parent.name}-link.db"
    link.symlink_to(path)

    def asked_by(files: SqliteFiles, **how: bool) -> int:
        asked.clear()
        files.look(**how)
        return len(asked)

    files, linked = SqliteFiles(path), SqliteFiles(link)
    for one in (files, linked):
        one.opened()
    assert [asked_by(files) for _ in range(3)] == [1, 1, 1]  # no connection is there, and so no log
    os.utime(path.parent, (1_000_000_000, 1_000_000_000))
    assert [asked_by(files) for _ in range(3)] == [1, 0, 0]
    assert asked_by(files, thoroughly=True) == 1
    assert [asked_by(linked) for _ in range(3)] == [1, 1, 1]
    path.with_name("other").touch()
    assert [asked_by(files) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("where", ["in the folder", "of the folder", "of the link"])
def test_a_change_of_names_is_seen_wherever_it_is(path: Path, where: str) -> None:
    """Also where the folder itself has another name, or a link leads elsewhere."""
    folder = path.parent / "data"
    folder.mkdir()
    for name in ("one.db", "other.db"):
        (folder / name).touch()
    link = path.with_name("link.db")
    link.symlink_to(folder / "one.db")
    files = SqliteFiles(link if where == "of the link" else folder / "one.db")
    files.opened()
    for one in (folder, path.parent):
        os.utime(one, (1_000_000_000, 1_000_000_000))
    files.look()
    files.look()
    if where == "in the folder":
        os.replace(folder / "other.db", folder / "one.db")
    elif where == "of the folder":
        os.rename(folder, path.with_name("data.old"))
    else:
        link.unlink()
        link.symlink_to(folder / "other.db")
    with pytest.raises(FilesReplacedError):
        files.look()


def test_what_was_replaced_once_is_not_believed_again(path: Path) -> None:
    """Others may have written meanwhile: to one file, by the log of another."""
    files = SqliteFiles(path)
    files.opened()
    os.rename(path, f"{path}.away")
    with pytest.raises(FilesReplacedError):
        files.look()
    os.rename(f"{path}.away", path)
    with pytest.raises(FilesReplacedError):
        files.look()


def test_a_file_is_made_for_this_account_alone(tmp_path: Path) -> None:
    """From its first moment on, whatever others may read by default; and so are its log and its index."""
    before = os.umask(0)
    try:
        path = tmp_path / "leads.db"
        upgrade(f"sqlite:///{path}")
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO forgetting VALUES (1, 1)")
        connection.commit()
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
        assert len(list(tmp_path.iterdir())) == 3
        connection.close()
        make_private(path)
        assert path.stat().st_size > 0
    finally:
        os.umask(before)
