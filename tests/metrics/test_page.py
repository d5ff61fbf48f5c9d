"""Who may read `/metrics` on the serving port, and how it is written."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from support.metrics import read
from synclead.app import create_app, open_store
from synclead.settings import load_settings


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """An application on an empty database."""
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/leads.db")
    return create_app(settings, open_store(settings))


@pytest.mark.parametrize(
    ("peer", "header", "status"),
    [
        ("127.0.0.1", None, 200),
        ("::1", None, 200),
        ("::ffff:127.0.0.1", None, 200),
        ("10.0.0.5", None, 403),
        ("localhost.example.com", None, 403),
        ("127.0.0.1", "X-Forwarded-For", 403),
        ("127.0.0.1", "X-Real-IP", 403),
        ("127.0.0.1", "Forwarded", 403),
        ("127.0.0.1", "Via", 403),
    ],
)
def test_this_machine_alone_reads_metrics(app: Any, peer: str, header: str | None, status: int) -> None:
    """A proxy on this machine forwards strangers; whoever is refused learns the way."""
    with TestClient(app, client=(peer, 40000)) as client:
        answer = client.get("/metrics", headers={header: "127.0.0.1"} if header else {})
    assert answer.status_code == status
    if status == 403:
        assert answer.text == "Metrics are shown to this machine alone. For others, serve with --metrics-port.\n"


def test_openmetrics_is_written_where_it_is_asked_for(app: Any) -> None:
    """Else the older text; both say the same."""
    with TestClient(app, client=("127.0.0.1", 40000)) as client:
        newer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        older = client.get("/metrics")
    assert newer.headers["content-type"].startswith("application/openmetrics-text")
    assert newer.text.endswith("# EOF\n")
    assert older.headers["content-type"].startswith("text/plain")
    assert read(older.text)["synclead_ready"] == 1


def test_reading_alone_is_answered(app: Any) -> None:
    """Nothing is changed by way of metrics."""
    with TestClient(app, client=("127.0.0.1", 40000)) as client:
        assert client.post("/metrics").status_code == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:1", 200),
        ("127.8.9.1", 200),
        ("[::1]:8080", 200),
        ("localhost.", 200),
        ("10.1.2.3:8080", 200),  # the address that the request came to
        ("10.1.2.4", 403),
        ("attacker.example", 403),
        ("localhost.attacker.example:8080", 403),
        ("127.0.0.1.attacker.example", 403),
    ],
)
def test_a_page_with_a_name_of_its_own_reads_nothing(app: Any, host: str, status: int) -> None:
    """A name of a stranger can lead to this machine, and a browser on it then asks under that name."""
    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "root_path": "",
                 "headers": [(b"host", host.encode())], "client": ("127.0.0.1", 1), "server": ("10.1.2.3", 8080)}  # fmt: skip
        await app(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == status
