"""The file that is imported has every Email once, and every row is looked up."""

import pytest

from bench import call
from bench.errors import CellFailedError
from bench.parts.imports import check_rows, rows


def test_half_of_the_rows_are_of_known_leads() -> None:
    """No Email comes twice, and no known lead is named that is not there."""
    emails = [row[0] for row in rows(10, 50, 3)]
    assert len(set(emails)) == 10
    assert [email for email in emails if email.startswith("known-")] == [call.known_email(n) for n in range(1, 6)]
    assert sum(email.startswith("known-") for email in (row[0] for row in rows(10, 2, 3))) == 2


def test_a_row_that_is_not_stored_once_fails() -> None:
    """A lost row, a doubled one and one with other values are failures."""
    stored = {row[0]: [(number, int(row[-1]))] for number, row in enumerate(rows(4, 50, 3))}
    check_rows(stored, 4, 50, 3)
    known = call.known_email(1)
    for wrong in ([], [(1, 3_000_002), (2, 3_000_002)], [(1, 0)]):
        with pytest.raises(CellFailedError, match=known):
            check_rows(stored | {known: wrong}, 4, 50, 3)
