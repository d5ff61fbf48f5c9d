"""`synclead apply` as a person runs it."""

import sqlite3
from pathlib import Path

import pytest

from support.command import Run

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
api_users = [ { id = "bigcorp1_46", encryption_key_env = "BIGCORP_KEY" } ]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A declaration whose key is in the environment."""
    monkeypatch.setenv("BIGCORP_KEY", "secret-1")
    path = tmp_path / "leads.toml"
    path.write_text(FILE)
    return path


def test_changes_are_printed_once(run: Run, file: Path) -> None:
    """The first run says what it added, the second that there is nothing to change."""
    first, second = run("apply", str(file)), run("apply", str(file))

    assert first.code == second.code == 0
    assert first.err == second.err == ""
    assert first.out.splitlines() == [
        "added subscription Example Corp",
        "Example Corp: added user bigcorp1_46",
        "Example Corp: added partition Default",
        "Example Corp: added workspace Default",
    ]
    assert second.out == "nothing to change\n"


def test_a_dry_run_leaves_no_file(run: Run, file: Path, tmp_path: Path) -> None:
    """A dry run on a database that does not exist says what would happen and makes nothing."""
    before = set(tmp_path.iterdir())

    dry = run("apply", str(file), "--dry-run")

    assert set(tmp_path.iterdir()) == before
    assert dry.code == 0
    assert dry.out == run("apply", str(file)).out


def test_a_dry_run_compares_with_what_is_stored(run: Run, file: Path) -> None:
    """On a current database a dry run finds nothing to change, keys included, and a new key changes them."""
    run("apply", str(file))

    assert run("apply", str(file), "--dry-run").out == "nothing to change\n"
    file.write_text(FILE.replace('_env = "BIGCORP_KEY"', ' = "secret-2"'))
    ran = run("apply", str(file), "--dry-run")
    assert ran.out == "Example Corp: changed the keys of user bigcorp1_46\n"
    assert run("apply", str(file), "--dry-run").out == ran.out


def test_a_bad_file_is_refused_with_every_mistake(run: Run, file: Path) -> None:
    """Mistakes are one line each on stderr, exit code 1; the database is not even made."""
    file.write_text(FILE.replace("BIGCORP_KEY", "NO_KEY") + 'time_zone = "Mars"\n')

    ran = run("apply", str(file))

    assert ran.code == 1
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 2
    assert "Traceback" not in ran.err
    assert not file.with_name("synclead.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["apply", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["apply", "leads.toml", "--database-url", "postgresql://u@/db?host=/nowhere"], "cannot be opened"),
        (["apply", "leads.toml", "--database-url", "mysql://u@h/db"], "must be sqlite:///FILE"),
        (["apply", "leads.toml", "--database-url", "sqlite:///no/where.db"], "cannot be opened"),
        (["apply", "leads.toml", "--database-url", "sqlite:///leads.toml"], "not an SQLite database"),
    ],
)
@pytest.mark.usefixtures("file")
def test_what_cannot_be_opened_is_refused_in_one_sentence(run: Run, arguments: list[str], words: str) -> None:
    """A file or database that is not there is refused in one sentence, without a traceback."""
    ran = run(*arguments)

    assert ran.code == 1
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_url_comes_from_the_environment_too(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SYNCLEAD_DATABASE_URL names the database where no option does."""
    monkeypatch.setenv("SYNCLEAD_DATABASE_URL", "sqlite:///other.db")

    run("apply", str(file))

    with sqlite3.connect(file.with_name("other.db")) as connection:
        assert connection.execute("SELECT name FROM subscription").fetchall() == [("Example Corp",)]
    connection.close()
