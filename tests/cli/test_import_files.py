"""`synclead import` of files as other programs, spreadsheets and people leave them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import Ran, Run
from synclead.cli import csv_source

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
time_zone = "Europe/Berlin"
fields = [
    { name = "Visits", type = "integer" },
    { name = "Amount", type = "currency" },
    { name = "Ratio", type = "float" },
    { name = "LastSeen", type = "datetime" },
    { name = "Born", type = "date" },
]
"""

Import = Callable[..., Ran]


@pytest.fixture(autouse=True)
def declared(run: Run, tmp_path: Path) -> None:
    """A subscription with fields of its own."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0


@pytest.fixture
def take(run: Run, tmp_path: Path) -> Import:
    """Imports a text as leads.csv; arguments are the command's."""

    def take(content: str | bytes, *arguments: str) -> Ran:
        (tmp_path / "leads.csv").write_bytes(content.encode() if isinstance(content, str) else content)
        return run("import", "leads.csv", *arguments)

    return take


def stored(run: Run, *names: str) -> list[tuple[str, ...]]:
    """These cells of all leads."""
    rows = csv.DictReader(io.StringIO(run("export").out, newline=""))
    return [tuple(row[name] for name in names) for row in rows]


def refused(tmp_path: Path) -> list[list[str]]:
    """The rows of the refused file, the header first."""
    with (tmp_path / "leads.refused.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_dotted_thousands(run: Run, take: Import, tmp_path: Path) -> None:
    """A thousand or nothing is refused by its row; commas part groups, and `5.0` is 5."""
    ran = take('Email,Visits\r\nann@ex.org,1.000\r\nbob@ex.org,12.000\r\ncid@ex.org,"1,000"\r\ndan@ex.org,5.0\r\n')

    assert (ran.code, ran.out) == (1, "imported leads.csv: 2 created, 0 updated, 0 unchanged, 2 refused\n")
    assert stored(run, "Email", "Visits") == [("cid@ex.org", "1000"), ("dan@ex.org", "5")]
    reasons = [row[-1] for row in refused(tmp_path)[1:]]
    assert ["'1.000'" in reasons[0], "'12.000'" in reasons[1]] == [True, True]
    assert all("--decimal-comma" in reason for reason in reasons)


@pytest.mark.parametrize(
    "address",
    [
        "ann@ex.org\u200b",
        "\ufeffann@ex.org",
        "ann@ex.org\u200e",
        "\u00adann@ex.org",
        "mailto:ann@ex.org",
        "ann@ex.org.",
    ],
)
def test_one_person_however_the_address_was_copied(run: Run, take: Import, address: str) -> None:
    """The same lead, never a second one."""
    ran = take(f"Email,Company\nann@ex.org,A\n{address},B\n")

    assert ran.out == "imported leads.csv: 1 created, 1 updated, 0 unchanged, 0 refused\n"
    assert stored(run, "Email", "Company") == [("ann@ex.org", "B")]


def test_what_is_not_seen_within_a_key_is_refused_by_its_row(run: Run, take: Import, tmp_path: Path) -> None:
    """The reason names the character."""
    take("Email,ForeignSysPersonId\nan\u200bn@ex.org,\nb@ex.org,crm\u206018\nc@ex.org,crm-1\u200b|\ufeffcrm-1\n")

    assert [row[-1] for row in refused(tmp_path)[1:]] == [
        "row 2: Bad value for Email: 'an\\u200bn@ex.org' has U+200B in it, which is not seen (20110)",
        "row 3: Bad value for ForeignSysPersonId: 'crm\\u206018' has U+2060 in it, which is not seen (20110)",
    ]
    assert stored(run, "Email", "ForeignSysPersonId") == [("c@ex.org", "crm-1")]


@pytest.mark.parametrize(
    "content",
    [
        "Email,Company,,\r\nann@ex.org,Acme,,\r\n",
        "Email,Company\nann@ex.org,Acme,,,\n",
        "Email,Company, ,\nann@ex.org,Acme\n",
        "Email,Company,,\nann@ex.org,Acme, ,,,\n",
    ],
)
def test_empty_columns_behind_the_last_are_none(run: Run, take: Import, content: str) -> None:
    """In the header, in rows, or in both, as spreadsheets leave them."""
    assert take(content).out == "imported leads.csv: 1 created, 0 updated, 0 unchanged, 0 refused\n"
    assert stored(run, "Email", "Company") == [("ann@ex.org", "Acme")]


def test_a_text_under_no_heading_is_not_dropped(take: Import) -> None:
    """Its row has more cells than there are columns; a column without a name before the last stays one."""
    assert "row 2: 4 cells under 2 columns" in take("Email,Company,,\nann@ex.org,Acme,,x\n").err
    assert "column 2 has no name" in take("Email,,Company\nann@ex.org,,Acme\n").err


def test_datetimes_of_a_spreadsheet(run: Run, take: Import) -> None:
    """In the forms that a date takes, with a time or without, in the subscription's zone."""
    ran = take(
        "Email,LastSeen\r\na@ex.org,1/31/2026 10:00\r\nb@ex.org,1/31/2026 10:00 AM\r\nc@ex.org,1/31/2026\r\n"
        "d@ex.org,2026-01-31\r\ne@ex.org,2026-01-31T10:00:00Z\r\n"
    )

    assert (ran.code, ran.err) == (0, "")
    assert [cell for (cell,) in stored(run, "LastSeen")] == [
        *(
            "2026-01-31T09:00:00Z",
            "2026-01-31T09:00:00Z",
            "2026-01-30T23:00:00Z",
            "2026-01-30T23:00:00Z",
            "2026-01-31T10:00:00Z",
        )
    ]


GERMAN = 'Email,Amount,Visits,LastSeen,Born\r\na@ex.org,"1.234,50",1.000,31.01.2026 10:00,5.1.1990\r\nb@ex.org,"1 234,50",,,\r\nc@ex.org,"9,99",,,\r\n'


def test_numbers_and_dates_of_another_place(run: Run, take: Import, tmp_path: Path) -> None:
    """Refused by name, with the options that read them; with those they are what was meant."""
    ran = take(GERMAN)
    assert ran.out == "imported leads.csv: 0 created, 0 updated, 0 unchanged, 3 refused\n"
    assert all("--decimal-comma" in row[-1] for row in refused(tmp_path)[1:])

    ran = take(GERMAN, "--decimal-comma", "--date-format", "dmy")

    assert (ran.code, ran.err) == (0, "")
    assert stored(run, "Email", "Amount", "Visits", "LastSeen", "Born") == [
        ("a@ex.org", "1234.5", "1000", "2026-01-31T09:00:00Z", "1990-01-05"),
        ("b@ex.org", "1234.5", "", "", ""),
        ("c@ex.org", "9.99", "", "", ""),
    ]


def test_refused_rows_are_imported_with_the_same_options(take: Import, run: Run, tmp_path: Path) -> None:
    """The command that is told has them, quoted for a shell."""
    ran = take(
        'Email,Amount,Born\nbad,"9,99",31 Jan 1990\n', "--decimal-comma", "--date-format", "%d %b %Y", "--clear-blank"
    )

    command = "synclead import --clear-blank --decimal-comma --date-format '%d %b %Y' leads.refused.csv"
    assert f"then run `{command}`" in ran.err
    (tmp_path / "leads.refused.csv").write_text((tmp_path / "leads.refused.csv").read_text().replace("bad", "a@ex.org"))
    assert run("import", "--clear-blank", "--decimal-comma", "--date-format", "%d %b %Y", "leads.refused.csv").code == 0
    assert stored(run, "Amount", "Born") == [("9.99", "1990-01-31")]


def test_a_day_before_its_month_is_told(run: Run, take: Import, tmp_path: Path) -> None:
    """With the option that reads it; a date of the same column that could be either is not guessed."""
    content = "Email,Born\na@ex.org,31/01/1990\nb@ex.org,05/01/1990\nc@ex.org,1990-01-05\nd@ex.org,5/5/1990\n"
    ran = take(content)

    assert (
        "column 'Born': 1 cell, such as '31/01/1990' in row 2, with the day before the month: say so with --date-format dmy"
        in ran.err
    )
    assert [row[1:] for row in refused(tmp_path)[1:]] == [
        [
            "31/01/1990",
            "row 2: Bad value for Born: date '31/01/1990' has the day before the month: say so with --date-format dmy (20110)",
        ],
        [
            "05/01/1990",
            "row 3: Bad value for Born: date '05/01/1990' may have the day before the month, as other cells of its column do: "
            "say --date-format dmy, or mdy (20110)",
        ],
    ]
    assert stored(run, "Email", "Born") == [("c@ex.org", "1990-01-05"), ("d@ex.org", "1990-05-05")]

    assert take(content, "--date-format", "dmy").code == 0
    assert sorted(stored(run, "Email", "Born"))[:2] == [("a@ex.org", "1990-01-31"), ("b@ex.org", "1990-01-05")]


def test_a_month_before_its_day_is_read_as_ever(run: Run, take: Import) -> None:
    """Nothing of the file says otherwise."""
    assert (take("Email,Born\na@ex.org,05/01/1990\nb@ex.org,1/31/1990\n").err, stored(run, "Born")) == (
        "",
        [("1990-05-01",), ("1990-01-31",)],
    )


def test_kept_times_are_written_as_said_too(run: Run, take: Import) -> None:
    """Those of leads that keep their Ids."""
    take(
        "Id,Email,createdAt,updatedAt\n7,a@ex.org,31.01.2020 10:00,2020-02-01T00:00:00.5Z\n",
        "--keep-ids",
        "--date-format",
        "dmy",
    )
    assert stored(run, "createdAt", "updatedAt") == [("2020-01-31T09:00:00.000000Z", "2020-02-01T00:00:00.500000Z")]


RAGGED = "Email,Company,City\r\na@ex.org,A\r\nb@ex.org,B,C,D\r\nc@ex.org,C,Z\r\n"


def test_ragged_rows_are_named_all_of_them(run: Run, take: Import) -> None:
    """The file is refused, and nothing of it is written."""
    ran = take(RAGGED)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "leads.csv, row 2: 2 cells under 3 columns; row 3: 4 cells under 3 columns: each row must have a cell for each "
        "column, empty or not; --skip-ragged refuses such rows alone\n"
    )
    assert stored(run, "Email") == []


def test_of_many_ragged_rows_the_first_are_named(take: Import) -> None:
    """And how many there are beside them."""
    ran = take("Email,Company\n" + "a@ex.org\n" * 1_000)

    assert ran.err.count(": 1 cells under 2 columns") == csv_source.RAGGED_NAMED == 20
    assert "row 21: 1 cells under 2 columns; and 980 rows more: each row" in ran.err


def test_ragged_rows_cost_themselves_alone(run: Run, take: Import, tmp_path: Path) -> None:
    """Where that was said: the good row goes in, and the others stand in the refused file as they came."""
    ran = take(RAGGED, "--skip-ragged")

    assert (ran.code, ran.out) == (1, "imported leads.csv: 1 created, 0 updated, 0 unchanged, 2 refused\n")
    assert stored(run, "Email", "Company", "City") == [("c@ex.org", "C", "Z")]
    why = "columns: a row must have a cell for each column, empty or not (20110)"
    assert refused(tmp_path) == [
        ["Email", "Company", "City", "Refused because"],
        ["a@ex.org", "A", f"row 2: 2 cells under 3 {why}"],
        ["b@ex.org", "B", "C", "D", f"row 3: 4 cells under 3 {why}"],
    ]


def test_a_dry_run_names_ragged_rows_too(run: Run, take: Import) -> None:
    """As it names every row that would be refused."""
    ran = take(RAGGED, "--skip-ragged", "--dry-run")

    assert [line.partition(" cells")[0] for line in ran.out.splitlines()[:2]] == ["row 2: 2", "row 3: 4"]
    assert "1 created, 0 updated, 0 unchanged, 2 refused; nothing was written" in ran.out


def test_a_ragged_row_stays_ragged_until_it_is_mended(run: Run, take: Import, tmp_path: Path) -> None:
    """Imported as it is, with its reason, it is refused again, as often as that is done; no cell comes under another heading."""
    take(RAGGED, "--skip-ragged")
    path = tmp_path / "leads.refused.csv"
    for name in ("second", "third", "fourth"):
        assert "--skip-ragged" in run("import", path.name).err
        ran = run("import", path.name, "--skip-ragged", "--again", "--refused", f"{name}.csv")
        assert ran.out.endswith("0 created, 0 updated, 0 unchanged, 2 refused\n")
        path = tmp_path / f"{name}.csv"
        rows = list(csv.reader(path.open(newline=""), strict=True))
        assert [row[:-1] for row in rows] == [
            ["Email", "Company", "City"],
            ["a@ex.org", "A"],
            ["b@ex.org", "B", "C", "D"],
        ]

    path.write_text("Email,Company,City,Refused because\na@ex.org,A,X,mended\nb@ex.org,B,C,row 3: 4 cells (20110)\n")
    assert run("import", path.name).out.endswith("2 created, 0 updated, 0 unchanged, 0 refused\n")


def test_a_ragged_row_that_a_spreadsheet_filled_up_stays_ragged(run: Run, take: Import, tmp_path: Path) -> None:
    """It saves every row as wide as the widest; the reason would come under a heading."""
    take(RAGGED, "--skip-ragged")
    rows = refused(tmp_path)
    with (tmp_path / "filled.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*row, "", ""][:5] for row in rows])

    for name in ("filled", "filled.refused"):
        ran = run("import", f"{name}.csv", "--skip-ragged")
        assert ran.out.endswith("0 created, 0 updated, 0 unchanged, 2 refused\n")
        written = list(csv.reader((tmp_path / f"{name}.refused.csv").open(newline=""), strict=True))
        assert [row[:-1] for row in written] == [row[:-1] for row in rows]
    assert (
        "row 2: the reason of an earlier refusal stands in a column of values"
        in (tmp_path / "filled.refused.csv").read_text()
    )


def test_a_cell_of_a_ragged_row_is_never_taken_for_a_reason(run: Run, take: Import, tmp_path: Path) -> None:
    """Where somebody took the reason out of a refused file, the last cell is a cell."""
    take("Email,Company,City,Refused because\na@ex.org,A,X\n", "--skip-ragged")
    assert refused(tmp_path)[1][:3] == ["a@ex.org", "A", "X"]


def test_ragged_rows_are_counted_on_from_an_interruption(run: Run, take: Import) -> None:
    """They are rows as others are: the same file is imported once."""
    take(RAGGED, "--skip-ragged")
    assert "was imported already" in take(RAGGED, "--skip-ragged").out


def test_a_line_that_says_what_parts_the_cells(run: Run, take: Import) -> None:
    """It is understood and no row."""
    ran = take("sep=;\r\nEmail;First Name\r\nann@ex.org;Ann\r\nbad;B\r\n")

    assert ran.out == "imported leads.csv: 1 created, 0 updated, 0 unchanged, 1 refused\n"
    assert stored(run, "Email", "FirstName") == [("ann@ex.org", "Ann")]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_needs_no_option(run: Run, take: Import, codec: str) -> None:
    """The same file in each encoding comes to the same lead."""
    assert take("Email,First Name\nann@ex.org,J\u00f6rg\n".encode(codec)).code == 0
    assert stored(run, "Email", "FirstName") == [("ann@ex.org", "J\u00f6rg")]


def test_numbers_that_a_spreadsheet_has_rounded_are_told(run: Run, take: Import, tmp_path: Path) -> None:
    """Once a column, with the first of them; as a value they are kept, as a key they are refused."""
    rows = "".join(f"p{n}@ex.org,4.930{n}E+11,\n" for n in range(1, 6))
    ran = take(f"Email,Phone,ForeignSysPersonId\n{rows}x@ex.org,+49 30,4.9301E+11\ny@ex.org,AE+11,crm-1|1E+05\n")

    assert (
        "column 'Phone': 5 cells, such as '4.9301E+11' in row 2 and '4.9302E+11' in row 3 and '4.9303E+11' in row 4, rounded by a "
        "spreadsheet, so that the last digits are lost"
    ) in ran.err
    assert "column 'ForeignSysPersonId': 1 cell, such as '4.9301E+11' in row 7, rounded by a spreadsheet" in ran.err
    assert [phone for (phone,) in stored(run, "Phone")] == [f"4.930{n}E+11" for n in range(1, 6)]
    assert [row[-1] for row in refused(tmp_path)[1:]] == [
        f"row {row}: Bad value for ForeignSysPersonId: '{id}' is a number that a spreadsheet has rounded, so that its last digits "
        "are lost (20110)"
        for row, id in ((7, "4.9301E+11"), (8, "1E+05"))
    ]


def test_rounded_numbers_are_found_wherever_they_stand(take: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a row reaches over two blocks, in a row that is looked at alone, and not in a column that is left out."""
    filler = "x" * 30_000
    ran = take(
        f'Email,Phone,Notes\na@ex.org,4.9301E+11,"{filler}\n{filler}\n"\nb@ex.org,,"{"x" * 65_000}"\nc@ex.org,5.5E+10,\n',
        "--ignore-column",
        "Notes",
    )
    assert "2 cells, such as '4.9301E+11' in row 2 and '5.5E+10' in row 4, rounded" in ran.err
    ran = take("Email,Phone\na@ex.org,4.9301E+11\n", "--ignore-column", "Phone")
    assert ran.err == ""


def test_decimals_that_may_be_thousands_are_told(run: Run, take: Import) -> None:
    """They are read with a decimal point, as documented; where a cell of the column shows that it is one, nothing is said."""
    ran = take("Email,Amount,Ratio\na@ex.org,1.500,12.345\nb@ex.org,12.345,0.5\n")

    assert ran.err == (
        "column 'Amount': 2 cells, such as '1.500' in row 2 and '12.345' in row 3, read with a decimal point: where points part "
        "groups of three, import the file again with --decimal-comma\n"
    )
    assert stored(run, "Amount", "Ratio") == [("1.5", "12.345"), ("12.345", "0.5")]
    assert take("Email,Amount\na@ex.org,1.500\n", "--decimal-comma").err == ""
    assert stored(run, "Amount")[0] == ("1500",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--date-format", "%d.%m.%y"), ["'%d.%m.%y' has %y, which is none of", "or say dmy, mdy, ymd"]),
        (("--date-format", "dm"), ["must name one day"]),
    ],
)
def test_a_format_that_says_too_little_is_wrong_usage(
    take: Import, arguments: tuple[str, ...], words: list[str]
) -> None:
    """It ends with 2 and says what is missing."""
    ran = take("Email\na@ex.org\n", *arguments)
    assert ran.code == 2
    for word in words:
        assert word in " ".join(ran.err.replace("│", " ").split())


def test_a_workbook_is_called_one(take: Import) -> None:
    """With what to do; nothing of it is taken for a heading."""
    ran = take(b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(16) + b"[Content_Types].xml" + bytes(100))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "leads.csv is no CSV, it is a workbook of Excel (.xlsx): open it there and save the sheet as CSV, then import that file\n"
    )


def test_an_export_is_read_back_whatever_it_holds(run: Run, take: Import, tmp_path: Path) -> None:
    """Canonical values are understood without any option, and change nothing."""
    take("Email,Amount,Ratio,Visits,LastSeen,Born\na@ex.org,1.234,12.345,1000,2026-01-31T10:00:00Z,1990-01-05\n")
    out = run("export").out
    (tmp_path / "all.csv").write_text(out, newline="")
    assert run("import", "all.csv", "--keep-ids").out.endswith("0 created, 0 updated, 1 unchanged, 0 refused\n")
    assert run("export").out == out
    assert json.loads(run("lead", "show", "a@ex.org", "--json").out)[0]["fields"]["Amount"] == "1.234"
