"""The README's commands and examples work as they stand."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.envelopes import Call, Credentials
from support.server import Server
from support.tools import needs

ROOT = Path(__file__).parents[2]
KEY = "899756834129871744AAEE88DDCC77CDEEDEC1AAAD66"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def block(language: str, text: str) -> str:
    """The one block that has this text in it."""
    (found,) = [code for code in blocks(language) if text in code]
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, as `make run` serves it, on a free port."""
    server = Server(tmp_path_factory.mktemp("demo"), options=["--demo"])
    try:
        server.start()
        yield server
    finally:
        server.close()


def shell(server: Server, code: str) -> str:
    """Run a block as a user would paste it, with the port and the database of the test."""
    code = code.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    code = code.replace("sqlite:///synclead-demo.db", server.database_url)
    code = code.replace(".venv/bin/synclead", str(ROOT / ".venv/bin/synclead"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=server.directory,
        env=os.environ | {"BIGCORP_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs("bash", "curl", "openssl")
def test_first_request(demo: Server) -> None:
    """The request to try creates George; sent again it answers UPDATED with the same Id; the lead can be shown."""
    request = block("sh", "curl -s")

    first, again = shell(demo, request), shell(demo, request)

    assert "<status>CREATED</status>" in first
    assert "<status>UPDATED</status>" in again
    assert re.findall(r"<leadId>\d+</leadId>", first) == re.findall(r"<leadId>\d+</leadId>", again)
    assert "of the Jungle" in shell(demo, block("sh", "lead show"))


def test_python_example(demo: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of Python create Jane, read her back and hear that nobody else is there."""
    exec(block("python", "SyncleadClient").replace("127.0.0.1:8080", f"127.0.0.1:{demo.port}"), {})

    created, attributes, nobody = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"CREATED \d+", created)
    assert attributes == "{'FirstName': 'Jane'}"
    assert nobody == "No lead found with EMAIL = nobody@t.com (20103)"


@needs("bash")
def test_own_account(tmp_path: Path) -> None:
    """The declaration is applied by the command beside it."""
    declaration = block("toml", "munchkin_account")
    (tmp_path / "subscription.toml").write_text(declaration, encoding="utf-8")
    server = Server(tmp_path)
    apply = block("sh", "apply subscription.toml").splitlines()[0].replace("BIGCORP_KEY=... ", "")

    assert "Example Corp" in shell(server, apply)
    assert tomllib.loads(declaration)["subscription"][0]["name"] == "Example Corp"


@needs("bash")
@pytest.mark.long
def test_leads_come_in_and_calls_are_shown(tmp_path: Path) -> None:
    """The file of the page is imported under its Ids; a refused call is shown with the advice that mends it."""
    (tmp_path / "leads.csv").write_text(block("csv", "Email Address"), encoding="utf-8")
    server = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/synclead.db")
    try:
        server.apply(block("toml", "munchkin_account").replace('_env = "BIGCORP_KEY"', f' = "{KEY}"'))
        assert "1 created" in shell(server, block("sh", "--dry-run"))
        server.start()
        with server.caller(Credentials("bigcorp1_461839624B16E06BA2D663", KEY)) as caller:
            assert caller.sync(Call(email="t@t.com", attributes=(("ShoeSize", "46"),))).fault_code == "20105"
        shown = AWAIT_ONE + block("sh", "synclead requests")
        assert "synclead fields add ShoeSize" in shell(server, shown)
    finally:
        server.close()


AWAIT_ONE = "for _ in $(seq 50); do .venv/bin/synclead requests | grep -q 20105 && break; sleep 0.1; done\n"
"""A call is shown within a second."""


def test_links() -> None:
    """Every file that the README links to exists."""
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_make_commands_exist() -> None:
    """Every `make` command of the README is one of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)$", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
