"""docs/quickstart.md works from its first command to its last, in this order."""

import csv
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import PROGRAM, Server
from support.tools import needs

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    """A numbered section."""
    (found,) = re.findall(rf"^## {number}\. .*?\n(.*?)(?=^## )", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(found)


def block(number: int, language: str) -> str:
    """The code blocks of a section in one language, one after the other."""
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", section(number), re.DOTALL | re.MULTILINE))


class Terminal:
    """A shell in a folder, as somebody has it who reads the page; what was exported stays exported."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server
        self._exported = f"export PATH={Path(PROGRAM).parent}:$PATH\n"

    def type(self, code: str) -> str:
        """What the commands print, on both channels."""
        code = code.replace("127.0.0.1:8080", f"127.0.0.1:{self._server.port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"exec 2>&1\n{self._exported}{code}"],
            cwd=self._folder,
            env={name: text for name, text in os.environ.items() if not name.startswith("SYNCLEAD_")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        self._exported += "".join(line for line in code.splitlines(keepends=True) if line.startswith("export "))
        return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The page's `synclead serve`, on a free port, in the folder of the page's commands."""
    server = Server(tmp_path, database_url="sqlite:///synclead.db")
    yield server
    server.close()


@needs("bash")
@pytest.mark.long
def test_ten_minutes(tmp_path: Path, server: Server) -> None:
    """Leads come in with their Ids, a refused call is explained, mended and accepted, and the leads go out again."""
    shell = Terminal(tmp_path, server)
    (tmp_path / "subscription.toml").write_text(block(2, "toml"))
    (tmp_path / "leads.csv").write_text(block(3, "csv"))
    look, bring, mend = re.findall(r"^```sh\n(.*?)^```$", section(3), re.DOTALL | re.MULTILINE)

    assert "Example Corp" in shell.type(block(2, "sh"))
    assert "31.12.2026" in shell.type(look)
    assert "Ursula" in shell.type(bring)
    shell.type(mend)
    server.start()
    assert "20105" in shell.type(block(5, "sh"))
    calls, one, mended = re.findall(r"^```sh\n(.*?)^```$", section(6), re.DOTALL | re.MULTILINE)
    shell.type(AWAIT_ONE + calls)
    assert "synclead fields add" in shell.type(one)
    shown = shell.type(mended)
    assert "UPDATED lead 1089946" in shown
    assert "Shoe" in shown
    shell.type(block(7, "sh"))

    with (tmp_path / "leads-now.csv").open(newline="") as file:
        leads = {row["Id"]: row for row in csv.DictReader(file, strict=True)}
    assert list(leads) == ["1089946", "1089947", "1089948"]
    assert (leads["1089946"]["ShoeSize"], leads["1089947"]["ContractEnd"]) == ("46", "2026-12-31")


AWAIT_ONE = "for _ in $(seq 50); do synclead requests | grep -q 20105 && break; sleep 0.1; done\n"
"""A call is shown within a second."""


def test_serve_is_the_page_s() -> None:
    """The command that the test starts by itself is the one of the page."""
    assert block(4, "sh") == "synclead serve\n"


def test_links() -> None:
    """Every page that this one names is there."""
    for target in re.findall(r"\]\((?!http)([^)#]+)", DOCUMENT):
        assert (ROOT / "docs" / target).exists(), target
