"""docs/use-in-tests.md: its programs run, and its commands work in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.named import ROOT
from support.server import PROGRAM, free_port
from support.tools import needs

PAGE = (ROOT / "docs" / "use-in-tests.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def shell(code: str, folder: Path) -> str:
    """What a script prints on a free port; it must do what it was asked, and its server is ended with it."""
    port = free_port()
    program = Path(PROGRAM)
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f"trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{code.replace('8080', str(port))}",
        ],
        cwd=folder,
        env=os.environ
        | {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "SYNCLEAD_URL": f"http://127.0.0.1:{port}",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
@needs("bash", "curl", "timeout")
def test_commands(tmp_path: Path) -> None:
    """One after the other: the server starts, writes, is refused a call, begins anew, and leaves its log alone."""
    printed = shell("".join(blocks("sh")), tmp_path)
    assert printed.startswith("ready\n")
    assert '"FirstName":"George"' in printed
    assert '[{"calls":1,"code":20015,"written":false,"wait":0' in printed
    assert "refused, as asked\n{}" in printed
    assert [one.name for one in tmp_path.iterdir()] == ["synclead.log"]


@pytest.mark.long
@needs("bash", "curl", "timeout")
def test_the_step_of_continuous_integration(tmp_path: Path) -> None:
    """Its script runs as it stands."""
    (step,) = blocks("yaml")
    script = "".join(line[4:] for line in re.findall(r"^    .*\n", step, re.MULTILINE))
    assert "CREATED" in shell(script, tmp_path)


@pytest.mark.long
def test_programs(tmp_path: Path) -> None:
    """The tests pass with the line of conftest.py; the program without pytest prints what the page says."""
    conftest, tests, program = blocks("python")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_leads.py").write_text(tests, encoding="utf-8")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    printed = []
    for words in (["-m", "pytest", "-q", "-p", "no:cacheprovider"], ["program.py"]):
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(done.stdout)
    assert "3 passed" in printed[0]
    assert f"It prints `{printed[1].strip()}`." in PAGE
