"""What is wrong where a CSV file cannot be read on, in words that name the column and say what to do."""

import csv
from collections.abc import Sequence

from synclead.cli.csv_lines import BAD_BYTES, ROW_LENGTH, BadBytesError, Lines, NulError, TooLongError
from synclead.leads.text import quoted


def explain(fault: Exception, lines: Lines, encoding: str, delimiter: str, header: Sequence[str]) -> str | None:
    """The end of a sentence that begins with the row; None for a fault that is not the file's.

    `lines` are those of the row under way.
    """

    def column(until: str = "") -> str:
        return named(header, _reached(lines, delimiter, until))

    if isinstance(fault, TooLongError):
        hint = "; is there a quote that is not closed?" if len(lines.parts) > 1 else ""
        return f", {column()}: the row has more than {ROW_LENGTH} characters{hint}"
    if isinstance(fault, NulError):
        return f", {column(chr(0))}: a NUL is no text: take it out"
    if isinstance(fault, BadBytesError):
        bad = BAD_BYTES.search(lines.parts[-1])
        byte = f"byte 0x{ord(bad[0]) & 0xFF:02X}" if bad else "a byte"
        return (
            f", {column(bad[0] if bad else '')}: {byte} is not {shown(encoding)}: if the file is from a Western Windows"
            ", it is likely Windows-1252 or Latin-1; name it with --encoding cp1252 or --encoding latin-1"
        )
    if isinstance(fault, UnicodeError):
        return f": the file is not {shown(encoding)}: {fault}; name it with --encoding"
    if isinstance(fault, csv.Error):
        if "unexpected end of data" in str(fault):
            return (
                f", {column()}: the quote that opens there is never closed: close it, or write a quote within a cell "
                "twice"
            )
        return f', {column()}: not CSV: {fault}; write a quote within a cell twice ("")'
    return None


def named(header: Sequence[str], place: int) -> str:
    """A column by its heading, or by its number where it has none."""
    return f"column {quoted(header[place])}" if place < len(header) else f"column {place + 1}"


def shown(encoding: str) -> str:
    """An encoding as people call it."""
    return encoding.upper() if encoding.startswith("utf") else encoding


def _reached(lines: Lines, delimiter: str, until: str) -> int:
    """The place of the cell that a row has reached where it cannot be read on."""
    text = "".join(lines.parts)
    if until:
        text = text.partition(until)[0]
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    return max(len(cells) - 1, 0)
