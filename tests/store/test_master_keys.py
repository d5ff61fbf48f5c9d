"""Where master keys are found, and which is in use."""

import base64
import stat
from pathlib import Path

import pytest

from synclead.store import upgrade
from synclead.store.engine import open_engine, reading
from synclead.store.errors import MasterKeyError
from synclead.store.master_keys import key_file_beside, open_master_keys
from synclead.store.secrets import MasterKey

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(b"o" * 32).decode()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new database."""
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade.upgrade(url)
    return url


def test_a_missing_file_is_made_beside_an_sqlite_database(url: str, tmp_path: Path) -> None:
    """The file is for its owner alone, holds base64 of 32 bytes, and is used again."""
    first = open_master_keys(open_engine(url), url, {})
    file = key_file_beside(tmp_path / "a.db")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(base64.b64decode(file.read_text())) == 32
    again = open_master_keys(open_engine(url), url, {})
    assert again.open_api_key(first.newest.seal_api_key(b"k", 1, "u"), 1, "u") == b"k"


def test_the_wrong_key_is_refused(url: str) -> None:
    """The check value in the database tells another key."""
    open_master_keys(open_engine(url), url, {"SYNCLEAD_MASTER_KEY": KEY})

    with pytest.raises(MasterKeyError, match="not the one"):
        open_master_keys(open_engine(url), url, {"SYNCLEAD_MASTER_KEY": OTHER})


def test_a_lost_key_file_is_not_replaced(url: str, tmp_path: Path) -> None:
    """A new key could not open what is stored: the start is refused instead."""
    open_master_keys(open_engine(url), url, {})
    key_file_beside(tmp_path / "a.db").unlink()

    with pytest.raises(MasterKeyError, match="cannot be read"):
        open_master_keys(open_engine(url), url, {})
    assert not key_file_beside(tmp_path / "a.db").exists()


def test_a_named_file_is_read(url: str, tmp_path: Path) -> None:
    """SYNCLEAD_MASTER_KEY_FILE names base64 text; a line break at its end is no part of it."""
    (tmp_path / "named").write_text(KEY + "\n")
    keys = open_master_keys(open_engine(url), url, {"SYNCLEAD_MASTER_KEY_FILE": str(tmp_path / "named")})

    assert keys.newest.fits(MasterKey.from_text(KEY).check_value())
    assert not key_file_beside(tmp_path / "a.db").exists()


@pytest.mark.parametrize("separator", [" ", "\n", "\n\n \t"])
def test_of_several_keys_the_one_in_use_is_taken(url: str, separator: str) -> None:
    """Wherever it stands among them; what it sealed opens, and only the check value says which it is."""
    engine = open_engine(url)
    old = open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": KEY})
    sealed = old.newest.seal_api_key(b"k", 1, "u")

    both = open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": f"{OTHER}{separator}{KEY}\n"})

    with reading(engine) as connection:
        assert both.in_use(connection) is not both.newest
    assert both.open_api_key(sealed, 1, "u") == b"k"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c2hvcnQ=", "the master key in SYNCLEAD_MASTER_KEY has 5 bytes instead of 32"),
        ("no base64!", "the master key in SYNCLEAD_MASTER_KEY is not base64"),
        (f"{KEY} half", "SYNCLEAD_MASTER_KEY has 3 bytes instead of 32"),
        ("  ", "SYNCLEAD_MASTER_KEY has 0 bytes instead of 32"),
    ],
)
def test_a_malformed_setting_is_named_without_the_key(url: str, text: str, words: str) -> None:
    """The refusal says where the key stands, what is wrong with it, and how to make a good one."""
    with pytest.raises(MasterKeyError, match=words) as refused:
        open_master_keys(open_engine(url), url, {"SYNCLEAD_MASTER_KEY": text})
    assert "openssl rand -base64 32" in str(refused.value)
    assert KEY not in str(refused.value)
