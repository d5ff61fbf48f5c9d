"""`synclead lead`, `visitor` and `sync --explain` on a database that the writer wrote."""

import asyncio
import json
import re
import sqlite3
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from support.command import Run
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.sqlite import SqliteDatabase
from synclead.store.writer import Writer

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
first_lead_id = 1000001
workspaces_enabled = true
partitions = ["Default", "Europe"]
workspaces = [
    { name = "Default", primary_partition = "Default" },
    { name = "EMEA", primary_partition = "Europe" },
]
"""
GEORGE = RawRecord(
    email="t@t.com",
    foreign_id="X-1",
    attributes=(RawAttribute("FirstName", "George"), RawAttribute("DateofBirth", "7/4/1971")),
)
IDENTITY = Path(__file__).parents[2] / "docs" / "identity.md"
NOW = datetime(2026, 8, 1, 9, 30, 5, 250000, tzinfo=UTC)
TOKEN = "_mch-example.com-1772443800000-48151"


def write(path: Path, *records: RawRecord) -> None:
    """Calls of a server, at a known moment."""

    async def sync() -> None:
        database = SqliteDatabase(path)
        writer = Writer(database, now=lambda: NOW)
        await writer.start()
        for record in records:
            await writer.sync(1, record)
        await writer.close()

    asyncio.run(sync())


@pytest.fixture
def database(run: Run, tmp_path: Path) -> Path:
    """A database with one subscription and George."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0
    path = tmp_path / "synclead.db"
    write(path, GEORGE)
    return path


@pytest.mark.usefixtures("database")
def test_a_lead_is_shown_as_json_by_id(run: Run) -> None:
    """The JSON of a lead has its keys, canonical values, times in UTC and its history by display names."""
    ran = run("lead", "show", "1000001", "--json")

    shown = json.loads(ran.out)
    activities = shown.pop("activities")
    assert shown == {
        "id": 1000001,
        "email": "t@t.com",
        "partition": "Default",
        "known": True,
        "created_at": "2026-08-01T09:30:05.250Z",
        "updated_at": "2026-08-01T09:30:05.250Z",
        "foreign_ids": [{"type": "CUSTOM", "id": "X-1"}],
        "cookies": [],
        "fields": {"FirstName": "George", "DateofBirth": "1971-07-04"},
    }
    assert activities[0]["type"] == "New Lead"
    assert set(activities[0]) == {"id", "type", "at", "attributes"}


def test_leads_of_an_email_are_a_list(run: Run, database: Path) -> None:
    """By Email, matched without regard to case, the JSON is a list: of all its leads, or of none."""
    write(database, RawRecord(email="T@T.com", foreign_id="X-2"))

    found = json.loads(run("lead", "show", "T@t.com", "--json").out)

    assert [lead["id"] for lead in found] == [1000002, 1000001]
    ran = run("lead", "show", "nobody@t.com", "--json")
    assert (ran.code, json.loads(ran.out)) == (0, [])


@pytest.mark.usefixtures("database")
def test_a_lead_is_shown_to_people(run: Run) -> None:
    """Without --json a lead is lines of names and values."""
    lines = run("lead", "show", "1000001").out.splitlines()

    assert "Email\tt@t.com" in lines
    assert "FirstName\tGeorge" in lines
    assert "Foreign id CUSTOM\tX-1" in lines


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "7"], 1, "no lead has the Id 7"),
        (["show", "seven"], 2, "Bad value for Id"),
        (["show", "a@b@c"], 2, "Bad value for Email"),
        (["forget", "7", "--yes"], 1, "no lead has the Id 7"),
        (["forget", "t@t.com", "--yes"], 2, "Bad value for Id"),
        (["show", "7", "--subscription", "Nobody"], 1, "no subscription is called Nobody"),
    ],
)
def test_what_is_not_there_is_refused(run: Run, arguments: list[str], code: int, words: str) -> None:
    """An unknown lead is refused, a text that is no key is wrong usage."""
    ran = run("lead", *arguments)

    assert ran.code == code
    assert ran.out == ""
    assert words in ran.err


def test_a_forgotten_lead_is_gone(run: Run, database: Path) -> None:
    """Forgetting erases keys and values, and the Id is not used again."""
    ran = run("lead", "forget", "1000001", "--yes")

    assert (ran.code, ran.out) == (0, "lead 1000001 is forgotten\n")
    assert run("lead", "show", "1000001").code == 1
    assert b"George" not in b"".join(
        bytes(repr(row), "utf-8") for row in json.loads(run("lead", "show", "t@t.com", "--json").out)
    )
    write(database, GEORGE)
    assert [lead["id"] for lead in json.loads(run("lead", "show", "t@t.com", "--json").out)] == [1000002]


@pytest.mark.usefixtures("database")
def test_forgetting_asks_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes the command asks on stderr, and anything but yes erases nothing."""
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))

    ran = run("lead", "forget", "1000001")

    assert ran.code == 1
    assert ran.out == ""
    assert "1000001 for good?" in ran.err
    assert run("lead", "show", "1000001").code == 0

    monkeypatch.setattr("sys.stdin", StringIO("yes\n"))
    assert run("lead", "forget", "1000001").code == 0


def test_a_visitor_becomes_known(run: Run, database: Path) -> None:
    """A visitor that was added is found by its cookie, and becomes the lead that a call names it in."""
    ran = run("visitor", "add", f"id:561-HYG-937&token:{TOKEN}")
    assert (ran.code, ran.out) == (0, "added visitor 1\n")

    ran = run("sync", "--explain", "Email=new@t.com", f"marketoCookie={TOKEN}")
    assert "visitor 1 would become lead 1000002" in ran.out.splitlines()

    write(database, RawRecord(email="new@t.com", cookie=TOKEN))
    (lead,) = json.loads(run("lead", "show", "new@t.com", "--json").out)
    assert lead["cookies"] == [TOKEN]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("token", "words"),
    [("id:100-AAA-100&token:x", "100-AAA-100"), ("", "marketoCookie"), (TOKEN, "already")],
)
def test_a_bad_visitor_is_refused(run: Run, token: str, words: str) -> None:
    """A cookie of another account, no token, or one that is taken is refused."""
    run("visitor", "add", TOKEN)

    ran = run("visitor", "add", token)

    assert ran.code == 1
    assert words in ran.err


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["Email=T@t.com"],
            ["UPDATED: lead 1000001 in partition Default", "step 4: by Email (key: Email)", "nothing would change"],
        ),
        (
            ["ForeignSysPersonId=X-1", "FirstName=Jim"],
            ["UPDATED: lead 1000001 in partition Default", "step 2: by foreign id (key: foreign id)"],
        ),
        (
            ["Email=new@t.com", "--workspace", "emea"],
            ["CREATED: lead 1000002 in partition Europe", "partition Europe: decided by workspace EMEA"],
        ),
        (
            ["Id=1000002", "ForeignSysPersonId=X-1"],
            ["the foreign id would move from lead 1000001 to lead 1000002", "left without a key: 1000001"],
        ),
    ],
)
def test_explain_says_what_would_happen_and_writes_nothing(
    run: Run, database: Path, arguments: list[str], lines: list[str]
) -> None:
    """Step, key and moves are told from the database alone, and every byte of the leads stays."""
    if "Id=1000002" in arguments:
        write(
            database, RawRecord(email="other@t.com"), RawRecord(id="1000001", attributes=(RawAttribute("Email", ""),))
        )
    before = run("lead", "show", "1000001", "--json").out

    ran = run("sync", "--explain", *arguments)

    assert ran.code == 0
    assert [line for line in lines if line not in ran.out.splitlines()] == []
    assert run("lead", "show", "1000001", "--json").out == before
    assert run("lead", "show", "new@t.com", "--json").out == "[]\n"


@pytest.mark.usefixtures("database")
def test_explain_refuses_what_the_call_would_be_refused_for(run: Run) -> None:
    """A call that would end with a fault ends with its sentence and exit code 1."""
    ran = run("sync", "--explain", "Email=t@t.com", "Pants=long")

    assert ran.code == 1
    assert "unknown fields for import: Pants" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Email"], "not KEY=VALUE"),
        (["=x"], "not KEY=VALUE"),
        (["Email=a@b", "email=c@d"], "stands twice"),
        ([], "Missing"),
    ],
)
def test_arguments_that_are_no_record_are_wrong_usage(run: Run, arguments: list[str], words: str) -> None:
    """An argument without a name or a sign, and a key that stands twice, end with 2."""
    ran = run("sync", *arguments)

    assert ran.code == 2
    assert words in ran.err


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("key", ["\u200bT@t.com", "t@t.com\ufeff", "mailto:t@t.com", "t@t.com."])
def test_a_copied_address_shows_its_lead(run: Run, key: str) -> None:
    """What copying brings along is no part of the address."""
    assert [one["id"] for one in json.loads(run("lead", "show", key, "--json").out)] == [1000001]


def test_a_lead_that_was_stored_with_what_is_not_seen_is_listed_and_mended(run: Run, database: Path) -> None:
    """The search of docs/identity.md finds it, and a call with its Id gives it the plain address."""
    write(database, RawRecord(email="ann@t.com"))
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE lead SET email = email || ?1, email_key = email_key || ?1 WHERE id = 1000002", ("\u200b",)
        )
    (pattern,) = re.findall(r"`synclead export --json \| grep '(.*?)'`", IDENTITY.read_text(encoding="utf-8"))

    assert [
        json.loads(line)["id"] for line in run("export", "--json").out.splitlines() if re.search(pattern, line)
    ] == [1000002]
    assert json.loads(run("lead", "show", "ann@t.com\u200b", "--json").out) == []
    write(database, RawRecord(id="1000002", email="ann@t.com"))
    assert [one["id"] for one in json.loads(run("lead", "show", "ann@t.com", "--json").out)] == [1000002]
