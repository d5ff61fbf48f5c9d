"""Databases of either kind for the tests of faults, with the orchard declared, and their lock held by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from support.orchard import DECLARATION
from support.postgres import Postgres
from support.server import Server
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.engine import opened
from synclead.store.secrets import open_master_key
from synclead.store.upgrade import upgrade

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
KINDS = ("sqlite", "postgres")


def declare(url: str, declaration: str = DECLARATION) -> None:
    """What `synclead apply` does, without a process of its own."""
    upgrade(url)
    with opened(url) as engine:
        apply_declaration(engine, open_master_key(engine, url, KEY), read_declaration(declaration, {}))


def new_server(kind: str, postgres: Postgres, folder: Path, *options: str, declaration: str = DECLARATION) -> Server:
    """A server on a new database of a kind, not started."""
    url = postgres.new_database() if kind == "postgres" else f"sqlite:///{folder / 'leads.db'}"
    declare(url, declaration)
    return Server(folder, database_url=url, environment=KEY, options=options)


@contextmanager
def locked(url: str, subscription: int = 1) -> Iterator[None]:
    """Somebody else's session keeps the subscription (on SQLite: the database) locked for the length of a block."""
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as session:
            session.execute("SELECT 1 FROM counter WHERE subscription_id = %s FOR UPDATE", (subscription,))
            yield
