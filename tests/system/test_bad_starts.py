"""What nobody can start from: one sentence, exit code 1, no traceback, and no password in it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.postgres import Postgres
from support.server import Server
from synclead.store import upgrade

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
APPLY = '[[subscription]]\nname = "A"\nmunchkin_account = "561-HYG-937"\n'


def refusal(server: Server, words: Sequence[str] = ("serve", "--port", "0")) -> str:
    """What a command that must be refused says."""
    (server.directory / "a.toml").write_text(APPLY)
    done = server.command_here(*words)
    said = done.out + done.err
    assert done.code == 1, said
    assert len(said.splitlines()) == 1, said
    assert "Traceback" not in said
    assert "pa55" not in said
    return said


def make_others(folder: Path) -> None:
    """What lies where a database should."""
    (folder / "folder.db").mkdir()
    (folder / "text.db").write_text("no database " * 200)
    with closing(sqlite3.connect(folder / "song.db")) as connection:
        connection.execute("CREATE TABLE song (id integer)")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://u:pa55@h/d", "mysql://u:***@h/d must be sqlite:///FILE or postgresql://"),
        ("nonsense", "cannot be read"),
        ("postgresql://u:pa55@h:port/d", "cannot be read"),
        ("postgresql://u:x@pa55@127.0.0.1/d", "write %40"),
        ("postgresql://u:pa55@127.0.0.1:1/d", "postgresql://u:***@127.0.0.1:1/d cannot be opened"),
        ("postgresql://u:pa55@nohost.invalid/d", "nohost.invalid"),
        ("postgresql://u:pa55@127.0.0.1/d?conect_timeout=3", "conect_timeout"),
        ("sqlite:///folder.db", "folder.db cannot be opened: "),
        ("sqlite:///no/such.db", "no"),
        ("sqlite:///text.db", "text.db is not an SQLite database"),
        ("sqlite:///song.db", "tables of another program"),
    ],
)
def test_a_wrong_url_is_named(tmp_path: Path, url: str, words: str) -> None:
    """`serve` says which database it is and what is wrong with it."""
    make_others(tmp_path)
    assert words in refusal(Server(tmp_path, database_url=url))


@pytest.mark.parametrize("command", ["apply a.toml", "lead show 1", "doctor", "db upgrade", "secrets rotate"])
def test_every_command_says_so(tmp_path: Path, command: str) -> None:
    """An unreachable server and a folder in the place of the file, for the other commands."""
    make_others(tmp_path)
    for url, words in (
        ("postgresql://u:pa55@127.0.0.1:1/d", "u:***@127.0.0.1:1/d cannot be opened"),
        ("sqlite:///folder.db", "folder.db cannot be opened: it is a folder"),
    ):
        assert words in refusal(Server(tmp_path, database_url=url), command.split())


def test_backup_of_what_cannot_be_copied(tmp_path: Path) -> None:
    """`backup` says which database it is, and leaves no half copy."""
    make_others(tmp_path)
    for url, words in (
        ("sqlite:///none.db", "there is no database none.db"),
        ("sqlite:///folder.db", "folder.db cannot be opened: it is a folder"),
        ("postgresql://u:pa55@127.0.0.1:1/d", "use pg_dump"),
        ("sqlite:///text.db", "text.db is not an SQLite database"),
        ("sqlite:///song.db", "song.db has tables of another program"),
    ):
        assert words in refusal(Server(tmp_path, database_url=url), ("backup", "copy.db"))
    assert not list(tmp_path.glob("*copy.db*"))


def test_a_postgres_that_cannot_serve_is_named(postgres: Postgres, tmp_path: Path) -> None:
    """A missing database, role or password, a read-only server, another schema, tables of another program."""
    url = postgres.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    song, empty = postgres.empty_database(), postgres.empty_database()
    postgres.ask_password_of("locked", "right")
    song_name = song.partition("@/")[2].partition("?")[0]
    postgres.execute("CREATE TABLE song (id integer)", song_name)
    for wrong, words in (
        (postgres.url("missing"), 'database "missing" does not exist'),
        (url.replace("postgres@", "stranger:pa55@"), "stranger"),
        (postgres.url(name, "-cdefault_transaction_read_only=on"), "read-only"),
        (url.replace("postgres@", "locked:pa55@"), 'password authentication failed for user "locked"'),
        (song, f"postgresql://postgres@/{song_name} has tables of another program"),
        (empty, "has no schema yet: run `synclead db upgrade`"),
    ):
        server = Server(tmp_path, database_url=wrong, environment={"SYNCLEAD_MASTER_KEY": KEY})
        assert words in refusal(server)
    postgres.execute("UPDATE synclead_schema SET version_num = '9999'", name)
    assert f"/{name} has schema 9999, made by a later release" in refusal(Server(tmp_path, database_url=url))


def test_an_older_schema_is_named(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that knows a later schema refuses to serve the earlier one, and says what to run."""
    url = postgres.new_database()
    later = [*upgrade.revisions(), "9999"]
    monkeypatch.setattr(upgrade, "revisions", lambda: later)
    said = refusal(Server(tmp_path, database_url=url, environment={"SYNCLEAD_MASTER_KEY": KEY}))
    assert "has an older schema: run `synclead db upgrade`" in said


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's rights, which open every file."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_files_without_permission_are_named() -> None:
    """A database and a key file that this account may not read."""
    words = ("serve", "--port", "0")
    # Not below the folder of the tests, which is root's alone where root runs them.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder)
        server.apply(APPLY)
        refusal(server, ("serve", "--port", "0", "--host", "256.0.0.1"))  # loads what nobody may not read
        key_file, database = folder / "leads.db.master-key", folder / "leads.db"
        folder.chmod(0o777)
        for path in folder.iterdir():
            path.chmod(0o666)
        for file, said in (
            (key_file, f"the master key file {key_file} cannot be read: Permission denied"),
            (database, f"{database} cannot be opened: this account may not read and write the file and its folder"),
        ):
            file.chmod(0)
            with nobody():
                assert said in refusal(server, words)
            file.chmod(0o666)
