"""docs/fidelity.md: every rule is there, and every rule names a test that exists."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.named import written

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "fidelity.md"
HEADER = ["rule", "how we know it", "where we deviate from the document", "test"]
SOURCES = {"document", "recorded", "ours"}
SECTIONS = [
    "1. The call",
    "2. Authentication",
    "3. Which lead is meant",
    "4. Where it lives",
    "5. What is written",
    "6. The answer",
    "7. The calls that read",
]


class Row(NamedTuple):
    """One rule."""

    section: str
    rule: str
    sources: list[str]
    deviation: str
    tests: list[str]


@cache
def rows() -> list[Row]:
    """The rows of all tables with the header of rules; an AssertionError for one of another shape."""
    found, section = [], ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
        assert len(cells) == len(HEADER), line
        if cells == HEADER or set("".join(cells)) <= set("-| "):
            continue
        rule, source, deviation, test = cells
        found.append(Row(section, rule, source.split(", "), deviation, re.findall(r"`([^`]+)`", test)))
    return found


def named(part: Callable[[str], bool]) -> list[str]:
    """The tests that the document names, of one kind."""
    return sorted({test for row in rows() for test in row.tests if part(test)})


def collected() -> set[str]:
    """The tests that pytest itself finds where the document names parameters: only pytest knows those."""
    files = sorted({test.partition("::")[0] for test in named(lambda test: "[" in test)})
    # Markers deselect nothing here: a long test is a test.
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider", *files]
    # Loading the plugins takes longer than finding the tests; the ini file needs the one.
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p pytest_timeout"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_has_rules(section: str) -> None:
    """Each part of the specification that says what a call does has its rules here."""
    assert [row for row in rows() if row.section == section]


def test_every_rule_says_how_it_is_known() -> None:
    """The source is one of three words, or several of them."""
    for row in rows():
        assert row.rule
        assert set(row.sources) <= SOURCES, row


def test_no_rule_stands_twice() -> None:
    """A sentence is a rule once."""
    rules = [row.rule for row in rows()]
    assert sorted(set(rules)) == sorted(rules)


def test_every_rule_names_a_test() -> None:
    """A rule that nothing shows is a claim."""
    assert [row.rule for row in rows() if not row.tests] == []


def test_every_named_test_exists() -> None:
    """Each is written in the file that the document names."""
    plain = named(lambda test: "[" not in test)
    assert [test for test in plain if test not in written(test.partition("::")[0])] == []


def test_every_named_case_exists() -> None:
    """Where the document names one case of a test, pytest finds it under that name."""
    cases = named(lambda test: "[" in test)
    assert cases
    assert sorted(set(cases) - collected()) == []


def test_every_choice_of_the_policy_is_explained() -> None:
    """No key of a subscription's policy is without a rule that it changes."""
    from synclead.leads.policy import Policy

    text = " ".join(f"{row.rule} {row.deviation}" for row in rows())
    for name in Policy.__dataclass_fields__:
        assert f"`{name}" in text, name


def test_the_page_says_that_workspaces_are_no_security_boundary() -> None:
    """Who reads about workspaces must not take them for permissions."""
    assert "no security boundary" in DOCUMENT.read_text(encoding="utf-8")
