"""Several keys in one cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.leads.several import join, split

PART = st.text(alphabet="ab|\\ ", min_size=1, max_size=6)


@given(st.lists(PART, max_size=5))
def test_what_was_joined_is_split_again(parts: list[str]) -> None:
    """No part is changed, whatever bars and backslashes it has."""
    assert split(join(parts)) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("7", ["7"]),
        ("7|8", ["7", "8"]),
        (r"DOMAIN\user|\\host\share", [r"DOMAIN\user", r"\\host\share"]),
        (r"7\|8", ["7|8"]),
        (r"7\\|8", ["7\\", "8"]),
        (r"7\\\|8", ["7\\|8"]),
        ("7\\", ["7\\"]),
        ("7||8", ["7", "", "8"]),
    ],
)
def test_a_cell_is_read(text: str, parts: list[str]) -> None:
    """A bar separates; a backslash matters only where a bar follows."""
    assert split(text) == parts
