"""A CSV file is read alike by the block and with an eye on each line."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from synclead.cli import csv_lines
from synclead.cli.console import Refusal
from synclead.cli.csv_source import CsvSource
from synclead.leads.fields import TEXT_LENGTH

PIECES = (
    "a",
    "b c",
    ",",
    ",",
    '"',
    '""',
    "\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "é",
    "\u2028",
    "\x0b",
    "\0",
    "\udc80",
    "x" * 30,
)
ORDINARY = [*PIECES[:14]]


def read(rows: Iterable[tuple[int, list[str]]]) -> tuple[list[tuple[int, list[str]]], str]:
    """The rows, and the sentence that ended them."""
    found = []
    try:
        for row in rows:
            found.append(row)
    except Refusal as refusal:
        return found, str(refusal)
    return found, ""


@pytest.mark.parametrize("block", [1, 2, 7, 40, csv_lines.BLOCK])
def test_both_ways_of_reading_are_alike(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, numbers, refusals and digest, wherever a block ends and whatever stands there."""
    monkeypatch.setattr(csv_lines, "BLOCK", block)
    monkeypatch.setattr(csv_lines, "ROW_LENGTH", 200)
    chance = random.Random(block)
    refused = 0
    for case in range(400):
        pieces = chance.choices(PIECES if case % 4 == 0 else ORDINARY, k=chance.randint(0, 60))
        if case % 2:  # most rows are as they should be
            pieces = [
                cell + end
                for _ in range(chance.randint(1, 9))
                for cell, end in zip("ab", chance.choice([",\n", ",\r"]), strict=True)
            ] + pieces[:3]
        path = tmp_path / "leads.csv"
        path.write_bytes("".join(pieces).encode(errors="surrogateescape"))
        by_block, by_line = CsvSource(path), CsvSource(path)
        if case % 3:
            by_block._header = by_line._header = ["Email", "FirstName"]

        found = read(by_block.rows())

        assert found == read(by_line._watched_rows(after=0)), pieces
        assert by_block.digest == by_line.digest
        refused += bool(found[1])
    assert 50 < refused < 350


def test_long_rows_are_read(tmp_path: Path) -> None:
    """Cells of the greatest length, before and after short rows, and a longer one is refused by its column."""
    path = tmp_path / "leads.csv"
    longest = "x" * TEXT_LENGTH
    rows = [["Email", "Notes"], ["a@e.com", longest], ["b@e.com", "short"], [longest, longest], ["c@e.com", "y"]]
    path.write_text("".join(f"{','.join(row)}\n" for row in rows))
    source = CsvSource(path)
    source.header()

    assert [cells for _, cells in source.rows()] == rows

    with path.open("a") as file:
        file.write(f"d@e.com,{longest}x\n")
    found, reason = read(source.rows())
    assert [cells for _, cells in found] == rows
    assert "row 6, column 'Notes': 65536 characters" in reason
