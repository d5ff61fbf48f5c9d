"""No rule stands in the code that no test would miss: each is taken out in turn, and a test must fail."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.mutation import ROWS, TOLERANCES, VARIABLE
from synclead.soap import tolerances

ROOT = Path(__file__).parents[2]
RESOLVE = ("tests/leads/test_resolve.py",)
SOAP = ("tests/soap",)
QUIET = ("-q", "-x", "-k", "not quickly")
"""Without the tests that measure time: on a busy machine they fail whatever is taken out."""
WORDING_ONLY = {"shown", "children"}
"""Functions that decide nothing: how a name is repeated in a message, how elements are listed."""

pytestmark = pytest.mark.long


def run(tests: tuple[str, ...], mutation: str = "") -> subprocess.CompletedProcess[str]:
    """The tests in a process of their own, without one rule; ends at the first failure."""
    path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "support.mutation", "-p", "no:cacheprovider", *QUIET, *tests],
        cwd=ROOT,
        env=os.environ | {VARIABLE: mutation, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def assert_noticed(done: subprocess.CompletedProcess[str]) -> None:
    """Exit code 1 is pytest's for failed tests; every other one means that they could not run."""
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-2000:] + done.stderr[-2000:]
    assert " failed" in done.stdout.splitlines()[-1], done.stdout[-2000:]


@pytest.mark.parametrize("tests", [RESOLVE, SOAP], ids=["resolve", "soap"])
def test_nothing_fails_while_every_rule_stands(tests: tuple[str, ...]) -> None:
    """With the plugin and no rule named, all pass: a failure below comes from the missing rule."""
    done = run(tests)
    assert done.returncode == pytest.ExitCode.OK, done.stdout[-4000:]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_of_identity_is_missed(row: str) -> None:
    """Without the row, a test of which lead a call means fails."""
    assert_noticed(run(RESOLVE, row))


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_a_tolerance_is_missed(tolerance: str) -> None:
    """Without the tolerance, a test of the SOAP side fails."""
    assert_noticed(run(SOAP, tolerance))


def test_every_tolerance_is_taken_out() -> None:
    """A tolerance that is added to the program is added here, too."""
    functions = {
        name
        for name, value in inspect.getmembers(tolerances, inspect.isfunction)
        if value.__module__ == tolerances.__name__ and not name.startswith("_")
    }
    assert functions - WORDING_ONLY <= {name.partition(":")[0] for name in TOLERANCES}
