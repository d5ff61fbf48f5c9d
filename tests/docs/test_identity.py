"""docs/identity.md shows the table that the program reads."""

from pathlib import Path

from synclead.leads.identity import markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "identity.md"


def test_table_is_current() -> None:
    """The table in the document is the one in the code; `python -m synclead.leads.identity` prints it anew."""
    assert markdown() in DOCUMENT.read_text(encoding="utf-8")
