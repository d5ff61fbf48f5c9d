"""What a database holds of the leads that were acknowledged."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

import psycopg

from bench.errors import CellFailedError
from bench.verify import Stored

_SYNCLEAD_POSTGRES = """\
SELECT lead.email, lead.id, coalesce((lead.field_values ->> 'LeadScore')::bigint, -1)
FROM json_array_elements_text(%s::json) AS wanted (email)
JOIN lead ON lead.subscription_id = 1 AND lead.email_key = wanted.email"""
_SYNCLEAD_SQLITE = """\
SELECT lead.email, lead.id, coalesce(CAST(json_extract(lead.field_values, '$.LeadScore') AS INTEGER), -1)
FROM json_each(?) AS wanted
CROSS JOIN lead ON lead.subscription_id = 1 AND lead.email_key = wanted.value"""
_PEER = """\
SELECT lead.email, lead.id, coalesce((lead.attributes ->> 'LeadScore')::bigint, -1)
FROM json_array_elements_text(%s::json) AS wanted (email)
JOIN lead ON lead.email = wanted.email"""
_DOUBLES = "SELECT count(*) FROM (SELECT 1 FROM lead GROUP BY {email} HAVING count(*) > 1) AS doubled"


def stored_by_synclead(url: str, emails: Iterable[str]) -> Stored:
    """The leads of these Emails in a database of synclead."""
    wanted = json.dumps(sorted(set(emails)))
    if not url.startswith("sqlite:"):
        return _from_postgres(url, _SYNCLEAD_POSTGRES, wanted)
    connection = _open(url)
    try:
        return _by_email(connection.execute(_SYNCLEAD_SQLITE, (wanted,)).fetchall())
    finally:
        connection.close()


def stored_by_peer(url: str, emails: Iterable[str]) -> Stored:
    """The leads of these Emails in a database with the peers' schema."""
    return _from_postgres(url, _PEER, json.dumps(sorted(set(emails))))


def check_unique(url: str, email: str) -> None:
    """Raises CellFailedError where any two leads of the database have one Email, in the column named."""
    statement = _DOUBLES.format(email=email)
    if url.startswith("sqlite:"):
        connection = _open(url)
        try:
            (doubled,) = connection.execute(statement).fetchone()
        finally:
            connection.close()
    else:
        with psycopg.connect(url) as found:
            ((doubled,),) = found.execute(statement.encode()).fetchall()
    if doubled:
        raise CellFailedError(f"{doubled} Emails belong to more than one lead")


def _open(url: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)


def _from_postgres(url: str, statement: str, wanted: str) -> Stored:
    with psycopg.connect(url) as connection:
        connection.execute("SET enable_seqscan = off")
        return _by_email(connection.execute(statement.encode(), (wanted,)).fetchall())


def _by_email(rows: Iterable[tuple[str, int, int]]) -> Stored:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for email, lead, score in rows:
        found[email].append((lead, score))
    return found
