"""The unit file that docs/production.md shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.server import PROGRAM
from support.tools import needs
from synclead.app import CLOSING_SECONDS
from synclead.protocol import TOLD
from synclead.settings import load_settings

UNIT = Path(__file__).parents[2] / "deploy" / "synclead.service"


def value(name: str) -> str:
    """What the unit sets once."""
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


@needs("systemd-analyze")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """Its own check has nothing to say, with the program in its place."""
    unit = tmp_path / "synclead.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/synclead/.venv/bin/synclead", PROGRAM))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "synclead.service" not in checked.stderr


def test_serve_knows_every_option_of_the_unit() -> None:
    """What the unit starts is a command that can be read."""
    program, command, *words = value("ExecStart").split()
    assert (Path(program).name, command) == ("synclead", "serve")
    shown = subprocess.run(
        [PROGRAM, "serve", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    ).stdout
    options = [word for word in words if word.startswith("--")]
    assert options
    for option in options:
        assert re.search(rf"{option}\b", shown), option


def test_the_unit_keeps_what_the_server_promises() -> None:
    """Time for a stop in order, files for every connection, a start again when the database comes later."""
    settings = load_settings()
    assert settings.shutdown_timeout + CLOSING_SECONDS < 20 < int(value("TimeoutStopSec"))
    assert int(value("LimitNOFILE")) > settings.connection_limit + TOLD + 64
    assert value("Restart") == "on-failure"
    assert value("RestartPreventExitStatus") == "2"


@pytest.mark.parametrize("secret", ["SYNCLEAD_MASTER_KEY=", "postgresql://"])
def test_no_secret_stands_in_the_unit(secret: str) -> None:
    """Everybody on the machine can read a unit."""
    assert secret not in UNIT.read_text(encoding="utf-8")
