"""Stored secrets: the master key, and sealing with AES-256-GCM.

Rules of the master key (design: "What a user sees"): `SYNCLEAD_MASTER_KEY`, else the file that
`SYNCLEAD_MASTER_KEY_FILE` names, else on SQLite a file beside the database, made when it is missing.
All of them hold base64 of 32 bytes.
"""

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, insert, select

from synclead.store.engine import lock_configuration, reading, sqlite_path, writing
from synclead.store.errors import MasterKeyError
from synclead.store.schema import master_key_check

_NONCE_BYTES = 12
_CHECK_CONTEXT = b"synclead master key check"
_CHECK_TEXT = b"synclead"
_WRONG_KEY = "the master key is not the one that sealed this database's secrets"


class MasterKey:
    """Seals and opens secrets. Shows nothing of itself."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes. Raises MasterKeyError for another length."""
        if len(key) != 32:
            raise MasterKeyError("the master key must be base64 of 32 bytes")
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "MasterKey(…)"

    @classmethod
    def from_text(cls, text: str) -> "MasterKey":
        """The key that base64 `text` stands for. Raises MasterKeyError, without the text."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise MasterKeyError("the master key must be base64 of 32 bytes") from None

    def seal_api_key(self, key: bytes, subscription_id: int, user_id: str) -> bytes:
        """An encryption key in stored form: random 96-bit nonce, then cipher text and tag."""
        return self._seal(key, _api_key_context(subscription_id, user_id))

    def open_api_key(self, sealed: bytes, subscription_id: int, user_id: str) -> bytes:
        """The encryption key. Raises MasterKeyError when it was sealed otherwise, or for another user."""
        return self._open(sealed, _api_key_context(subscription_id, user_id))

    def check_value(self) -> bytes:
        """What the database keeps to recognise this key again."""
        return self._seal(_CHECK_TEXT, _CHECK_CONTEXT)

    def fits(self, check_value: bytes) -> bool:
        """Whether this key made the check value."""
        try:
            return self._open(check_value, _CHECK_CONTEXT) == _CHECK_TEXT
        except MasterKeyError:
            return False

    def _seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def _open(self, sealed: bytes, context: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise MasterKeyError("a stored secret was not sealed with this master key") from None


def open_master_key(engine: Engine, url: str, environ: Mapping[str, str]) -> MasterKey:
    """The master key of a database, checked against it; the first use stores the check value.

    On SQLite, without a setting, a missing key file is made (mode 0600) beside a database that has
    no secrets yet. Raises MasterKeyError with what to do.
    """
    with reading(engine) as connection:
        stored = connection.execute(select(master_key_check.c.sealed)).scalar_one_or_none()
    key = _find_key(url, environ, may_make=stored is None)
    if stored is None:
        with writing(engine) as connection:
            lock_configuration(connection)
            stored = connection.execute(select(master_key_check.c.sealed)).scalar_one_or_none()
            if stored is None:
                stored = key.check_value()
                connection.execute(insert(master_key_check).values(id=1, sealed=stored))
    if not key.fits(stored):
        raise MasterKeyError(_WRONG_KEY)
    return key


def stored_master_key(engine: Engine, url: str, environ: Mapping[str, str]) -> MasterKey | None:
    """The master key, checked against the database, without making or storing one; None before the first use.

    Raises MasterKeyError with what to do, also before the first use on PostgreSQL.
    """
    with reading(engine) as connection:
        stored = connection.execute(select(master_key_check.c.sealed)).scalar_one_or_none()
    if stored is None and sqlite_path(url) is not None:
        return None
    key = _find_key(url, environ, may_make=False)
    if stored is None:
        return None
    if not key.fits(stored):
        raise MasterKeyError(_WRONG_KEY)
    return key


def key_file_beside(database: Path) -> Path:
    """Where the master key of an SQLite database lies when no setting names another place."""
    return database.with_name(database.name + ".master-key")


def master_key_place(url: str, environ: Mapping[str, str]) -> str:
    """Where the master key of a database is looked for, in words for an operator."""
    if environ.get("SYNCLEAD_MASTER_KEY"):
        return "the value of SYNCLEAD_MASTER_KEY"
    if name := environ.get("SYNCLEAD_MASTER_KEY_FILE"):
        return f"the file {name}"
    database = sqlite_path(url)
    return "SYNCLEAD_MASTER_KEY" if database is None else f"the file {key_file_beside(database)}"


def _find_key(url: str, environ: Mapping[str, str], *, may_make: bool) -> MasterKey:
    if text := environ.get("SYNCLEAD_MASTER_KEY"):
        return MasterKey.from_text(text)
    if name := environ.get("SYNCLEAD_MASTER_KEY_FILE"):
        return _read_key(Path(name))
    database = sqlite_path(url)
    if database is None:
        raise MasterKeyError("set SYNCLEAD_MASTER_KEY or SYNCLEAD_MASTER_KEY_FILE: base64 of 32 bytes")
    path = key_file_beside(database)
    if may_make and not path.exists():
        _make_key(path)
    return _read_key(path)


def _read_key(path: Path) -> MasterKey:
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not base64"
        raise MasterKeyError(f"the master key file {path} cannot be read: {reason}") from None
    return MasterKey.from_text(text)


def _make_key(path: Path) -> None:
    """Makes the file whole or not at all; of several processes the first one's key stays."""
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)


def _api_key_context(subscription_id: int, user_id: str) -> bytes:
    return f"api key\0{subscription_id}\0{user_id}".encode()
