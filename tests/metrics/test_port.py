"""`--metrics-port`: its clients have an end, and a browser's page is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.raw import connect, exchange
from synclead.metrics import port as module
from synclead.metrics.board import Board
from synclead.metrics.port import MetricsPort


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """One on loopback, whose clients have half a second."""
    monkeypatch.setattr(module, "_CLIENT_SECONDS", 0.5)
    opened = MetricsPort("127.0.0.1", 0, Board())
    yield opened._server.server_port
    opened.close()


def ask(port: int, host: str = "localhost") -> bytes:
    """The answer to a request for the metrics."""
    return exchange(port, f"GET /metrics HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())


def test_metrics_are_shown_to_this_machine(port: int) -> None:
    """By its names, and not by that of a page."""
    assert b" 200 OK" in ask(port)
    assert b" 200 OK" in ask(port, "127.0.0.1:9100")
    assert b" 403 Forbidden" in ask(port, "attacker.example")


def test_a_port_for_others_has_any_name() -> None:
    """Where it listens beyond loopback, those who watch know it by names of their own."""
    opened = MetricsPort("0.0.0.0", 0, Board())
    try:
        assert b" 200 OK" in ask(opened._server.server_port, "synclead.internal:9100")
    finally:
        opened.close()


def test_a_client_that_trickles_is_cut_off(port: int) -> None:
    """One that never ends its request is closed in time, however often it sends something."""
    with connect(port) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\nX: ")
        connection.settimeout(0.05)
        closed = False
        for _ in range(200):
            try:
                connection.sendall(b"x")
                closed = connection.recv(1000) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
            if closed:
                break
        assert closed


def test_clients_have_a_number(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it they are closed at once; when the silent ones are gone there is room again."""
    monkeypatch.setattr(module, "_CLIENT_SECONDS", 10.0)
    with ExitStack() as stack:
        for _ in range(module._AT_ONCE):
            stack.enter_context(connect(port)).sendall(b"GET ")
        assert _answered(port) == b""
    for _ in range(200):
        if answered := _answered(port):
            break
    assert b" 200 OK" in answered


def _answered(port: int) -> bytes:
    try:
        return ask(port)
    except OSError:
        return b""
