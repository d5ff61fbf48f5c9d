"""Everything a start depends on, looked at without writing: `synclead doctor`."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from synclead.leads.keys import MAX_LEAD_ID
from synclead.store import schema
from synclead.store.durability import check_durability
from synclead.store.engine import opened, reading, sqlite_path
from synclead.store.errors import MasterKeyError, StoreError
from synclead.store.master_keys import MasterKeys, stored_master_keys
from synclead.store.serve_lock import check_names, is_served
from synclead.store.sqlite import SqliteDatabase
from synclead.store.sqlite_files import open_to_others
from synclead.store.subscriptions import read_subscription
from synclead.store.upgrade import check

FEW_IDS = 1_000_000
LITTLE_SPACE = 256 * 1024 * 1024
"""Bytes: the write-ahead log of a busy server may grow to that before it is taken back."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: in order, or what to do."""

    ok: bool
    text: str


def examine(url: str, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each check's finding, as it is found; those that cannot be made after a failure are left out.

    Raises StoreError for a URL of neither database, and DBAPIError when the database goes away meanwhile.
    """
    path = sqlite_path(url)
    try:
        if path is not None:
            check_names(path)
        check(url)
    except StoreError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, "the database is reachable, is synclead's, and has the current schema")
    with opened(url) as engine:
        yield _durability(engine, path)
        keys, finding = _master_keys(engine, url, environ)
        yield finding
        yield from _subscriptions(engine)
        if keys is not None:
            yield from _sealed_keys(engine, keys)
    if path is not None:
        served = is_served(path)
        yield Finding(True, f"a process serves {path} now" if served else f"no process serves {path} now")
        yield _modes(path)
        yield _space(path)


def _durability(engine: Engine, path: Path | None) -> Finding:
    if path is None:
        try:
            check_durability(engine)
        except StoreError as error:
            return Finding(False, str(error))
        return Finding(True, "PostgreSQL has fsync and synchronous_commit on")
    with reading(engine) as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode != "wal":
        # The writer's connection would change it.
        return Finding(False, f"the file has journal mode {mode} instead of WAL: start `synclead serve`, it sets it")
    level = asyncio.run(_writers_level(path))
    if level != 2:
        return Finding(False, f"the writer has synchronous = {level} instead of FULL: install synclead anew")
    return Finding(True, "the writer has WAL and synchronous = FULL")


async def _writers_level(path: Path) -> object:
    database = SqliteDatabase(path)
    try:
        return await database.pragma("synchronous")
    finally:
        await database.close()


def _master_keys(engine: Engine, url: str, environ: Mapping[str, str]) -> tuple[MasterKeys | None, Finding]:
    try:
        keys = stored_master_keys(engine, url, environ)
    except MasterKeyError as error:
        return None, Finding(False, str(error))
    if keys is None:
        return None, Finding(True, "no secret is stored yet, and the first one decides the master key")
    with reading(engine) as connection:
        newest_in_use = keys.in_use(connection) is keys.newest
    if not newest_in_use:
        return keys, Finding(True, "a newer master key stands before the one in use: run `synclead secrets rotate`")
    return keys, Finding(True, "the master key is the one that sealed the stored secrets")


def _subscriptions(engine: Engine) -> Iterator[Finding]:
    own, counter = schema.subscription.c, schema.counter.c
    with reading(engine) as connection:
        joined = select(own.id, own.name, counter.next_lead_id).outerjoin_from(
            schema.subscription, schema.counter, own.id == counter.subscription_id
        )
        rows = connection.execute(joined.order_by(own.id)).all()
        if not rows:
            yield Finding(False, "there is no subscription: declare one with `synclead apply FILE.toml`")
        for subscription_id, name, next_id in rows:
            try:
                found = read_subscription(connection, subscription_id)
            except (ValueError, LookupError) as error:
                yield Finding(False, f"subscription {name} is not served, apply its declaration anew: {error}")
                continue
            if found is None:
                yield Finding(False, f"subscription {name} has no counter row: restore a backup")
                continue
            left = MAX_LEAD_ID - next_id + 1
            if left < FEW_IDS:
                yield Finding(False, f"subscription {name} has {left} lead Ids left: declare another one for new leads")
            else:
                yield Finding(True, f"subscription {name} is readable and has {left} lead Ids left")


def _sealed_keys(engine: Engine, keys: MasterKeys) -> Iterator[Finding]:
    with reading(engine) as connection:
        rows = connection.execute(select(schema.api_key).order_by(schema.api_key.c.user_id)).all()
    for row in rows:
        try:
            keys.open_api_key(row.sealed, row.subscription_id, row.user_id)
        except MasterKeyError as error:
            yield Finding(False, f"API user {row.user_id} cannot sign in, apply its key anew: {error}")


def _modes(path: Path) -> Finding:
    others = open_to_others(path)
    if others:
        return Finding(False, f"other accounts may read leads in {', '.join(others)}: run chmod 600 on them")
    return Finding(True, f"no other account may read {path}")


def _space(path: Path) -> Finding:
    free = shutil.disk_usage(path.absolute().parent).free
    words = f"{free // 1024**2} MiB are free beside {path}"
    return Finding(True, words) if free >= LITTLE_SPACE else Finding(False, f"only {words}: make room")
