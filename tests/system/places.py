"""Databases of either kind for the tests of faults, with the orchard declared."""

from __future__ import annotations

from pathlib import Path

from support.orchard import DECLARATION
from support.postgres import Postgres
from support.server import Server
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.engine import opened
from synclead.store.master_keys import open_master_keys
from synclead.store.upgrade import upgrade

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
KINDS = ("sqlite", "postgres")


def declare(url: str, declaration: str = DECLARATION) -> None:
    """What `synclead apply` does, without a process of its own."""
    upgrade(url)
    with opened(url) as engine:
        apply_declaration(engine, open_master_keys(engine, url, KEY), read_declaration(declaration, {}))


def new_server(kind: str, postgres: Postgres, folder: Path, *options: str, declaration: str = DECLARATION) -> Server:
    """A server on a new database of a kind, not started."""
    url = postgres.new_database() if kind == "postgres" else f"sqlite:///{folder / 'leads.db'}"
    declare(url, declaration)
    return Server(folder, database_url=url, environment=KEY, options=options)
