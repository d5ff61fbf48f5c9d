"""The short way into `serve`: past Typer, and to the same settings."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command import run_here
from synclead.cli.serving import plain_options
from synclead.settings import Settings, read_settings, switches

VALUES = {
    "host": "127.0.0.2",
    "database_url": "sqlite:///other.db",
    "metrics_host": "127.0.0.3",
    "apply": "file.toml",
    "clock": "2026-01-31T12:00:00Z",
    "public_url": "https://leads.example.com",
    "trusted_proxies": "10.0.0.1,10.1.0.0/16",
    "tls_cert_file": "cert.pem",
    "tls_key_file": "key.pem",
    "log_level": "debug",
    "shutdown_timeout": "7",
    "depth_limit": "77",
    "element_limit": "777",
    "xml_attribute_limit": "778",
    "authentication_limit": "99",
    "workers": "2",
}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What `serve` was called with by Typer's way, in place of serving."""
    found: list[Settings] = []

    def serve_with(options: Any) -> int:
        found.append(read_settings({name: value for name, value in options.items() if value is not None}))
        return 0

    monkeypatch.setattr("synclead.cli.serving.serve_with", serve_with)
    return found


@pytest.mark.parametrize("joined", [True, False])
def test_both_ways_read_every_option_alike(served: list[Settings], tmp_path: Path, joined: bool) -> None:
    """Whether a value stands behind `=` or is the next word; of two the last counts."""
    words = ["--port=1", "--port", "2"]
    for name, is_switch in switches().items():
        option = f"--{name.replace('_', '-')}"
        value = VALUES.get(name, "5.5" if Settings.__annotations__[name] == "_Seconds" else "8")
        words += [option] if is_switch else [f"{option}={value}"] if joined else [option, value]
    ran = run_here("serve", *words, environment={}, directory=tmp_path)
    assert (ran.code, len(served)) == (0, 1), ran.err
    options = plain_options(words)
    assert options is not None
    assert read_settings(options) == served[0]
    default = Settings()
    assert [name for name in switches() if getattr(served[0], name) == getattr(default, name)] == []


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["--nonsense"],
        ["word"],
        ["--"],
        ["--port"],
        ["--port", "--demo"],
        ["--port", "many"],
        ["--port", "70000"],
        ["--port", "-1"],
        ["--demo=yes"],
        ["--no-demo"],
        ["--host", "\udcff"],
        ["--host=lücke"],
        ["--log-level", "loud"],
    ],
)
def test_everything_else_is_for_typer(words: list[str]) -> None:
    """Help, mistakes and rare letters are not looked at here."""
    assert plain_options(words) is None
    assert plain_options([]) == {}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["serve", "--host", "0.0.0.0"], 1, "--insecure-http"),
        (["serve", "--port", "many"], 2, "--port"),
        (["--version"], 0, ""),
    ],
)
def test_the_way_in_ends_as_the_command_line_does(tmp_path: Path, words: list[str], code: int, text: str) -> None:
    """Refused is 1 and one sentence, wrong usage is 2."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCLEAD_")}
    ran = subprocess.run(
        [sys.executable, "-m", "synclead", *words], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, text in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr


def test_serving_loads_no_command_line(tmp_path: Path) -> None:
    """Nor what only other databases, other commands and who watches need."""
    code = (
        "import sys, synclead.cli.serving, synclead.server, uvicorn.protocols.http.httptools_impl; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    slow = {"typer", "pydantic", "alembic", "psycopg", "sqlalchemy.dialects.postgresql", "prometheus_client"}
    assert slow & set(loaded) == set()
