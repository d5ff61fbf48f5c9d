"""The master key and sealed secrets."""

import base64
import stat
from pathlib import Path

import pytest

from synclead.store import upgrade
from synclead.store.engine import open_engine
from synclead.store.errors import MasterKeyError
from synclead.store.secrets import MasterKey, key_file_beside, open_master_key

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new database."""
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade.upgrade(url)
    return url


def test_a_sealed_key_opens_for_its_user_alone() -> None:
    """The subscription and the user are part of the seal."""
    key = MasterKey.from_text(KEY)
    sealed = key.seal_api_key(b"27272727aa", 1, "demo")

    assert key.open_api_key(sealed, 1, "demo") == b"27272727aa"
    for subscription_id, user_id in ((2, "demo"), (1, "other")):
        with pytest.raises(MasterKeyError):
            key.open_api_key(sealed, subscription_id, user_id)


def test_sealing_twice_gives_different_bytes() -> None:
    """Each seal has a nonce of its own, and the plain text is not in it."""
    key = MasterKey.from_text(KEY)
    first, second = (key.seal_api_key(b"27272727aa", 1, "demo") for _ in range(2))

    assert first != second
    assert b"27272727aa" not in first


def test_a_changed_seal_does_not_open() -> None:
    """One flipped bit is noticed, and so is a cut-off secret."""
    key = MasterKey.from_text(KEY)
    sealed = key.seal_api_key(b"k", 1, "demo")

    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:5]):
        with pytest.raises(MasterKeyError):
            key.open_api_key(broken, 1, "demo")


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "ä" * 44])
def test_a_malformed_key_is_refused_without_being_shown(text: str) -> None:
    """The refusal does not repeat what was given."""
    with pytest.raises(MasterKeyError) as refusal:
        MasterKey.from_text(text)
    assert not text or text not in str(refusal.value)


def test_the_key_does_not_show_itself() -> None:
    """Neither repr nor the attributes hold the key's text."""
    assert KEY not in repr(MasterKey.from_text(KEY))


def test_a_missing_file_is_made_beside_an_sqlite_database(url: str, tmp_path: Path) -> None:
    """The file is for its owner alone, holds base64 of 32 bytes, and is used again."""
    first = open_master_key(open_engine(url), url, {})
    file = key_file_beside(tmp_path / "a.db")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(base64.b64decode(file.read_text())) == 32
    again = open_master_key(open_engine(url), url, {})
    assert again.open_api_key(first.seal_api_key(b"k", 1, "u"), 1, "u") == b"k"


def test_the_wrong_key_is_refused(url: str) -> None:
    """The check value in the database tells another key."""
    open_master_key(open_engine(url), url, {"SYNCLEAD_MASTER_KEY": KEY})
    other = base64.b64encode(b"o" * 32).decode()

    with pytest.raises(MasterKeyError, match="not the one"):
        open_master_key(open_engine(url), url, {"SYNCLEAD_MASTER_KEY": other})


def test_a_lost_key_file_is_not_replaced(url: str, tmp_path: Path) -> None:
    """A new key could not open what is stored: the start is refused instead."""
    open_master_key(open_engine(url), url, {})
    key_file_beside(tmp_path / "a.db").unlink()

    with pytest.raises(MasterKeyError, match="cannot be read"):
        open_master_key(open_engine(url), url, {})
    assert not key_file_beside(tmp_path / "a.db").exists()


def test_a_named_file_is_read(url: str, tmp_path: Path) -> None:
    """SYNCLEAD_MASTER_KEY_FILE names base64 text; a line break at its end is no part of it."""
    (tmp_path / "named").write_text(KEY + "\n")
    key = open_master_key(open_engine(url), url, {"SYNCLEAD_MASTER_KEY_FILE": str(tmp_path / "named")})

    assert key.fits(MasterKey.from_text(KEY).check_value())
    assert not key_file_beside(tmp_path / "a.db").exists()
