"""`synclead import` as a person runs it."""

import csv
import io
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import Ran, Run, run_here
from synclead.cli import csv_source, import_run, meter
from synclead.cli.console import Refusal
from synclead.store import importing, row_groups

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
fields = [{ name = "ShoeSize", type = "integer", label = "Shoe size" }]
"""

Import = Callable[..., Ran]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one subscription that has a field of its own; made once."""
    folder = tmp_path_factory.mktemp("import")
    (folder / "leads.toml").write_text(FILE)
    assert run_here("apply", "leads.toml", environment={}, directory=folder).code == 0
    return folder


@pytest.fixture(autouse=True)
def declared(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it for each test; groups of three rows without rests."""

    async def no_rest(self: importing.Importer, seconds: float) -> None:
        return

    monkeypatch.setattr(importing.Importer, "_rest", no_rest)
    monkeypatch.setattr(row_groups, "GROUP_RECORDS", 3)
    for file in database.iterdir():
        shutil.copy(file, tmp_path)


@pytest.fixture
def take(run: Run, tmp_path: Path) -> Import:
    """Imports a text, or bytes, as leads.csv; arguments are the command's."""

    def take(content: str | bytes, *arguments: str) -> Ran:
        (tmp_path / "leads.csv").write_bytes(content.encode() if isinstance(content, str) else content)
        return run("import", "leads.csv", *arguments)

    return take


def exported(run: Run) -> list[dict[str, str]]:
    """All leads, only what is set."""
    rows = csv.DictReader(io.StringIO(run("export").out, newline=""))
    return [{name: text for name, text in row.items() if text} for row in rows]


def test_leads_are_imported(run: Run, take: Import) -> None:
    """Headers are SOAP names, REST names and labels; the result says what the rows came to."""
    ran = take(
        "Email Address,firstName,Shoe size,foreignsyspersonid,ForeignSysType\r\n"
        'a@e.com,"A, ""the"" first",42,1|2,SFDC|\r\n'
        "\r\n"
        "b@e.com,B,,3,\r\n"
    )

    assert (ran.code, ran.out, ran.err) == (0, "imported leads.csv: 2 created, 0 updated, 0 unchanged, 0 refused\n", "")
    first, second = exported(run)
    assert (first["Email"], first["FirstName"], first["ShoeSize"]) == ("a@e.com", 'A, "the" first', "42")
    assert (first["ForeignSysPersonId"], first["ForeignSysType"]) == ("1|2", "SFDC|CUSTOM")
    assert (second["FirstName"], second["ForeignSysPersonId"]) == ("B", "3")


def test_a_blank_cell_clears_only_where_that_was_chosen(run: Run, take: Import) -> None:
    """Files of other systems have blanks everywhere, and nothing is to be lost to them."""
    take("Email,FirstName\na@e.com,A\n")
    take("Email,FirstName,LastName\na@e.com,,L\n")
    assert exported(run)[0]["FirstName"] == "A"

    take("Email,FirstName,LastName\na@e.com,,L\n", "--clear-blank")

    assert "FirstName" not in exported(run)[0]


def test_refused_rows_can_be_mended_and_imported(run: Run, take: Import, tmp_path: Path) -> None:
    """They stand in a file with their columns and the reason, the rest is in; the mended file is imported as it is."""
    ran = take('Email,FirstName,ShoeSize\na@e.com,A,1\nbad,"B, b",2\nc@e.com,C,large\nd@e.com,D,4\n')

    assert ran.code == 1
    assert ran.out == "imported leads.csv: 2 created, 0 updated, 0 unchanged, 2 refused\n"
    assert ran.err == "2 rows refused: mend leads.refused.csv, then run `synclead import leads.refused.csv`\n"
    refused = tmp_path / "leads.refused.csv"
    assert refused.stat().st_mode & 0o777 == 0o600
    header, *rows = csv.reader(refused.open(newline=""))
    assert header == ["Email", "FirstName", "ShoeSize", "Refused because"]
    assert [row[:3] for row in rows] == [["bad", "B, b", "2"], ["c@e.com", "C", "large"]]
    assert rows[0][3].startswith("row 3: Bad value for Email")
    assert rows[1][3].startswith("row 4: Bad value for ShoeSize: integer 'large'")

    refused.write_text(refused.read_text().replace("bad,", "b@e.com,").replace("large", "3"))
    ran = run("import", "leads.refused.csv")

    assert (ran.code, ran.out.split(": ")[1]) == (0, "2 created, 0 updated, 0 unchanged, 0 refused\n")
    assert sorted(one["Email"] for one in exported(run)) == ["a@e.com", "b@e.com", "c@e.com", "d@e.com"]
    assert not (tmp_path / "leads.refused.refused.csv").exists()


def test_refused_rows_of_a_refused_file(run: Run, take: Import, tmp_path: Path) -> None:
    """The column of reasons does not stand there twice."""
    take("Email,FirstName\nbad,B\n")

    run("import", "leads.refused.csv", "--refused", "again.csv")

    assert (tmp_path / "again.csv").read_text().splitlines()[0] == "Email,FirstName,Refused because"


def test_a_dry_run_says_what_would_come(run: Run, take: Import, tmp_path: Path) -> None:
    """Also of rows that mean leads of rows before; nothing is written, no file made."""
    content = "Email,FirstName\na@e.com,A\nbad,B\nc@e.com,C\nd@e.com,D\na@e.com,A\na@e.com,Z\n"

    ran = take(content, "--dry-run")

    assert ran.code == 1
    assert ran.out.splitlines()[0].startswith("row 3: Bad value for Email")
    assert ran.out.splitlines()[1] == (
        "leads.csv would come to 3 created, 1 updated, 1 unchanged, 1 refused; nothing was written"
    )
    assert ran.err == "1 row would be refused\n"
    assert exported(run) == []
    assert not (tmp_path / "leads.refused.csv").exists()
    assert take(content).out.split(": ")[1] == "3 created, 1 updated, 1 unchanged, 1 refused\n"


def test_a_file_is_imported_once(take: Import) -> None:
    """Run again it says so, and when; other options or `--again` make it another import."""
    content = "Email\na@e.com\n"
    take(content)

    ran = take(content)
    assert ran.code == 0
    assert ran.out.startswith("leads.csv was imported already, at 20")
    assert "1 created, 0 updated, 0 unchanged, 0 refused" in ran.out

    assert take(content, "--again").out == "imported leads.csv: 0 created, 0 updated, 1 unchanged, 0 refused\n"
    assert take(content, "--clear-blank").out == "imported leads.csv: 0 created, 0 updated, 1 unchanged, 0 refused\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_can_be_interrupted(
    run: Run, take: Import, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """It ends after the group under way and says how to go on; the next run does, and comes to the same."""
    content = "Email\n" + "".join(f"p{n}@e.com\n" for n in range(8))
    transact = importing.Importer._transact

    async def interrupted(self: importing.Importer, *arguments: object) -> object:
        os.kill(os.getpid(), number)
        return await transact(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(importing.Importer, "_transact", interrupted)
        ran = take(content)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "stopped after 3 of 8 rows: run the same command again to go on\n"
    ran = take(content)
    assert ran.err == "going on after row 3 of 8, where an earlier run ended\n"
    assert ran.out == "imported leads.csv: 8 created, 0 updated, 0 unchanged, 0 refused\n"
    assert [one["Email"] for one in exported(run)] == [f"p{n}@e.com" for n in range(8)]


def test_a_file_that_changes_meanwhile_ends_the_import(
    take: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Between the two readings, or while its rows go in."""
    rows = import_run.ImportRun._rows

    def changing(self: import_run.ImportRun, done: int) -> object:
        (tmp_path / "leads.csv").write_text("Email\nother@e.com\n")
        return rows(self, done)

    monkeypatch.setattr(import_run.ImportRun, "_rows", changing)

    ran = take("Email\na@e.com\n")

    assert ran.code == 1
    assert "leads.csv was changed while it was read" in ran.err


def test_an_export_comes_back_under_its_ids(run: Run, take: Import, tmp_path: Path) -> None:
    """What was exported is imported with `--keep-ids` into an empty database, and exported again to the same bytes."""
    take("Email,FirstName,ForeignSysPersonId,Cookie\na@e.com,A,1|2\\|3,_mch-e.com-1-11111\nb@e.com,B,,\na@e.com,,4,\n")
    first = run("export").out
    (tmp_path / "all.csv").write_bytes(first.encode())
    for one in ("apply leads.toml", "import all.csv --keep-ids"):
        assert run(*one.split(), "--database-url", "sqlite:///other.db").code == 0

    assert run("export", "--database-url", "sqlite:///other.db").out == first
    ran = run("import", "all.csv", "--keep-ids", "--again", "--database-url", "sqlite:///other.db")
    assert ran.out == "imported all.csv: 0 created, 0 updated, 3 unchanged, 0 refused\n"


def test_hints_are_said(run: Run, take: Import) -> None:
    """An Email on several leads is no fault, but may not have been meant."""
    ran = take("Id,Email\n7,a@e.com\n9,a@e.com\n", "--keep-ids")

    assert (ran.code, ran.err) == (0, "1 row with an Email that other leads have, too\n")


def test_progress_is_said_without_a_terminal(take: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in ten seconds: rows, rate and time left."""
    monkeypatch.setattr(meter, "LINE_SECONDS", 0.0)

    ran = take("Email\n" + "".join(f"p{n}@e.com\n" for n in range(4)))

    lines = ran.err.splitlines()
    assert lines[0].startswith("Reading leads.csv: 0 rows, ")
    assert lines[-1].startswith("Importing leads.csv: 4 of 4 rows, ")
    assert lines[-1].endswith(" a second, 0 s left")


def test_a_workspace_is_the_calls(take: Import) -> None:
    """One that nobody defined is refused before a row is read."""
    ran = take("Email\na@e.com\n", "--workspace", "EMEA")

    assert ran.code == 1
    assert "EMEA" in ran.err


NUL_AND_QUOTE = 'Email,FirstName\na@e.com,"x\ny\0z"\n'
BAD = [
    pytest.param("Email;FirstName\na@e.com;A\n", (), ["one column", "Email;FirstName", '--delimiter ";"'], id="semicolon"),
    pytest.param("Email\tFirstName\na@e.com\tA\n", (), ['--delimiter "tab"'], id="tab"),
    pytest.param("Email,FirstName\n".encode("utf-16-le"), (), ["--encoding utf-16-le"], id="utf-16 without mark"),
    pytest.param("Email,FirstName\n".encode("utf-16-be"), (), ["--encoding utf-16-be"], id="utf-16-be without mark"),
    pytest.param("Email,FirstName\na@e.com,A\nb@e.com,M\u00fcller\n".encode("latin-1"), (), ["row 3, column 'FirstName'", "byte 0xFC is not UTF-8", "--encoding cp1252"], id="latin-1"),
    pytest.param("M\u00fcller,Email\n".encode("latin-1"), (), ["row 1, column 1", "0xFC"], id="latin-1 in the header"),
    pytest.param(b"Email,FirstName\na@e.com,\x81\n", ("--encoding", "cp1252"), ["row 2", "byte 0x81 is not cp1252"], id="not cp1252"),
    pytest.param('Email,FirstName\na@e.com,A\nb@e.com,"B\nc@e.com,C\n', (), ["row 3, column 'FirstName'", "never closed"], id="unclosed quote"),
    pytest.param('Email,FirstName\na@e.com,"A"b\n', (), ["row 2, column 'FirstName'", "quote"], id="text after a quote"),
    pytest.param("Email,FirstName\na@e.com,A\nb@e.com\n", (), ["row 3: 1 cells under 2 columns"], id="short row"),
    pytest.param('Email,FirstName\n"a@e.com",A\n\nb@e.com,B,C\n', (), ["row 4: 3 cells under 2 columns"], id="long row"),
    pytest.param("Email,Hat,Pants\na@e.com,x,y\n", (), ["'Hat', 'Pants'", "fields add", "--ignore-column"], id="unknown columns"),
    pytest.param("Email,FirstName,firstname\na@e.com,x,y\n", (), ["'FirstName' and 'firstname'"], id="doubled columns"),
    pytest.param("Email,createdAt\na@e.com,x\n", (), ["'createdAt'", "--keep-ids"], id="times without ids"),
    pytest.param("Email,FirstName\na@e.com," + "x" * 65_536 + "\n", (), ["row 2, column 'FirstName'", "65536 characters", "65535"], id="long cell"),
    pytest.param("Email,FirstName\na@e.com," + "x" * 10_000_000 + "\n", (), ["row 2, column 'FirstName'", "more than 4194304 characters"], id="10 MB cell"),
    pytest.param('Email,FirstName\na@e.com,"' + ("x" * 99 + "\n") * 100_000, (), ["row 2, column 'FirstName'", "quote that is not closed"], id="10 MB behind a quote"),
    pytest.param("", (), ["is empty"], id="empty"),
    pytest.param("\n\n", (), ["is empty"], id="blank lines"),
    pytest.param(NUL_AND_QUOTE, (), ["row 2, column 'FirstName'", "NUL"], id="NUL"),
    pytest.param("Email\0\na@e.com\n", (), ["row 1, column 1", "NUL"], id="NUL in the header"),
    pytest.param("Email\na@e.com\n", ("--keep-ids",), ["needs a column Id"], id="ids to keep"),
    pytest.param("Email\na@e.com\n", ("--ignore-column", "Hat"), ["'Hat' names no column"], id="ignored column"),
    pytest.param("Email\na@e.com\n", ("--refused", "leads.csv"), ["is the file to import"], id="refused into itself"),
    pytest.param("Email\nbad\n", ("--refused", "leads.toml"), ["leads.toml is not a file of refused rows"], id="refused into another"),
    pytest.param("Email\nbad\n", ("--refused", "nowhere/r.csv"), ["nowhere/r.csv cannot be written"], id="refused nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "arguments", "words"), BAD)
def test_a_bad_file_is_refused_as_a_whole(
    take: Import, content: str | bytes, arguments: tuple[str, ...], words: list[str], tmp_path: Path
) -> None:
    """One sentence names the row, the column and what to do; no lead is made, not even of the rows before."""
    ran = take(content, *arguments)

    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1
    for word in words:
        assert word in ran.err
    with sqlite3.connect(tmp_path / "synclead.db") as connection:
        assert connection.execute("SELECT count(*) FROM lead").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        pytest.param("\ufeffEmail,FirstName\na@e.com,M\u00fcller\n", (), id="mark"),
        pytest.param("Email;FirstName\r\na@e.com;M\u00fcller\r\n", ("--delimiter", ";"), id="semicolon"),
        pytest.param("Email\tFirstName\ra@e.com\tM\u00fcller\r", ("--delimiter", "tab"), id="tab and old Mac"),
        pytest.param("Email,FirstName\na@e.com,M\u00fcller\n".encode("utf-16"), ("--encoding", "utf-16"), id="utf-16"),
        pytest.param("Email,FirstName\na@e.com,M\u00fcller".encode("cp1252"), ("--encoding", "cp1252"), id="cp1252"),
        pytest.param("\ufeffEmail,FirstName\na@e.com,M\u00fcller\n", ("--encoding", "UTF8"), id="utf-8 by name"),
        pytest.param("Email,FirstName,Hat\na@e.com,M\u00fcller,x\n,,\n", ("--ignore-column", "hat"), id="ignored column"),
    ],
)  # fmt: skip
def test_files_of_other_programs(run: Run, take: Import, content: str | bytes, arguments: tuple[str, ...]) -> None:
    """Marks, delimiters, line ends and encodings that were named."""
    assert take(content, *arguments).err == ""
    assert exported(run)[0]["FirstName"] == "M\u00fcller"


def test_a_file_of_headers_alone_is_done(take: Import) -> None:
    """There is nothing to import, and nothing wrong."""
    ran = take("Email,FirstName\n")

    assert (ran.code, ran.out) == (0, "leads.csv names columns and has no rows: there is nothing to import\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--delimiter", ";;"),
        ("--delimiter", ""),
        ("--delimiter", '"'),
        ("--encoding", "nonsense"),
        ("--encoding", "hex"),
    ],
)
def test_wrong_usage(take: Import, arguments: tuple[str, ...]) -> None:
    """A delimiter or an encoding that is none ends with 2."""
    assert take("Email\na@e.com\n", *arguments).code == 2


def test_a_file_that_cannot_be_read(run: Run) -> None:
    """The sentence names it."""
    for name in ("nothing.csv", "."):
        ran = run("import", name)
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert f"{name} cannot be read" in ran.err


def test_refused_rows_that_were_lost_are_told(take: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file of an interrupted import went away, the next run says so and goes on."""
    content = "Email\n" + "bad\n" * 8
    with monkeypatch.context() as patch:
        patch.setattr(import_run, "may_starve_others", lambda url: True)
        patch.setattr(importing.Importer, "_rest", lambda self, seconds: _stop(self))
        take(content)
    (tmp_path / "leads.refused.csv").unlink()

    ran = take(content)

    assert "leads.refused.csv has lost rows that were refused before" in ran.err
    assert "8 refused" in ran.out


def test_refused_rows_of_an_unfinished_group_are_cut_off(
    take: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the file and was never committed is refused anew: each row stands there once."""
    content = "Email\n" + "bad\n" * 8
    with monkeypatch.context() as patch:
        patch.setattr(import_run, "may_starve_others", lambda url: True)
        patch.setattr(importing.Importer, "_rest", lambda self, seconds: _stop(self))
        take(content)
    with (tmp_path / "leads.refused.csv").open("a") as file:
        file.write("bad,half a row that was never com")

    assert "8 refused" in take(content).out
    rows = list(csv.reader((tmp_path / "leads.refused.csv").open(newline="")))
    assert [one[1][:7] for one in rows[1:]] == [f"row {n}: " for n in range(2, 10)]


async def _stop(importer: importing.Importer) -> None:
    importer.stop.set()


def test_another_import_of_the_file_waits(take: Import, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Two at once would write one file of refused rows: the second is refused."""
    inner: list[Ran] = []
    write = import_run.ImportRun._run

    async def twice(self: import_run.ImportRun, *arguments: object, **options: object) -> object:
        with (
            pytest.raises(Exception, match=r"another import of leads\.csv is under way"),
            import_run._alone(Path("leads.csv")),
        ):
            inner.append(Ran(0, "", ""))
        return await write(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(import_run.ImportRun, "_run", twice)

    assert take("Email\na@e.com\n").code == 0
    assert not inner


def test_reading_is_bounded_in_memory(tmp_path: Path) -> None:
    """Of a line without an end no more is read than a row may have."""
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.write(b"Email\n")
        file.truncate(1 << 40)  # holes: a terabyte of NULs

    with pytest.raises(Refusal, match="row 2"):
        list(csv_source.CsvSource(path).rows())


def test_no_trace_of_a_dry_run(run: Run, take: Import, tmp_path: Path) -> None:
    """Neither progress nor counters: the import after it is the first."""
    take("Email\na@e.com\n", "--dry-run")

    with sqlite3.connect(tmp_path / "synclead.db") as connection:
        assert connection.execute("SELECT count(*) FROM import_progress").fetchall() == [(0,)]
