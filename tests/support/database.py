"""What servers keep, read from either database by nothing of ours: the standard library, or psycopg alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from support.server import Server

TABLES = ("counter", "lead", "foreign_id", "cookie", "visitor", "activity", "field")

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Gives the rows of a statement that both databases understand."""


@dataclass(frozen=True)
class StoredLead:
    """A lead with the types of its activities in the order of their ids."""

    id: int
    email: str | None
    values: Mapping[str, str]
    foreign_ids: tuple[str, ...]
    cookies: tuple[str, ...]
    activities: tuple[str, ...]


@contextmanager
def reading(server: Server) -> Iterator[Ask]:
    """The server's database as it is at one moment, also while servers write."""
    with reading_at(server.database_url) as ask:
        yield ask


@contextmanager
def reading_at(url: str) -> Iterator[Ask]:
    """The same of the database of a URL."""
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(f"file:{_file(url)}?mode=ro", uri=True, timeout=30)) as file:
            file.execute("BEGIN")
            yield lambda statement: file.execute(statement).fetchall()
        return
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield lambda statement: connection.execute(statement.encode()).fetchall()


@contextmanager
def locked(server: Server, subscription: int | None = None) -> Iterator[None]:
    """Another writer has every subscription, or on PostgreSQL only the one named, for the length of the block."""
    if server.is_sqlite:
        with closing(sqlite3.connect(_file(server.database_url), isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(server.database_url) as connection:
        one = "" if subscription is None else f"WHERE subscription_id = {subscription:d}"
        connection.execute(f"SELECT 1 FROM counter {one} FOR UPDATE".encode())
        yield
        connection.rollback()


def contents(server: Server) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that calls can change."""
    with reading(server) as ask:
        return {table: ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}


def leads(server: Server) -> dict[int, StoredLead]:
    """Every lead by its Id, of all subscriptions."""
    return leads_at(server.database_url)


def leads_at(url: str) -> dict[int, StoredLead]:
    """The same of the database of a URL."""
    with reading_at(url) as ask:
        foreign = _grouped(ask("SELECT lead_id, id FROM foreign_id ORDER BY id"))
        cookies = _grouped(ask("SELECT lead_id, token FROM cookie ORDER BY token"))
        activities = _grouped(ask("SELECT lead_id, type FROM activity ORDER BY id"))
        rows = ask("SELECT id, email, CAST(field_values AS TEXT) FROM lead ORDER BY id")
    return {
        id: StoredLead(
            id,
            email,
            json.loads(values),
            tuple(foreign.get(id, ())),
            tuple(cookies.get(id, ())),
            tuple(activities.get(id, ())),
        )
        for id, email, values in rows
    }


def histories_at(url: str, field: str) -> dict[int, list[tuple[str, str]]]:
    """Old and new value of every change of a field by the leads' Ids, in the order of the activities."""
    kind = "type = 'Change Data Value'"
    with reading_at(url) as ask:
        rows = ask(f"SELECT lead_id, CAST(attributes AS TEXT) FROM activity WHERE {kind} ORDER BY id")
    found: dict[int, list[tuple[str, str]]] = {}
    for lead_id, text in rows:
        one = json.loads(text)
        if one["Attribute Name"] == field:
            found.setdefault(lead_id, []).append((one["Old Value"], one["New Value"]))
    return found


def changes_of(server: Server, lead_id: int, field: str) -> list[tuple[str, str]]:
    """Old and new value of every change of a field, in the order of the activities."""
    of_lead = f"lead_id = {lead_id:d} AND type = 'Change Data Value'"
    with reading(server) as ask:
        rows = ask(f"SELECT CAST(attributes AS TEXT) FROM activity WHERE {of_lead} ORDER BY id")
    found = [json.loads(text) for (text,) in rows]
    return [(one["Old Value"], one["New Value"]) for one in found if one["Attribute Name"] == field]


def intact(server: Server) -> str:
    """What a check of tables and indexes says; `ok` when nothing is wrong."""
    with reading(server) as ask:
        if server.is_sqlite:
            return str(ask("PRAGMA integrity_check")[0][0])
        broken = [table for table in TABLES if _sum(ask, table, "off", "on") != _sum(ask, table, "on", "off")]
    return ", ".join(broken) or "ok"


def _sum(ask: Ask, table: str, by_table: str, by_index: str) -> list[tuple[Any, ...]]:
    """One sum over all rows of a table of PostgreSQL, read as they lie or along the primary key's index."""
    ask(
        f"SELECT set_config('enable_seqscan', '{by_table}', true), set_config('enable_indexscan', '{by_index}', true),"
        f" set_config('enable_indexonlyscan', '{by_index}', true), set_config('enable_bitmapscan', '{by_index}', true)"
    )
    return ask(f"SELECT count(*), sum(hashtextextended({table}::text, 0)) FROM {table} WHERE subscription_id > 0")


def _file(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _grouped(rows: list[tuple[Any, ...]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for lead_id, text in rows:
        found.setdefault(lead_id, []).append(text)
    return found
