"""The commands of docs/production.md work in the order in which they stand."""

import re
import subprocess
import sys
from pathlib import Path

from docs.named import written
from support.envelopes import Call
from support.inside import USER
from support.orchard import DECLARATION
from support.server import Server
from support.tools import needs

DOCUMENT = Path(__file__).parents[2] / "docs" / "production.md"


def commands(heading: str) -> str:
    """The shell blocks of a section, one after the other."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))


@needs("bash")
def test_back_up_and_restore(tmp_path: Path) -> None:
    """A lead is found again by a server on the restored copy, for the same API user."""
    call = Call(email="t@t.com", return_lead=False)
    program = Path(sys.executable).with_name("synclead")
    server = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/synclead.db")
    restored = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/restored.db")
    try:
        server.apply(DECLARATION)
        server.start()
        with server.caller(USER) as caller:
            made = caller.sync(call)
        script = re.sub(r"^synclead ", f"{program} ", commands("Back up and restore"), flags=re.MULTILINE)
        subprocess.run(
            ["bash", "-euc", script], cwd=tmp_path, env=server.environment, check=True, capture_output=True, timeout=60
        )
        server.stop()
        restored.start()
        with restored.caller(USER) as caller:
            found = caller.sync(call)
    finally:
        server.close()
        restored.close()
    assert (made.status, found.status) == ("CREATED", "UPDATED")
    assert found.lead_id == made.lead_id


FAILURES = ["what happened", "what the client sees", "what was written", "test"]


def failures() -> list[list[str]]:
    """The rows of the table of failures; an AssertionError for one of another shape."""
    section = DOCUMENT.read_text(encoding="utf-8").split("\n## What happens when\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in table]
    assert all(len(row) == len(FAILURES) and all(row) for row in rows), rows
    assert rows[0] == FAILURES
    return rows[2:]


def test_every_failure_names_tests_that_exist() -> None:
    """What is said of a failure is shown by a test, and no failure stands twice."""
    rows = failures()
    assert len({row[0] for row in rows}) == len(rows)
    for row in rows:
        tests = re.findall(r"`([^`]+)`", row[3])
        assert tests, row
        assert [test for test in tests if test not in written(test.partition("::")[0])] == [], row


def test_no_test_of_a_fault_is_left_out() -> None:
    """Every fault that is injected into the real server stands in the table."""
    named = {test for row in failures() for test in re.findall(r"`([^`]+)`", row[3])}
    files = sorted((DOCUMENT.parents[1] / "tests" / "system").glob("test_faults_*.py"))
    assert files
    for file in files:
        assert written(f"tests/system/{file.name}") - named == set()
