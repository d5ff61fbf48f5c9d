"""Leads that are there before the first call: set-based SQL in the real schema, as calls would have left them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import psycopg

from bench.call import VALUES

_FOLDER = Path(__file__).with_name("sql")
_AT = 1_700_000_000_000_000
"""Microseconds since 1970: they were made and last changed then."""


def seed_peer(url: str, count: int) -> None:
    """Puts leads into a database with the peers' schema."""
    _run_postgres(url, (_FOLDER / "seed_peer.sql").read_text(encoding="utf-8").format(count=count))


def seed_synclead(url: str, count: int, subscription: int = 1) -> None:
    """Puts leads into a database of synclead that has a subscription and no leads."""
    if not count:
        return
    kind = "sqlite" if url.startswith("sqlite:") else "postgres"
    text = (_FOLDER / f"seed_{kind}.sql").read_text(encoding="utf-8")
    statements = text.format(
        count=count,
        subscription=subscription,
        at=_AT,
        values=_literal(VALUES | {"LeadScore": "0"}),
        attributes=_literal({"Source": "Web service API", "Reason": "step 6, none; partition by the one partition"}),
    )
    if kind == "postgres":
        _run_postgres(url, statements)
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        connection.execute("PRAGMA cache_size = -1000000")  # a gigabyte: the Emails' index is filled in no order
        connection.executescript(statements)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _run_postgres(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def _literal(value: dict[str, str]) -> str:
    return "'" + json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "'"
