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

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
KINDS = ("sqlite", "postgres")


def new_server(kind: str, postgres: Postgres, folder: Path, *options: str, declaration: str = DECLARATION) -> Server:
    """A server on a new database of a kind, not started."""
    url = postgres.new_database() if kind == "postgres" else f"sqlite:///{folder / 'leads.db'}"
    server = Server(folder, database_url=url, environment=KEY, options=options)
    server.apply(declaration)
    return server


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
