"""The application records its calls in its own database, and serves whatever becomes of that."""

from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from support.envelopes import Answer, Call, Credentials, envelope, read_answer
from support.postgres import Postgres
from synclead.app import create_app, open_store
from synclead.settings import load_settings
from synclead.store import schema
from synclead.store.engine import opened, reading, sqlite_path, writing
from synclead.store.request_log import Entry, read_log

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/leads.db"
    monkeypatch.setenv("SYNCLEAD_MASTER_KEY", MASTER_KEY)
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def serving(url: str, **options: Any) -> TestClient:
    settings = load_settings(database_url=url, demo=True, **options)
    return TestClient(create_app(settings, open_store(settings)))


def sync(client: TestClient, call: Call) -> Answer:
    response = client.post("/soap/mktows/2_7", content=envelope(call, DEMO))
    return read_answer(response.status_code, response.content)


def entries(url: str) -> list[Entry]:
    with opened(url) as engine, reading(engine) as connection:
        (subscription_id,) = connection.execute(select(schema.subscription.c.id)).scalars().all()
        return read_log(connection, subscription_id, limit=100)


def until(url: str, count: int) -> list[Entry]:
    """The entries, as soon as there are so many."""
    deadline = monotonic() + 15
    while True:
        found = entries(url)
        if len(found) >= count:
            return found
        assert monotonic() < deadline, found
        sleep(0.05)  # between two looks


def outcomes(found: list[Entry]) -> list[Any]:
    return [entry.document["outcome"] for entry in found]


def test_calls_are_seen_while_the_server_runs(url: str) -> None:
    """Successes with their lead, faults with what was asked, unknown callers; nothing of them has a value."""
    with serving(url) as client:
        made = sync(client, Call(email="peter@t.com", attributes=(("FirstName", "Peter"),)))
        sync(client, Call(email="peter@t.com", attributes=(("Pants", "corduroy"),)))
        client.post("/soap/mktows/2_7", content=b"no XML")
        found = until(url, 3)

    assert outcomes(found) == ["CREATED", 20105, 20012]
    assert [entry.lead_id for entry in found] == [made.lead_id, None, None]
    assert [entry.subscription for entry in found] == ["Demo", "Demo", None]
    assert "<attrName>Pants</attrName>" in found[1].document["asked"]
    for value in ("peter@t.com", "Peter", "corduroy", DEMO.key):
        assert value not in repr(found)


def test_settings_decide_and_the_end_writes_what_is_left(url: str) -> None:
    """Of each kind the last ones, with values where the operator chose it; a server that stops in order loses none."""
    with serving(url, recorded_successes=28, recorded_faults=1, show_values=True) as client:
        for number in range(30):
            sync(client, Call(email=f"t{number}@t.com"))
        for email in ("a b", "no address"):
            sync(client, Call(email=email))

    found = entries(url)
    assert sorted(map(str, outcomes(found))) == ["20110", *["CREATED"] * 28]
    (fault,) = (entry for entry in found if entry.failed)
    assert "'no address' has a blank in it" in fault.document["message"]
    assert "<Email>no address</Email>" in fault.document["asked"]


@pytest.mark.long
def test_a_locked_log_disturbs_no_call(url: str) -> None:
    """Calls are answered meanwhile, and seen when it is free. On SQLite the lock is the whole database's, so that
    only calls that need no lead are answered."""
    is_sqlite = sqlite_path(url) is not None
    with serving(url) as client:
        sync(client, Call(email="t@t.com"))
        until(url, 1)
        with opened(url) as engine, writing(engine) as connection:
            if not is_sqlite:
                connection.execute(text("LOCK TABLE request_log IN EXCLUSIVE MODE"))
            for _ in range(3):
                began = monotonic()
                if is_sqlite:
                    client.post("/soap/mktows/2_7", content=b"no XML")
                else:
                    assert sync(client, Call(email="t@t.com")).status == "UPDATED"
                assert monotonic() - began < 5
            assert len(entries(url)) == 1
        assert len(until(url, 4)) == 4


@pytest.mark.long
def test_a_log_that_cannot_be_written_disturbs_no_call(url: str) -> None:
    """Neither calls nor the end of the server."""
    with serving(url) as client:
        with opened(url) as engine, writing(engine) as connection:
            connection.execute(text("DROP TABLE request_log"))
        assert [sync(client, Call(email="t@t.com")).status for _ in range(3)] == ["CREATED", "UPDATED", "UPDATED"]
        assert client.get("/readyz").status_code == 200
