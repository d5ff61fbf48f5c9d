"""A new master key in the place of the old one."""

import asyncio
import base64
import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from synclead.store import schema
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.directory import FRESH_SECONDS, Directory
from synclead.store.engine import open_engine, reading, writing
from synclead.store.errors import MasterKeyError
from synclead.store.master_keys import configured_keys, open_master_keys
from synclead.store.rotation import rotate
from synclead.store.upgrade import upgrade

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
DECLARATION = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
api_users = [ { id = "bigcorp", encryption_keys = ["new-1", "old-1"] }, { id = "small", encryption_key = "k" } ]
"""


def declare(engine: Engine, url: str, environ: dict[str, str], text: str = DECLARATION) -> None:
    """Applies a declaration, as `synclead apply` does."""
    apply_declaration(engine, open_master_keys(engine, url, environ), read_declaration(text, {}))


def opened_keys(engine: Engine, url: str, environ: dict[str, str]) -> list[tuple[str, bytes]]:
    """Every user's stored encryption keys, in clear. Raises MasterKeyError where one does not open."""
    keys = open_master_keys(engine, url, environ)
    with reading(engine) as connection:
        rows = connection.execute(select(schema.api_key).order_by("user_id", "slot")).all()
    return [(row.user_id, keys.open_api_key(row.sealed, row.subscription_id, row.user_id)) for row in rows]


ALL = [("bigcorp", b"new-1"), ("bigcorp", b"old-1"), ("small", b"k")]


def test_everything_is_sealed_with_the_new_key(engine: Engine, url: str) -> None:
    """Afterwards the old one opens nothing, the new one alone everything; a second run seals nothing."""
    declare(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    both = {"SYNCLEAD_MASTER_KEY": f"{NEW} {OLD}"}
    assert opened_keys(engine, url, both) == ALL

    assert rotate(engine, url, both).sealed == 3

    assert opened_keys(engine, url, both) == ALL
    assert opened_keys(engine, url, {"SYNCLEAD_MASTER_KEY": NEW}) == ALL
    with pytest.raises(MasterKeyError, match="not the one"):
        open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    old = configured_keys(url, {"SYNCLEAD_MASTER_KEY": OLD})
    with reading(engine) as connection:
        for row in connection.execute(select(schema.api_key)):
            with pytest.raises(MasterKeyError):
                old.open_api_key(row.sealed, row.subscription_id, row.user_id)
    assert rotate(engine, url, both).sealed == 0


def test_without_a_new_key_nothing_is_done(engine: Engine, url: str) -> None:
    """Alone, the key in use is refused; before another one it stays in use."""
    declare(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})

    with pytest.raises(MasterKeyError, match="no new master key in SYNCLEAD_MASTER_KEY"):
        rotate(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    assert rotate(engine, url, {"SYNCLEAD_MASTER_KEY": f"{OLD} {NEW}"}).sealed == 0

    assert opened_keys(engine, url, {"SYNCLEAD_MASTER_KEY": OLD}) == ALL


def test_a_key_that_does_not_open_stops_the_rotation(engine: Engine, url: str) -> None:
    """Nothing is sealed anew, its user is named; declared anew, it is sealed with the rest."""
    declare(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    both = {"SYNCLEAD_MASTER_KEY": f"{NEW} {OLD}"}
    with writing(engine) as connection:
        connection.execute(update(schema.api_key).where(schema.api_key.c.user_id == "small").values(sealed=b"x" * 40))

    with pytest.raises(MasterKeyError, match="API user small"):
        rotate(engine, url, both)
    open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})

    declare(engine, url, both)
    assert rotate(engine, url, both).sealed == 3
    assert opened_keys(engine, url, {"SYNCLEAD_MASTER_KEY": NEW}) == ALL


def test_what_is_declared_after_the_rotation_is_sealed_anew(engine: Engine, url: str) -> None:
    """A command that had opened the keys before it seals with the new one, or is refused; never with the old one."""
    declare(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    both = {"SYNCLEAD_MASTER_KEY": f"{NEW} {OLD}"}
    knows_both, knows_old = (
        open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": text}) for text in (f"{NEW} {OLD}", OLD)
    )
    rotate(engine, url, both)
    later = read_declaration(DECLARATION.replace('"k"', '"k2"'), {})

    with pytest.raises(MasterKeyError, match="not the one"):
        apply_declaration(engine, knows_old, later)
    apply_declaration(engine, knows_both, later)

    assert opened_keys(engine, url, {"SYNCLEAD_MASTER_KEY": NEW}) == [*ALL[:2], ("small", b"k2")]


def test_a_database_without_secrets_is_rotated_too(engine: Engine, url: str) -> None:
    """The check value changes hands alone."""
    rotate(engine, url, {"SYNCLEAD_MASTER_KEY": f"{OLD} {OLD}"})
    open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": OLD})
    rotate(engine, url, {"SYNCLEAD_MASTER_KEY": f"{NEW} {OLD}"})
    open_master_keys(engine, url, {"SYNCLEAD_MASTER_KEY": NEW})


@pytest.fixture
def beside(tmp_path: Path) -> tuple[Engine, str, Path]:
    """An SQLite database whose key lies beside it, with secrets."""
    url = f"sqlite:///{tmp_path}/leads.db"
    upgrade(url)
    engine = open_engine(url)
    declare(engine, url, {})
    return engine, url, tmp_path / "leads.db.master-key"


def test_the_file_beside_the_database_gets_the_new_key(beside: tuple[Engine, str, Path]) -> None:
    """Before the old one, which opens backups; with the old owner and mode; every run makes another."""
    engine, url, file = beside
    file.chmod(0o640)
    first = file.read_text().split()

    assert rotate(engine, url, {}).sealed == 3
    second = file.read_text().split()
    assert rotate(engine, url, {}).sealed == 3

    assert (len(first), len(second), second[1:], len(file.read_text().split())) == (1, 2, first, 3)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert opened_keys(engine, url, {}) == ALL
    file.write_text(file.read_text().splitlines()[0])
    assert opened_keys(engine, url, {}) == ALL
    assert sorted(path.name for path in file.parent.iterdir() if "key" in path.name) == [file.name]


def test_a_new_key_that_cannot_be_written_stops_the_rotation(
    beside: tuple[Engine, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sealed anew where the file system refuses the file."""
    engine, url, file = beside
    before = file.read_text()

    def refuse(handle: int, user: int, group: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.fchown", refuse)
    with pytest.raises(MasterKeyError, match=r"cannot be written to .*: Operation not permitted"):
        rotate(engine, url, {})
    assert file.read_text() == before
    assert opened_keys(engine, url, {}) == ALL


def test_a_link_to_the_key_stays_a_link(beside: tuple[Engine, str, Path], tmp_path: Path) -> None:
    """The new key is written to where it leads."""
    engine, url, file = beside
    (tmp_path / "vault").mkdir()
    kept = file.rename(tmp_path / "vault" / "key")
    file.symlink_to(kept)

    rotate(engine, url, {})

    assert file.is_symlink()
    assert len(kept.read_text().split()) == 2
    assert opened_keys(engine, url, {}) == ALL


@pytest.mark.parametrize("knows_new", [True, False])
def test_a_running_server_learns_of_the_new_key_or_says_that_it_cannot(
    beside: tuple[Engine, str, Path], knows_new: bool
) -> None:
    """It reads its file again; one that cannot know the new key refuses as a server's failure, not as the client's."""
    engine, url, file = beside
    now = [100.0]
    environ = {} if knows_new else {"SYNCLEAD_MASTER_KEY": file.read_text()}

    async def ask() -> None:
        directory = Directory(engine, open_master_keys(engine, url, environ), clock=lambda: now[0])
        assert await directory.user("small") is not None
        rotate(engine, url, {})
        now[0] += FRESH_SECONDS
        try:
            if knows_new:
                user = await directory.user("small")
                assert user is not None
                assert user.keys == (b"k",)
            else:
                with pytest.raises(MasterKeyError, match="not the one"):
                    await directory.user("small")
        finally:
            await directory.close()

    asyncio.run(ask())
