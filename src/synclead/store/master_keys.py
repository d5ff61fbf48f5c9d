"""The master keys of a process: where they are looked for, and which of them is in use.

They stand in `SYNCLEAD_MASTER_KEY`, else in the file that `SYNCLEAD_MASTER_KEY_FILE` names, else on SQLite in a
file beside the database, made when it is missing (design: "What a user sees"). Each is base64 of 32 bytes. There
may be several with white space between, the newest first: while one takes the place of another (`rotation`),
every process knows both.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from synclead.store.engine import lock_configuration, reading, sqlite_path, writing
from synclead.store.errors import MasterKeyError
from synclead.store.schema import master_key_check
from synclead.store.secrets import MasterKey, new_key_text


class MasterKeys:
    """The keys that a process knows, the newest first. Which of them is in use the database says."""

    def __init__(self, find: Callable[[], Sequence[MasterKey]], place: str = "the process") -> None:
        """`find` gives the keys as they are configured now, one at least; `place` names where, for a refusal.

        Raises what `find` raises: MasterKeyError.
        """
        self._find = find
        self._place = place
        self._keys = tuple(find())

    @property
    def newest(self) -> MasterKey:
        """The one that `rotation.rotate` seals with."""
        return self._keys[0]

    def __len__(self) -> int:
        return len(self._keys)

    def in_use(self, connection: Connection) -> MasterKey:
        """The key that seals this database's secrets; before the first secret, the newest.

        Where none of those known fits, they are looked for again: a running server so learns of a new key in a
        file. To seal with it, lock the configuration first. Raises MasterKeyError where none fits.
        """
        stored = connection.execute(select(master_key_check.c.sealed)).scalar_one_or_none()
        if stored is None:
            return self.newest
        found = self._fitting(stored)
        if found is None:
            self._keys = tuple(self._find())
            found = self._fitting(stored)
        if found is None:
            raise MasterKeyError(
                "the master key is not the one that sealed this database's secrets: "
                f"put that one in {self._place}, after the new one if you are changing it"
            )
        return found

    def open_api_key(self, sealed: bytes, subscription_id: int, user_id: str) -> bytes:
        """The encryption key, whichever of the keys sealed it. Raises MasterKeyError when none did."""
        for key in self._keys[:-1]:
            try:
                return key.open_api_key(sealed, subscription_id, user_id)
            except MasterKeyError:
                continue
        return self._keys[-1].open_api_key(sealed, subscription_id, user_id)

    def _fitting(self, check_value: bytes) -> MasterKey | None:
        return next((key for key in self._keys if key.fits(check_value)), None)


def open_master_keys(engine: Engine, url: str, environ: Mapping[str, str]) -> MasterKeys:
    """The master keys of a database, one of them checked against it; the first use stores the check value.

    On SQLite, without a setting, a missing key file is made (mode 0600) beside a database that has
    no secrets yet. Raises MasterKeyError with what to do.
    """
    stored = _has_check_value(engine)
    if not stored:
        _make_missing(url, environ)
    keys = configured_keys(url, environ)
    if not stored:
        with writing(engine) as connection:
            lock_configuration(connection)
            if connection.execute(select(master_key_check.c.id)).first() is None:
                connection.execute(insert(master_key_check).values(id=1, sealed=keys.newest.check_value()))
    with reading(engine) as connection:
        keys.in_use(connection)
    return keys


def stored_master_keys(engine: Engine, url: str, environ: Mapping[str, str]) -> MasterKeys | None:
    """The master keys, checked against the database, without making or storing one; None before the first use.

    Raises MasterKeyError with what to do, also before the first use on PostgreSQL.
    """
    stored = _has_check_value(engine)
    if not stored and sqlite_path(url) is not None:
        return None
    keys = configured_keys(url, environ)
    if not stored:
        return None
    with reading(engine) as connection:
        keys.in_use(connection)
    return keys


def configured_keys(url: str, environ: Mapping[str, str]) -> MasterKeys:
    """The master keys as they are configured, not compared with the database. Raises MasterKeyError."""
    place = master_key_place(url, environ)

    def find() -> tuple[MasterKey, ...]:
        return tuple(MasterKey.from_text(text, place) for text in key_texts(url, environ))

    return MasterKeys(find, place)


def key_texts(url: str, environ: Mapping[str, str]) -> Sequence[str]:
    """The configured keys as they are written, the newest first, one at least. Raises MasterKeyError."""
    if text := environ.get("SYNCLEAD_MASTER_KEY"):
        return text.split() or [""]
    path = key_file(url, environ)
    if path is None:
        raise MasterKeyError(
            "set SYNCLEAD_MASTER_KEY or SYNCLEAD_MASTER_KEY_FILE: base64 of 32 bytes, "
            "as `openssl rand -base64 32` makes"
        )
    try:
        return path.read_text("ascii").split() or [""]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not base64"
        raise MasterKeyError(
            f"the master key file {path} cannot be read: {reason}; put back the key that sealed the stored secrets"
        ) from None


def key_file(url: str, environ: Mapping[str, str]) -> Path | None:
    """The file that the keys are read from; None where there is none."""
    if environ.get("SYNCLEAD_MASTER_KEY"):
        return None
    if name := environ.get("SYNCLEAD_MASTER_KEY_FILE"):
        return Path(name)
    return own_key_file(url, environ)


def own_key_file(url: str, environ: Mapping[str, str]) -> Path | None:
    """The file beside an SQLite database, where no setting names another place: the only one that we write."""
    database = sqlite_path(url)
    is_set = environ.get("SYNCLEAD_MASTER_KEY") or environ.get("SYNCLEAD_MASTER_KEY_FILE")
    return None if database is None or is_set else key_file_beside(database)


def key_file_beside(database: Path) -> Path:
    """Where the master key of an SQLite database lies when no setting names another place."""
    return database.with_name(database.name + ".master-key")


def master_key_place(url: str, environ: Mapping[str, str]) -> str:
    """Where the master key of a database is looked for, in words for an operator."""
    path = key_file(url, environ)
    return "SYNCLEAD_MASTER_KEY" if path is None else f"the file {path}"


def _has_check_value(engine: Engine) -> bool:
    with reading(engine) as connection:
        return connection.execute(select(master_key_check.c.id)).first() is not None


def _make_missing(url: str, environ: Mapping[str, str]) -> None:
    """Makes the file whole or not at all; of several processes the first one's key stays."""
    path = own_key_file(url, environ)
    if path is None or path.exists():
        return
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(new_key_text() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
