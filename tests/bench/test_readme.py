"""bench/README.md names commands, parts and modules that exist."""

import re
from pathlib import Path

from bench.__main__ import PARTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")


def test_the_commands_exist() -> None:
    """Each `make` target of the page is one of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"make ([a-z-]+)", README))
    assert named
    assert named <= set(targets)


def test_the_parts_are_all_there() -> None:
    """The table has a row for each part."""
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == [
        "peers",
        "limits",
        "calls",
        "import",
        "sizes",
        "micro",
    ]
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == set(PARTS)


def test_the_modules_exist() -> None:
    """Each file that the page names is there."""
    for name in re.findall(r"`([\w/]+\.(?:py|lua|toml))`", README):
        assert (ROOT / "bench" / name).exists(), name
