"""A database of the first schema, with rows in it, is brought to the current one and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from support.envelopes import Call, Credentials
from support.orchard import assert_no_defect
from support.postgres import Postgres
from support.server import Server
from synclead.store.engine import opened, reading, writing
from synclead.store.secrets import MasterKey
from synclead.store.upgrade import migrate

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
MASTER = MasterKey(bytes(range(32)))
ROWS = [
    "INSERT INTO subscription VALUES (1, 'Example Corp', '561-HYG-937', '[]', false, 'UTC', '{}', '{}', 1, false)",
    "INSERT INTO lead_partition VALUES (1, 'Default', 1)",
    "INSERT INTO workspace VALUES (1, 'Default', 'Default', 1)",
    "INSERT INTO counter VALUES (1, 8, 4, 4, 2, 1)",
    "INSERT INTO api_user VALUES ('bigcorp', 1, false, false)",
    "INSERT INTO api_key VALUES (1, 'bigcorp', 1, :api_key)",
    "INSERT INTO master_key_check VALUES (1, :check_value)",
    "INSERT INTO field VALUES (1, 'Pants', 'Pants', 'pants', 'Pants', 'string', false, NULL, false)",
    "INSERT INTO lead VALUES (1, 7, 'Default', 'T@t.com', 't@t.com', 3, 5, 6, '{\"Pants\": \"long\"}', NULL, NULL)",
    "INSERT INTO foreign_id VALUES (1, 'CUSTOM', 'X-1', 7, 1)",
    "INSERT INTO cookie VALUES (1, '_mch-e.com-1-1', 7, NULL)",
    "INSERT INTO visitor VALUES (1, 1, 7, 5, '{}')",
    "INSERT INTO activity VALUES (1, 1, 7, NULL, 'New Lead', 5, '{}')",
    "INSERT INTO group_commit VALUES (1, 'p', 3)",
    "INSERT INTO assignment_rule VALUES (1, 1, 'Default', '[]')",
]
TABLES = [row.split()[2] for row in ROWS]


@pytest.fixture(params=["sqlite", "postgres"])
def first_schema(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database as the first release made and filled it."""
    postgres: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    url = f"sqlite:///{tmp_path}/leads.db" if postgres is None else postgres.empty_database()
    sealed = {"api_key": MASTER.seal_api_key(b"k", 1, "bigcorp"), "check_value": MASTER.check_value()}
    with opened(url) as engine, writing(engine) as connection:
        migrate(connection, "0001")
        for row in ROWS:
            connection.execute(text(row), {name: value for name, value in sealed.items() if f":{name}" in row})
    return url


def test_a_first_schema_is_brought_up_to_date_with_its_rows(first_schema: str, tmp_path: Path) -> None:
    """Every table keeps its row, the API user's key opens, and a call finds the lead by each of its keys.

    `serve` does it by itself on SQLite, on PostgreSQL `db upgrade` before it.
    """
    server = Server(tmp_path, database_url=first_schema, environment=KEY)
    calls = [
        Call(email="t@T.com"),
        Call(foreign_id="X-1"),
        Call(cookie="_mch-e.com-1-1"),
        Call(email="new@t.com"),
    ]
    if not server.is_sqlite:
        assert server.command_here("db", "upgrade").code == 0
    try:
        server.start()
        with opened(first_schema) as engine, reading(engine) as connection:
            counts = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in TABLES}
        with server.caller(Credentials("bigcorp", "k")) as caller:
            answers = [caller.sync(call) for call in calls]
        assert server.stop() == 0
    finally:
        server.close()
    assert counts == dict.fromkeys(TABLES, 1)
    assert [(answer.status, answer.lead_id) for answer in answers] == [("UPDATED", 7)] * 3 + [("CREATED", 8)]
    assert answers[0].record is not None
    assert answers[0].record.values["Pants"] == "long"
    assert_no_defect(server)
