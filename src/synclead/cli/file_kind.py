"""What a file is before a row of it is read: its encoding, what parts its cells, or that it is no text at all."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synclead.cli.console import Refusal

START_LENGTH: Final = 8192
"""Bytes at the beginning of a file that tell what it is."""

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""Byte order marks, the longer ones first, and the encoding that each says."""

_SAVE = "open it there and save the sheet as CSV, then import that file"
_KINDS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of Excel (.xls, or .xlsx with a password)", _SAVE),
    (b"\x09\x08\x10\0", "a workbook of an old Excel (.xls)", _SAVE),
    (b"\x1f\x8b", "a compressed file (gzip)", "unpack it with gunzip, then import what comes out"),
    (b"BZh", "a compressed file (bzip2)", "unpack it with bunzip2, then import what comes out"),
    (b"\xfd7zXZ\0", "a compressed file (xz)", "unpack it with unxz, then import what comes out"),
    (b"\x28\xb5\x2f\xfd", "a compressed file (zstd)", "unpack it with unzstd, then import what comes out"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)", "unpack it, then import the CSV file in it"),
    (b"Rar!\x1a\x07", "an archive (rar)", "unpack it, then import the CSV file in it"),
    (b"%PDF-", "a PDF", "get the table as CSV from where it was made"),
    (b"{\\rtf", "a document (rtf)", "get the table as CSV from where it was made"),
    (b"SQLite format 3\0", "a database (SQLite)", "export the table as CSV, then import that file"),
    (b"PAR1", "a Parquet file", "convert it to CSV, then import that file"),
)
"""How files begin that are taken for CSV, what each is called, and what to do."""
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IN_ZIPS = (
    (b"application/vnd.oasis.opendocument", "a workbook of LibreOffice (.ods)", _SAVE),
    (b"Index/", "a workbook of Numbers (.numbers)", "open it there and export it as CSV, then import that file"),
    (b"word/", "a document of Word (.docx)", "get the table as CSV from where it was made"),
    (b"[Content_Types].xml", "a workbook of Excel (.xlsx)", _SAVE),
    (b"xl/", "a workbook of Excel (.xlsx)", _SAVE),
)
_MARKUP = re.compile(r"\ufeff*\s*<(?:\?xml|!doctype|html|head|meta|style|body|table)\b", re.IGNORECASE)
_JSON = re.compile(r"\ufeff*\s*(?:\{\s*\"|\[\s*[\[{])")

_SEPARATOR = re.compile('(\ufeff*)(?:("?)sep=([^"\r\n])\\2(?:\r\n|\r|\n|\\Z))?', re.IGNORECASE)
"""Marks, and the line with which Excel is told what parts the cells."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a file of text is read."""

    encoding: str
    """A codec, which leaves a byte order mark in the text."""
    separator: str | None
    """What a line `sep=` says that parts the cells; None without one."""
    skipped: int
    """Characters at the beginning that are no text: marks, and that line."""


def kind_of(path: Path, encoding: str | None) -> Kind:
    """Looks at the beginning of a file. A byte order mark decides over `encoding`; None is UTF-8.

    Raises Refusal for a file that cannot be read, that is no text, or whose encoding has to be named.
    """
    try:
        with path.open("rb") as file:
            start = file.read(START_LENGTH)
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}") from None
    _check_is_text(path, start)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if marked is None and encoding is None:
        looks = _looks_like(start)
        if looks is not None:
            raise Refusal(f"{path} looks like {looks.upper()}, not UTF-8: say so with --encoding {looks}")
    codec = marked or encoding or "utf-8"
    text = start.decode(codec, errors="replace")
    if _MARKUP.match(text):
        raise _no_csv(path, "a page or a workbook in XML or HTML, which some programs call .xls", _SAVE)
    if _JSON.match(text):
        raise _no_csv(path, "JSON", "convert it to CSV, then import that file")
    found = _SEPARATOR.match(text)
    return Kind(codec, found[3], found.end()) if found else Kind(codec, None, 0)


def _check_is_text(path: Path, start: bytes) -> None:
    for mark, what, advice in _KINDS:
        if start.startswith(mark):
            raise _no_csv(path, what, advice)
    if start.startswith(_ZIPS):
        for mark, what, advice in _IN_ZIPS:
            if mark in start:
                raise _no_csv(path, what, advice)
        raise _no_csv(path, "an archive (zip)", "unpack it, then import the CSV file in it")


def _no_csv(path: Path, what: str, advice: str) -> Refusal:
    return Refusal(f"{path} is no CSV, it is {what}: {advice}")


def _looks_like(start: bytes) -> str | None:
    """The encoding of two bytes a character that a file without a mark begins in; None where it looks like none."""
    # Of text in Western letters every other byte is 0.
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        half = start[:1000][first::2]
        if len(half) > 1 and half.count(0) * 2 > len(half) and not start[:1000][1 - first :: 2].count(0):
            return name
    return None
