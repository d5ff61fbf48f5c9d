"""What the repository's own files promise: a lock that installs the same everywhere, one version."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import synclead

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["dev"],
    *PROJECT["build-system"]["requires"],
]
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[\w.+!-]+)(?P<rest>.*)$")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


def entries(lock: str) -> dict[str, list[str]]:
    """The lock's lines without comments, by the pin that they follow (`name==version`)."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in lock.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith(" "):
            lines.append(line)
        else:
            lines = found.setdefault(line.removesuffix(" \\"), [])
    return found


PINS = entries(LOCK)
VERSIONS = {canonicalize_name(m["name"]): m["version"] for m in map(PIN.match, PINS) if m}


@pytest.mark.parametrize("clue", ["://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host"])
def test_the_lock_names_no_index(clue: str) -> None:
    """The lock installs from whatever index a machine uses: it names none, and no host."""
    assert clue not in LOCK


def test_the_lock_names_no_path() -> None:
    """The lock names no path of the machine that made it: nothing in it has a slash."""
    assert [line for line in LOCK.splitlines() if "/" in line] == []


def test_the_lock_says_how_to_make_it() -> None:
    """The lock's first lines name the one command that makes it anew."""
    assert "#    make lock\n" in LOCK[:300]


def test_every_entry_of_the_lock_is_one_version() -> None:
    """Every entry of the lock is a pin: a name, two equals signs and a version."""
    assert [pin for pin in PINS if not PIN.match(pin)] == []


def test_every_entry_of_the_lock_has_a_hash() -> None:
    """Every entry of the lock is followed by hashes, and by nothing else."""
    unhashed = [pin for pin, lines in PINS.items() if not lines or not all(map(HASH.match, lines))]
    assert unhashed == []


@pytest.mark.parametrize("declared", DECLARED)
def test_the_lock_follows_the_declaration(declared: str) -> None:
    """Every package that pyproject.toml asks for is in the lock, in a version that it allows."""
    wanted = Requirement(declared)
    assert wanted.specifier.contains(VERSIONS[canonicalize_name(wanted.name)])


def test_the_version_stands_in_one_place() -> None:
    """The version is `synclead.__version__`; pyproject.toml reads it from there."""
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "synclead.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", synclead.__version__)


def test_every_package_runs_on_every_python_3_11() -> None:
    """No locked version asks for a later patch of 3.11 than the first: systems ship old ones and keep them."""
    asking = {
        package.metadata["Name"]: package.metadata["Requires-Python"]
        for package in distributions()
        if "Requires-Python" in package.metadata
    }
    assert {name: wanted for name, wanted in asking.items() if not SpecifierSet(wanted).contains("3.11.0")} == {}
