"""docs/production.md: what is said of each failure is shown by tests, and each test of a fault is named there."""

import re

from docs.named import ROOT, written

DOCUMENT = ROOT / "docs" / "production.md"
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
    files = sorted((ROOT / "tests" / "system").glob("test_faults_*.py"))
    assert files
    for file in files:
        assert written(f"tests/system/{file.name}") - named == set()
