"""Puts a new master key in the place of the one in use, while servers run: `synclead secrets rotate`.

First every process knows both keys, then one transaction seals everything anew, then the old one is taken out. So
there is no moment, and no crash, at which what is stored opens with no key that the operator has.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, select, update

from synclead.store.engine import lock_configuration, writing
from synclead.store.errors import MasterKeyError
from synclead.store.master_keys import (
    MasterKeys,
    configured_keys,
    key_texts,
    master_key_place,
    open_master_keys,
    own_key_file,
)
from synclead.store.schema import api_key, master_key_check
from synclead.store.secrets import new_key_text


@dataclass(frozen=True, slots=True)
class Rotation:
    """What `rotate` came to."""

    sealed: int
    """How many encryption keys were sealed anew; 0 also where the newest master key was in use already."""
    place: str
    """Where the master keys stand, in words."""
    own_file: bool
    """Whether that is the file beside an SQLite database, into which the new key was written."""


def rotate(engine: Engine, url: str, environ: Mapping[str, str]) -> Rotation:
    """Seals every stored secret with the newest master key, in one transaction, under the configuration's lock.

    In the file beside an SQLite database the new key is made here, before anything is sealed with it; everywhere
    else the operator has put it before the old one. Raises MasterKeyError, with nothing sealed anew, where there is
    no newer key or a stored key opens with none of them.
    """
    open_master_keys(engine, url, environ)  # stores the check value of a new database
    own = own_key_file(url, environ)
    with writing(engine) as connection:
        lock_configuration(connection)
        keys = configured_keys(url, environ)
        if own is not None and keys.in_use(connection) is keys.newest:
            _put_first(own, [new_key_text(), *key_texts(url, environ)])
            keys = configured_keys(url, environ)
        in_use, place = keys.in_use(connection), master_key_place(url, environ)
        if in_use is not keys.newest:
            return Rotation(_seal_anew(connection, keys), place, own is not None)
        if len(keys) == 1:
            raise MasterKeyError(
                f"there is no new master key in {place}: put one before the old one, a space or a line between, "
                "on every server first"
            )
        return Rotation(0, place, False)


def _seal_anew(connection: Connection, keys: MasterKeys) -> int:
    rows = connection.execute(select(api_key)).all()
    sealed = [
        {"subscription": row.subscription_id, "user": row.user_id, "place": row.slot, "anew": anew}
        for row, anew in zip(rows, _anew(keys, rows), strict=True)
    ]
    if sealed:
        connection.execute(
            update(api_key)
            .where(
                api_key.c.subscription_id == bindparam("subscription"),
                api_key.c.user_id == bindparam("user"),
                api_key.c.slot == bindparam("place"),
            )
            .values(sealed=bindparam("anew")),
            sealed,
        )
    connection.execute(update(master_key_check).values(sealed=keys.newest.check_value()))
    return len(sealed)


def _anew(keys: MasterKeys, rows: Sequence[Row[Any]]) -> list[bytes]:
    """Each row's encryption key, sealed with the newest master key."""
    sealed, lost = [], []
    for row in rows:
        try:
            plain = keys.open_api_key(row.sealed, row.subscription_id, row.user_id)
        except MasterKeyError:
            lost.append(row.user_id)
        else:
            sealed.append(keys.newest.seal_api_key(plain, row.subscription_id, row.user_id))
    if lost:
        raise MasterKeyError(
            f"the encryption key of API user {', '.join(lost)} opens with no master key in use: "
            "apply its declaration anew, then rotate again"
        )
    return sealed


def _put_first(path: Path, texts: Sequence[str]) -> None:
    """Writes the key file anew, whole or not at all, for the same owner; returns when it is on the disk.

    Raises MasterKeyError. The caller keeps others out.
    """
    path = path.resolve()
    unfinished = path.with_name(path.name + ".new")
    try:
        before = path.stat()
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
            # A server of another account than the operator's must still be able to read it.
            os.fchown(handle, before.st_uid, before.st_gid)
            file.writelines(f"{text}\n" for text in texts)
            file.flush()
            os.fsync(handle)
        unfinished.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise MasterKeyError(
            f"the new master key cannot be written to {path}: {error.strerror}; run the command as the file's owner"
        ) from error


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
