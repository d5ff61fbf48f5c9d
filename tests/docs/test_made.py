"""What the documents have from the code is as the code is now."""

import re

import pytest

from docs.made import DOCS, documents
from docs.named import ROOT


@pytest.mark.parametrize("name", ["cli.md", "identity.md", "production.md"])
def test_a_document_that_is_made_from_the_code_is_current(name: str) -> None:
    """`make docs` would write nothing anew."""
    assert (DOCS / name).read_text(encoding="utf-8") == documents()[name]


def test_every_variable_of_the_environment_is_on_the_page_of_commands() -> None:
    """Whatever name of a variable stands in the sources, docs/cli.md says which command reads it."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    names = set(re.findall(r"\bSYNCLEAD_[A-Z_]*[A-Z]\b", sources))
    assert {"SYNCLEAD_URL", "SYNCLEAD_MASTER_KEY_FILE", "SYNCLEAD_LOG_LEVEL"} <= names
    assert {name for name in names if f"| `{name}` |" not in documents()["cli.md"]} == set()
