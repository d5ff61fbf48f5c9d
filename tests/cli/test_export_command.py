"""`synclead export`."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.command import Run
from synclead.cli.lead_file import write_csv
from synclead.leads.fields import STANDARD, Catalogue, Field
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.reading import StoredLead
from synclead.store.sqlite import SqliteDatabase
from synclead.store.writer import Writer

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
first_lead_id = 1000001
time_zone = "Europe/Berlin"
policy = { unknown_fields = "create" }
fields = [
    { name = "Zeal", type = "integer" },
    { name = "FavouriteColour", type = "string" },
]
"""
NOW = datetime(2026, 8, 1, 9, 30, 5, 250001, tzinfo=UTC)

Write = Callable[..., None]


@pytest.fixture
def write(run: Run, tmp_path: Path) -> Write:
    """Makes calls of a server, at a known moment, in a database with one subscription."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0

    async def sync(records: tuple[RawRecord, ...]) -> None:
        writer = Writer(SqliteDatabase(tmp_path / "synclead.db"), now=lambda: NOW)
        await writer.start()
        for record in records:
            await writer.sync(1, record)
        await writer.close()

    return lambda *records: asyncio.run(sync(records))


def rows(text: str) -> list[dict[str, str]]:
    """What any CSV reader finds."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_the_columns(run: Run, write: Write) -> None:
    """Keys, all fields (the subscription's own by name), times, the other keys, and where the lead lives."""
    write(RawRecord(email="t@t.com"))

    header = run("export").out.split("\n", 1)[0].split(",")

    standard = [field.soap_name or field.rest_name for field in STANDARD]
    inner = [name for name in standard if name not in ("Email", "createdAt", "updatedAt")]
    last = ["createdAt", "updatedAt", "ForeignSysType", "ForeignSysPersonId", "Cookie", "Partition", "lastChange"]
    assert header == ["Id", "Email", *inner, "FavouriteColour", "Zeal", *last]


def test_a_lead_is_a_row(run: Run, write: Write) -> None:
    """Canonical values, times in UTC to the microsecond, several keys with a bar between."""
    write(
        RawRecord(
            email="T@t.com",
            foreign_id="DOM\\user|x",
            cookie="_mch-example.com-b",
            attributes=(RawAttribute("Unsubscribed", "yes"), RawAttribute("Zeal", "1,000")),
        ),
        RawRecord(id="1000001", foreign_id="8", cookie="_mch-example.com-a"),
        RawRecord(id="1000001", foreign_id="9", foreign_type="NETSUITE"),
    )

    (row,) = rows(run("export").out)

    assert {name: value for name, value in row.items() if value} == {
        "Id": "1000001",
        "Email": "T@t.com",
        "Unsubscribed": "1",
        "Zeal": "1000",
        "createdAt": "2026-08-01T09:30:05.250001Z",
        "updatedAt": "2026-08-01T09:30:05.250001Z",
        "ForeignSysType": "CUSTOM|CUSTOM|NETSUITE",
        "ForeignSysPersonId": "DOM\\user\\|x|8|9",
        "Cookie": "_mch-example.com-a|_mch-example.com-b",
        "Partition": "Default",
        "lastChange": "3",
    }


@pytest.mark.parametrize(
    "value",
    [
        'say "hi", twice',
        "two\nlines",
        "a\r\nb",
        "lone\rreturn",
        "tab\tand\u00a0space",
        "\U0001f600 é",
        "'=1+1",
        "\ufeffx",
    ],
)
def test_every_text_comes_back(run: Run, write: Write, value: str) -> None:
    """Quotes, line ends of every kind and any character are read again as they are stored; rows end in LF."""
    write(RawRecord(email="t@t.com", attributes=(RawAttribute("Address", value),)), RawRecord(email="u@t.com"))

    out = run("export").out

    assert [row["Address"] for row in rows(out)] == [value, ""]
    assert out.endswith(",Default,2\n")
    assert out.replace(value, "").count("\r") == 0


def test_a_spreadsheet_runs_nothing(run: Run, write: Write) -> None:
    """With --excel-safe a text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    attributes = [
        ("Company", "=cmd|'/c calc'!A1"),
        ("Phone", "+49 30 1"),
        ("Title", "@SUM(1)"),
        ("AnnualRevenue", "-5"),
    ]
    write(RawRecord(email="-t@t.com", attributes=tuple(RawAttribute(*one) for one in attributes)))

    (safe,) = rows(run("export", "--excel-safe").out)
    (plain,) = rows(run("export").out)

    names = ("Email", "Company", "Phone", "Title", "AnnualRevenue")
    assert [safe[name] for name in names] == ["'-t@t.com", "'=cmd|'/c calc'!A1", "'+49 30 1", "'@SUM(1)", "-5"]
    assert [plain[name] for name in names] == ["-t@t.com", "=cmd|'/c calc'!A1", "+49 30 1", "@SUM(1)", "-5"]


@pytest.mark.parametrize("sign", list("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"))
@pytest.mark.parametrize(
    "before", ["", " ", "\u00a0", "\u3000", "\t", "\r", "\n", "\r\n", "\u200b", "\ufeff", " \u200e ", "\x85"]
)
def test_whatever_a_spreadsheet_takes_for_a_formula_is_marked(before: str, sign: str) -> None:
    """Signs of every width, with any blank or anything that is not seen before them."""
    cell = f"{before}{sign}cmd|'/c calc'!A1"
    assert exported_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["\n", "\ttext", "\rtext", "\ntext", "\r\ntext"])
def test_a_tab_or_a_line_end_before_text_is_marked(cell: str) -> None:
    """A spreadsheet may go on reading behind it."""
    assert exported_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "a=b", "5-3", "'=1", "t@t.com", " text", "\u2014 said", "\u00b15", "#N/A", "%5", "\u200btext"]
)
def test_other_cells_stay_as_they_are(cell: str) -> None:
    """A sign within a text runs nothing, and an apostrophe is there already."""
    assert exported_cell(cell) == cell


def exported_cell(value: str) -> str:
    """The value as an export for spreadsheets has it."""
    field = Field("F", "F", "f", "F", "text")
    lead = StoredLead(7, "Default", None, 1, NOW, NOW, {"F": value} if value else {}, (), (), ())
    out = io.StringIO(newline="")
    write_csv([lead], Catalogue([field]), out, excel_safe=True)
    return rows(out.getvalue())[0]["F"]


def test_headings_run_nothing_either(run: Run, write: Write) -> None:
    """A call can have made a field of any name."""
    names = ["=cmd|'/c calc'!A1", "@field", "\uff1d1", "Plain"]
    write(RawRecord(email="t@t.com", attributes=tuple(RawAttribute(name, "1") for name in names)))

    (safe,) = rows(run("export", "--excel-safe").out)
    (plain,) = rows(run("export").out)

    assert set(safe) - set(plain) == {"'=cmd|'/c calc'!A1", "'@field", "'\uff1d1"}
    assert set(plain) - set(safe) == set(names) - {"Plain"}


def test_a_file_for_spreadsheets_is_not_for_import(run: Run, write: Write, tmp_path: Path) -> None:
    """The apostrophe is text as any other: imported, it would be stored, and the help says so."""
    write(RawRecord(email="t@t.com", attributes=(RawAttribute("Company", "=1+1"),)))
    (tmp_path / "safe.csv").write_text(run("export", "--excel-safe").out, newline="")
    (tmp_path / "plain.csv").write_text(run("export").out, newline="")
    before = run("export").out

    assert "1 unchanged" in run("import", "plain.csv", "--keep-ids").out
    assert run("export").out == before
    assert "1 updated" in run("import", "safe.csv", "--keep-ids").out
    assert rows(run("export").out)[0]["Company"] == "'=1+1"
    assert "for people, not for import" in " ".join(run("export", "--help").out.replace("│", " ").split())


def test_json_lines_are_what_show_shows(run: Run, write: Write) -> None:
    """A line a lead, as `lead show --json` but for the history."""
    write(RawRecord(email="t@t.com", foreign_id="é"), RawRecord(email="u@t.com"))

    lines = run("export", "--json").out.splitlines()

    shown = [json.loads(run("lead", "show", str(1000001 + number), "--json").out) for number in range(2)]
    for lead in shown:
        del lead["activities"]
    assert [json.loads(line) for line in lines] == [lead | {"last_change": n} for n, lead in enumerate(shown, 1)]
    assert '"é"' in lines[0]


@pytest.mark.parametrize(
    ("since", "count"),
    [
        ("2026-08-01", 1),
        ("2026-08-02", 0),
        ("2026-08-01T11:30:05.250001", 1),
        ("2026-08-01T11:30:06", 0),
        ("2026-08-01T09:30:05Z", 1),
        ("2026-08-01T09:30:06+00:00", 0),
    ],
)
def test_changed_since(run: Run, write: Write, since: str, count: int) -> None:
    """A moment without an offset is one of the subscription's time zone."""
    write(RawRecord(email="t@t.com"))

    assert len(rows(run("export", "--changed-since", since).out)) == count


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--changed-since", "yesterday"], "yesterday is no date"),
        (["--json", "--excel-safe"], "--excel-safe is for CSV"),
    ],
)
def test_wrong_usage(run: Run, write: Write, arguments: list[str], words: str) -> None:
    """Named, and nothing is written."""
    write(RawRecord(email="t@t.com"))

    ran = run("export", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert words in " ".join(ran.err.split())


def test_no_value_is_left_out(run: Run, write: Write, tmp_path: Path) -> None:
    """A value of what is no field any more is named, and the export refused."""
    write(RawRecord(email="t@t.com", attributes=(RawAttribute("Shoe", "44"),)))
    assert rows(run("export").out)[0]["Shoe"] == "44"
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sqlite3;c=sqlite3.connect('synclead.db');c.execute('DELETE FROM field');c.commit()",
        ],
        cwd=tmp_path,
        check=True,
    )

    ran = run("export")

    assert ran.code == 1
    assert "lead 1000001 has a value of what is no field: Shoe" in ran.err


def test_whoever_reads_may_stop(write: Write, tmp_path: Path) -> None:
    """A reader that closes its end gets no traceback."""
    write(*(RawRecord(email=f"p{number}@t.com") for number in range(3)))
    program = "from synclead.cli.main import main; import sys; sys.argv = ['synclead', 'export']; main()"
    reader = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()

    assert reader.stderr.read() == ""
    assert reader.wait() == 1


def test_a_full_disk_is_named(write: Write, tmp_path: Path) -> None:
    """Where the result cannot be written the command says why and fails."""
    write(RawRecord(email="t@t.com"))
    program = "from synclead.cli.main import main; import sys; sys.argv = ['synclead', 'export']; main()"
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert (ran.returncode, ran.stderr) == (1, "the result cannot be written: No space left on device\n")
