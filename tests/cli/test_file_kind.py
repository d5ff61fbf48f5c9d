"""What a file is before a row of it is read."""

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from synclead.cli.console import Refusal
from synclead.cli.csv_source import CsvSource
from synclead.cli.file_kind import kind_of

TEXT = "Email,Company\r\nann@ex.org,M\u00fcller\r\n"
ROWS = [["Email", "Company"], ["ann@ex.org", "M\u00fcller"]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "leads.csv"


def cells(path: Path, **options: str) -> list[list[str]]:
    """All rows, as an import reads them."""
    source = CsvSource(path, **options)
    source.header()
    return [row for _, row in source.rows()]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize("encoding", [None, "cp1252", "utf-16", "utf-8"])
def test_a_byte_order_mark_is_no_text_and_decides(path: Path, codec: str, marks: str, encoding: str | None) -> None:
    """In every encoding that has one, also twice, and over the encoding that was named."""
    path.write_bytes((marks + TEXT).encode(codec))
    assert cells(path, **({} if encoding is None else {"encoding": encoding})) == ROWS


def test_a_mark_of_another_encoding_is_no_text_either(path: Path) -> None:
    """Where the encoding is named."""
    path.write_bytes(("\ufeff" + TEXT).encode("gb18030"))
    assert cells(path, encoding="gb18030") == ROWS


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("sep=;\r\n", ";"),
        ("SEP=|\n", "|"),
        ("sep=\t\n", "\t"),
        ('"sep=;"\r\n', ";"),
        ("sep=,\r", ","),
        ("\ufeffsep=;\n", ";"),
        ("sep=:\n", ":"),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_line_says_what_parts_the_cells(path: Path, line: str, delimiter: str, codec: str) -> None:
    """It is no row: the header is row 1, as in a spreadsheet, which hides that line."""
    path.write_bytes((line + TEXT.replace(",", delimiter)).encode(codec))
    source = CsvSource(path, encoding="utf-16" if codec == "utf-16" else None)
    source.header()
    assert list(source.rows()) == [(1, ROWS[0]), (2, ROWS[1])]
    assert source.delimiter == delimiter
    assert list(source._watched_rows(after=0)) == list(source.rows())


def test_an_option_counts_more_than_the_line(path: Path) -> None:
    """Whoever names a delimiter knows the file; the line is left out all the same."""
    path.write_text("sep=;\n" + TEXT)
    assert cells(path, delimiter=",") == ROWS


@pytest.mark.parametrize("first", ["sep=;;,x", "sep=", "separator,x", 'sep=",x'])
def test_another_first_line_is_the_header(path: Path, first: str) -> None:
    """Only one character after `sep=` says what parts the cells."""
    path.write_text(f"{first}\na,b\n")
    assert kind_of(path, None).skipped == 0


def test_a_file_of_such_a_line_alone_is_empty(path: Path) -> None:
    """It names no columns."""
    path.write_text("sep=;")
    with pytest.raises(Refusal, match="is empty"):
        CsvSource(path).header()


def zipped(*names: str, first: bytes = b"x") -> bytes:
    """A ZIP archive with such files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, first)
    return out.getvalue()


def database() -> bytes:
    """A database of SQLite."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    return connection.serialize()


# fmt: off
OTHERS: list[tuple[str, Callable[[], bytes], list[str]]] = [
    ("xlsx", lambda: zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), ["a workbook of Excel (.xlsx)", "save the sheet as CSV"]),
    ("xlsx of a library", lambda: zipped("docProps/app.xml", "xl/theme/theme1.xml"), ["a workbook of Excel (.xlsx)"]),
    ("docx", lambda: zipped("[Content_Types].xml", "word/document.xml"), ["a document of Word"]),
    ("ods", lambda: zipped("mimetype", first=b"application/vnd.oasis.opendocument.spreadsheet"), ["a workbook of LibreOffice (.ods)", "as CSV"]),
    ("numbers", lambda: zipped("Index/Document.iwa", "preview.jpg"), ["a workbook of Numbers", "export it as CSV"]),
    ("zip", lambda: zipped("leads.csv"), ["an archive (zip)", "unpack it"]),
    ("empty zip", lambda: zipped(), ["an archive (zip)"]),
    ("xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ["a workbook of Excel (.xls", "save the sheet as CSV"]),
    ("gz", lambda: gzip.compress(TEXT.encode()), ["a compressed file (gzip)", "gunzip"]),
    ("bz2", lambda: bz2.compress(TEXT.encode()), ["a compressed file (bzip2)", "bunzip2"]),
    ("xz", lambda: lzma.compress(TEXT.encode()), ["a compressed file (xz)", "unxz"]),
    ("zst", lambda: b"\x28\xb5\x2f\xfd\x24\x00", ["a compressed file (zstd)"]),
    ("7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4", ["an archive (7z)"]),
    ("pdf", lambda: b"%PDF-1.7\n", ["a PDF"]),
    ("sqlite", database, ["a database (SQLite)"]),
    ("parquet", lambda: b"PAR1\x15\x04", ["a Parquet file"]),
    ("html", lambda: b"\xef\xbb\xbf <!DOCTYPE html><table>", ["XML or HTML", ".xls"]),
    ("xml", lambda: "\ufeff<?xml version='1.0'?><Workbook>".encode("utf-16"), ["XML or HTML"]),
    ("json", lambda: b'[\n  {"Email": "a@ex.org"}]', ["JSON"]),
]
# fmt: on


@pytest.mark.parametrize(("make", "words"), [pytest.param(make, words, id=name) for name, make, words in OTHERS])
@pytest.mark.parametrize("encoding", [None, "cp1252"])
def test_what_is_no_csv_is_called_what_it_is(
    path: Path, make: Callable[[], bytes], words: list[str], encoding: str | None
) -> None:
    """Whatever it is called and whichever encoding is named; the sentence says what to do."""
    path.write_bytes(make())
    with pytest.raises(Refusal) as refused:
        CsvSource(path, encoding=encoding).header()
    for word in (str(path), "is no CSV", *words):
        assert word in str(refused.value)


@pytest.mark.parametrize("start", ["PK,Email", "<Email>,x", "%PDF", "[Email],x", "{Email},x", "BZ,h", "Rar,Email"])
def test_headings_that_begin_like_that_are_headings(path: Path, start: str) -> None:
    """Two letters tell nothing."""
    path.write_text(f"{start}\na,b\n")
    assert CsvSource(path).header()[0] == start.partition(",")[0]
