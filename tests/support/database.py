"""What a server keeps, read from its database by nothing but the driver."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from support.server import Server

TABLES = ("counter", "lead", "foreign_id", "cookie", "visitor", "activity", "field")


@dataclass(frozen=True)
class StoredLead:
    """A lead with the types of its activities in the order of their ids."""

    id: int
    email: str | None
    values: Mapping[str, str]
    foreign_ids: tuple[str, ...]
    cookies: tuple[str, ...]
    activities: tuple[str, ...]


def connect(server: Server) -> sqlite3.Connection:
    """A connection that reads only, also while the server runs."""
    return sqlite3.connect(f"file:{server.directory / 'leads.db'}?mode=ro", uri=True, timeout=30)


def contents(server: Server) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that calls can change."""
    with closing(connect(server)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


def leads(server: Server) -> dict[int, StoredLead]:
    """Every lead by its Id, of all subscriptions."""
    return leads_at(server.database_url)


def leads_at(url: str) -> dict[int, StoredLead]:
    """The same of the database of a URL, as of one moment."""
    with closing(_opened(url)) as connection:
        foreign = _grouped(connection, "SELECT lead_id, id FROM foreign_id ORDER BY id")
        cookies = _grouped(connection, "SELECT lead_id, token FROM cookie ORDER BY token")
        activities = _grouped(connection, "SELECT lead_id, type FROM activity ORDER BY id")
        rows = connection.execute("SELECT id, email, field_values FROM lead ORDER BY id").fetchall()
    return {
        id: StoredLead(
            id,
            email,
            _value(values),
            tuple(foreign.get(id, ())),
            tuple(cookies.get(id, ())),
            tuple(activities.get(id, ())),
        )
        for id, email, values in rows
    }


def histories_at(url: str, field: str) -> dict[int, list[tuple[str, str]]]:
    """Old and new value of every change of a field by the leads' Ids, in the order of the activities."""
    statement = "SELECT lead_id, attributes FROM activity WHERE type = 'Change Data Value' ORDER BY id"
    with closing(_opened(url)) as connection:
        rows = connection.execute(statement).fetchall()
    found: dict[int, list[tuple[str, str]]] = {}
    for lead_id, attributes in rows:
        one = _value(attributes)
        if one["Attribute Name"] == field:
            found.setdefault(lead_id, []).append((one["Old Value"], one["New Value"]))
    return found


def changes_of(server: Server, lead_id: int, field: str) -> list[tuple[str, str]]:
    """Old and new value of every change of a field, in the order of the activities."""
    statement = "SELECT attributes FROM activity WHERE lead_id = ? AND type = 'Change Data Value' ORDER BY id"
    with closing(connect(server)) as connection:
        found = [json.loads(text) for (text,) in connection.execute(statement, (lead_id,))]
    return [(one["Old Value"], one["New Value"]) for one in found if one["Attribute Name"] == field]


def intact(server: Server) -> str:
    """What SQLite's own check of the file says; `ok` when nothing is wrong."""
    with closing(connect(server)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def _opened(url: str) -> Any:
    """A connection in a transaction that reads as of one moment; both drivers have `execute`."""
    path = url.removeprefix("sqlite:///")
    if path != url:
        file = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        file.execute("BEGIN")
        return file
    connection = psycopg.connect(url)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def _value(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _grouped(connection: Any, statement: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for lead_id, text in connection.execute(statement):
        found.setdefault(lead_id, []).append(text)
    return found
