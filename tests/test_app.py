"""The application in one process: its pages, its store, and what a demo opens."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from support.envelopes import Answer, Call, Credentials, envelope, read_answer, w3c_now
from synclead.app import create_app, open_store
from synclead.settings import load_settings
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.errors import AlreadyServedError, DatabaseUnavailableError, StoreError
from synclead.store.master_keys import open_master_keys
from synclead.store.writer import Writer

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
PATH = "/soap/mktows/2_7"


def _client(directory: Path, **options: Any) -> TestClient:
    settings = load_settings(database_url=f"sqlite:///{directory}/leads.db", **options)
    return TestClient(create_app(settings, open_store(settings)), base_url="http://leads.example.com")


def _sync(client: TestClient, call: Call) -> Answer:
    response = client.post(PATH, content=envelope(call, DEMO))
    return read_answer(response.status_code, response.content)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a running demo."""
    with _client(tmp_path, demo=True) as running:
        yield running


def test_pages_say_where_the_soap_path_is(client: TestClient) -> None:
    """Whoever opens the server in a browser learns where to point a client."""
    assert f"http://leads.example.com{PATH}\n" in client.get("/?x=1").text
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    assert client.get("/nothing").status_code == 404
    assert client.post("/readyz").status_code == 405


def test_readiness_follows_the_writer(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing can be written, 503 without the reason; the process is alive all the same."""
    monkeypatch.setattr(Writer, "ready", property(lambda self: False))
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (503, "not ready\n")
    assert client.get("/healthz").status_code == 200


def test_leads_outlast_a_restart(tmp_path: Path) -> None:
    """The document's call works on a fresh demo, and again after a restart, on the same lead."""
    call = Call(email="t@t.com", attributes=(("FirstName", "George"),))
    with _client(tmp_path, demo=True) as running:
        first = _sync(running, call)
        second = _sync(running, call)
    with _client(tmp_path, demo=True) as running:
        third = _sync(running, call)
    assert [first.status, second.status, third.status] == ["CREATED", "UPDATED", "UPDATED"]
    assert first.lead_id == second.lead_id == third.lead_id


def test_the_demo_user_is_let_in_by_a_demo_alone(tmp_path: Path) -> None:
    """A database that a demo left behind does not open to the published key."""
    with _client(tmp_path, demo=True) as running:
        assert _sync(running, Call(email="t@t.com")).status == "CREATED"
    with _client(tmp_path) as running:
        assert _sync(running, Call(email="t@t.com")).fault_string == "20014 - Authentication failed"


def test_limits_of_the_settings_are_kept(tmp_path: Path) -> None:
    """Each limit that can be set is the one that counts."""
    with _client(tmp_path, demo=True, body_limit=5000, value_limit=10, attribute_limit=2) as running:
        name = (("FirstName", "x" * 11),)
        assert _sync(running, Call(email="t@t.com", attributes=name)).fault_code == "20110"
        three = tuple((name, "x") for name in ("FirstName", "LastName", "Company"))
        assert _sync(running, Call(email="t@t.com", attributes=three)).fault_code == "20110"
        assert running.post(PATH, content=b"x" * 5001).status_code == 413
    with _client(tmp_path, demo=True, timestamp_window=60) as running:
        old = envelope(Call(email="t@t.com"), DEMO, "2024-05-01T07:30:00Z")
        assert read_answer(500, running.post(PATH, content=old).content).fault_code == "20016"
    for limit, status in ((128, 200), (64, 500)):
        long = envelope(Call(email="t@t.com"), DEMO, w3c_now() + " " * 60)
        with _client(tmp_path, demo=True, authentication_limit=limit) as running:
            assert running.post(PATH, content=long).status_code == status


def test_one_process_at_a_time_serves_a_file(tmp_path: Path) -> None:
    """The second is told; after the first is closed it may."""
    with _client(tmp_path), pytest.raises(AlreadyServedError, match=r"leads\.db"):
        _client(tmp_path)
    with _client(tmp_path) as running:
        assert running.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("sqlite:///no-such-folder/leads.db", DatabaseUnavailableError),
        ("postgresql://u@/leads?host=/nowhere", DatabaseUnavailableError),
        ("mysql://localhost/leads", StoreError),
    ],
)
def test_databases_that_cannot_be_served_from_are_refused(url: str, error: type[StoreError]) -> None:
    """A refusal is one sentence and leaves nothing open."""
    with pytest.raises(error) as caught:
        open_store(load_settings(database_url=url))
    assert "\n" not in str(caught.value)


def test_a_store_that_fails_to_open_can_be_opened_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a start that failed is not kept."""
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/leads.db")
    monkeypatch.setenv("SYNCLEAD_MASTER_KEY", "no key at all")
    with pytest.raises(StoreError, match="master key"):
        open_store(settings)
    monkeypatch.delenv("SYNCLEAD_MASTER_KEY")
    with TestClient(create_app(settings, open_store(settings))) as running:
        assert running.get("/readyz").status_code == 200


def test_collections_are_rare_while_serving(tmp_path: Path) -> None:
    """What was loaded at start is not looked at again; afterwards the process is as before."""
    before = gc.get_threshold()
    with _client(tmp_path):
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_declared_limits_of_calls_are_kept(tmp_path: Path) -> None:
    """A call beyond the declared limit of a day writes nothing; a restart begins the count anew."""
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/leads.db")
    bob = Credentials("bob_1", "a key of bob")
    declared = (
        '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'
        f'api_users = [{{ id = "{bob.user}", encryption_key = "{bob.key}" }}]\nlimits = {{ calls_per_day = 2 }}\n'
    )

    def statuses(running: TestClient) -> list[str | None]:
        responses = [running.post(PATH, content=envelope(Call(email=f"{number}@t.com"), bob)) for number in range(3)]
        answers = [read_answer(response.status_code, response.content) for response in responses]
        return [answer.status or answer.fault_string for answer in answers]

    store = open_store(settings)
    keys = open_master_keys(store.engine, settings.database, {})
    apply_declaration(store.engine, keys, read_declaration(declared, {}))
    refused = "20015 - Request limit exceeded"
    with TestClient(create_app(settings, store)) as running:
        assert statuses(running) == ["CREATED", "CREATED", refused]
    with TestClient(create_app(settings, open_store(settings))) as running:
        assert statuses(running) == ["UPDATED", "UPDATED", refused]
