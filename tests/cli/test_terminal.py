"""What commands show of text that came from outside: nothing of it reaches a terminal as it is."""

import asyncio
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from support.command import Ran, Run
from support.envelopes import Call, Credentials, envelope
from synclead.cli.console import results, show_table
from synclead.cli.meter import _bar
from synclead.client import ClientError, SyncleadClient
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.databases import open_log_database
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog
from synclead.store.sqlite import SqliteDatabase
from synclead.store.writer import Writer
from synclead.visible import visible, visible_lines

from .test_lead_commands import NOW

UNSEEN = "\u202e\u200b\ufe0f\U000e0041\u2066[red]x"
"""What a name may hold: it turns the order of letters round, or is not seen."""
ACTS = f"\x1b]0;owned\x07\x9b31m\x7f\x85\u2028\r\n\tok: all is well{UNSEEN}"
"""What a value may hold: it writes the title of a terminal, changes colours, begins a line of its own."""
USER = Credentials("bigcorp", "a key")
DECLARATION = f"""
[[subscription]]
name = "Example {UNSEEN}"
munchkin_account = "561-HYG-937"
partitions = ["Default", "P{UNSEEN}"]
api_users = [{{ id = "bigcorp", encryption_key = "a key" }}]
fields = [{{ name = "Own{UNSEEN}", type = "string", label = "Label {UNSEEN}" }}]
"""
LEAD = RawRecord(
    email="t@t.com",
    foreign_id="X",
    attributes=(RawAttribute("FirstName", ACTS), RawAttribute(f"Own{UNSEEN}", ACTS)),
)
ENTRY = {
    **{"request": ACTS, "user": ACTS, "client": ACTS, "operation": ACTS, "outcome": 20105, "message": ACTS},
    **{"unknown_fields": [ACTS], "reason": ACTS, "unknown_user": ACTS, "changed_names": [ACTS]},
    "asked": f"<p><a>{ACTS.replace(chr(0x1B), '').replace(chr(7), '')}</a></p>\n{ACTS}",
}


@pytest.fixture
def declared(run: Run, tmp_path: Path) -> Run:
    """A database with a subscription, a lead and two recorded calls that hold such text wherever they can."""
    (tmp_path / "s.toml").write_text(DECLARATION)
    assert run("apply", "s.toml").code == 0

    async def write() -> None:
        writer = Writer(SqliteDatabase(tmp_path / "synclead.db"), now=lambda: NOW)
        await writer.start()
        await writer.sync(1, LEAD)
        await writer.close()
        # As a version stored it that did not refuse it yet.
        with sqlite3.connect(tmp_path / "synclead.db") as connection:
            connection.execute("UPDATE foreign_id SET id = ?", (f"X{UNSEEN}",))
        log = RequestLog(open_log_database("sqlite:///synclead.db"), Bounds())
        failed, fine = {**ENTRY, "lost": 2}, {**ENTRY, "outcome": "UPDATED", "step": 4, "key": ACTS, "skipped": [ACTS]}
        await log.write([NewEntry(1, True, 1, None, failed), NewEntry(NOBODY, False, 2, 1, fine)], 2)
        await log.close()

    asyncio.run(write())
    return run


def assert_seen(ran: Ran, *parts: str) -> None:
    """Nothing acts or hides, and each part stands in what was said, by its marks."""
    said = ran.out + ran.err
    assert visible_lines(said) == said
    assert "\t\tok" not in said
    assert not any(line.startswith("ok: all is well") for line in said.splitlines())
    for part in parts:
        assert part in said


# fmt: off
COMMANDS: list[tuple[list[str], list[str]]] = [
    (["requests"], [visible(ACTS)]),
    (["requests", "1"], [visible(ACTS), "[red]x"]),
    (["requests", "2"], [visible(ACTS)]),
    (["lead", "show", "1"], [visible(ACTS), f"X{visible(UNSEEN)}"]),
    (["lead", "show", f"n@t.com{UNSEEN[:5]}"], [visible(UNSEEN[:5])]),
    (["lead", "show", f"{UNSEEN}@t.com"], []),
    (["lead", "show", ACTS], []),
    (["fields", "list"], [f"Label {visible(UNSEEN)}"]),
    (["fields", "add", f"New{UNSEEN}", "--type", "string"], [visible(UNSEEN)]),
    (["fields", "add", f"New{ACTS}", "--type", "string"], []),
    (["fields", "import", f"{ACTS}.json"], [visible(ACTS)]),
    (["visitor", "add", ACTS], []),
    (["visitor", "add", f"id:{UNSEEN}&token:a"], []),
    (["sync", "--explain", "Email=t@t.com", f"FirstName={ACTS}"], []),
    (["sync", "--explain", "Email=t@t.com", f"Other{ACTS}=1"], [visible(ACTS)]),
    (["sync", f"{ACTS}"], []),
    (["sync", "Email=a", f"Email{ACTS}"], []),
    (["apply", f"{ACTS}.toml"], [visible(ACTS)]),
    (["import", f"{ACTS}.csv"], [visible(ACTS)]),
    (["backup", f"/nowhere/{ACTS}"], [visible(ACTS)]),
    (["export", "--changed-since", ACTS], []),
    (["check", ACTS], [visible(ACTS)]),
    (["doctor", "--database-url", f"sqlite:///{ACTS}.db"], []),
    (["requests", "--subscription", ACTS], []),
    (["requests", "--database-url", f"{ACTS}://"], []),
    (["requests", "--limit", ACTS], []),
    ([f"--{ACTS}"], []), ([ACTS], []), (["requests", "1", ACTS], []), (["serve", "--host", ACTS], []), (["serve", f"--port={ACTS}"], []),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "parts"), COMMANDS)
def test_a_command_shows_it_by_its_marks(declared: Run, arguments: list[str], parts: list[str]) -> None:
    """Values, names, arguments and files; a line end in one begins no line."""
    assert_seen(declared(*arguments), *parts)


@pytest.mark.parametrize(
    ("arguments", "stored"),
    [
        (["requests"], ACTS),
        (["requests", "1"], ACTS),
        (["lead", "show", "1"], ACTS),
        (["fields", "list"], f"Label {UNSEEN}"),
        (["export"], ACTS),
        (["check", "request.xml"], f"No{UNSEEN}"),
    ],
)
def test_json_has_it_in_escapes(declared: Run, tmp_path: Path, arguments: list[str], stored: str) -> None:
    """What is read from it is what was stored."""
    (tmp_path / "request.xml").write_bytes(envelope(Call(email="t@t.com", attributes=((f"No{UNSEEN}", "1"),)), USER))

    ran = declared(*arguments, "--json")

    assert visible_lines(ran.out) == ran.out
    assert any(stored in text for text in texts(json.loads(f"[{ran.out.replace(chr(10) + '{', ',{')}]")))


def texts(value: Any) -> list[str]:
    """Every text in a document."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_a_checked_request_is_shown_by_its_marks(declared: Run, tmp_path: Path) -> None:
    """Names of elements, fields and users, and values."""
    call = Call(email="t@t.com", attributes=((f"Own{UNSEEN}", f"\x9b31m{UNSEEN}"), (f"No{UNSEEN}", "1")))
    sent = envelope(call, Credentials(f"bigcorp{UNSEEN}", "a key"))
    (tmp_path / "request.xml").write_bytes(sent)

    ran = declared("check", "request.xml")

    assert_seen(ran, visible(f"\x9b31m{UNSEEN}"), visible(f"No{UNSEEN}"), visible(f"user bigcorp{UNSEEN}"))


def test_an_import_names_things_by_their_marks(declared: Run, tmp_path: Path) -> None:
    """The file, its headings, its cells and what is done with them."""
    file = tmp_path / f"{UNSEEN}\x9b.csv"
    file.write_text(f"Email,Own{UNSEEN}\nann@t.com,1\na@b@{UNSEEN},2\n")

    for options in (["--dry-run"], [], ["--again"], ["--ignore-column", UNSEEN]):
        assert_seen(declared("import", str(file), *options), visible(UNSEEN))
    assert_seen(declared("import", str(file), "--workspace", ACTS))
    file.write_text(f"Email,{UNSEEN}\x85\nann@t.com,1\n")
    assert_seen(declared("import", str(file)), "u202e")


def test_fields_of_a_file_are_named_by_their_marks(declared: Run, tmp_path: Path) -> None:
    """Those that are added, kept and left out."""
    described = [
        {"displayName": UNSEEN, "dataType": UNSEEN, "rest": {"name": f"r{UNSEEN}", "readOnly": False}},
        {"displayName": UNSEEN, "dataType": "string", "rest": {"name": f"s{UNSEEN}", "readOnly": False}},
        {"displayName": f"Other {UNSEEN}", "dataType": "integer", "rest": {"name": f"own{UNSEEN}", "readOnly": True}},
    ]
    (tmp_path / "d.json").write_text(json.dumps({"success": True, "result": described}))
    assert_seen(declared("fields", "import", "d.json"), f"r{visible(UNSEEN)}", f"s{visible(UNSEEN)}")
    (tmp_path / "d.json").write_text(json.dumps({"success": False, "errors": [ACTS]}))
    assert_seen(declared("fields", "import", "d.json"))


def test_a_declaration_is_answered_by_marks(declared: Run, tmp_path: Path) -> None:
    """Mistakes are a line each, whatever stands in the file."""
    (tmp_path / "s.toml").write_text(
        DECLARATION + f'"other{UNSEEN}" = 1\n[[subscription]]\nname = "a\\u001b[2J\\nok: all is well"\n'
    )

    ran = declared("apply", "s.toml")

    assert ran.code == 1
    assert_seen(ran, visible(f"other{UNSEEN}"), '"a[U+001B][2J[U+000A]ok: all is well" contains a control character')


def test_what_a_server_answers_is_shown_by_its_marks(declared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault or a lead of another server may hold anything."""

    def refuse(*_: object, **__: object) -> None:
        raise ClientError(ACTS)

    monkeypatch.setattr(SyncleadClient, "sync_lead", refuse)

    assert_seen(declared("sync", "Email=t@t.com"), visible(ACTS))


def test_a_defect_is_shown_by_its_marks(declared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected may repeat a value."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(ACTS)

    monkeypatch.setattr(SyncleadClient, "sync_lead", fail)

    ran = declared("sync", "Email=t@t.com")

    assert ran.code == 1
    assert "RuntimeError" in ran.err
    assert visible_lines(ran.err) == ran.err


class Terminal(io.TextIOWrapper):
    """Stands for one without colours."""

    def isatty(self) -> bool:
        return True


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Standard output is a terminal for the length of a block; gives what was written to it."""
    written = io.BytesIO()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "400")
    with redirect_stdout(Terminal(written, encoding="utf-8", write_through=True)):
        yield lambda: written.getvalue().decode()


def test_a_table_on_a_terminal_has_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a cell is markup."""
    with terminal(monkeypatch) as seen:
        show_table(("One", "Two"), [(ACTS, "b")])

        assert visible(ACTS) in seen()
        assert len(seen().splitlines()) == 2


def test_a_result_on_a_terminal_has_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line ends are the rows'; a file or a program gets it as it is."""
    with terminal(monkeypatch) as seen:
        with results() as out:
            out.write(f"{UNSEEN}\x1b,b\n")

        assert seen() == f"{visible(UNSEEN)}[U+001B],b\n"


def test_a_bar_has_marks_and_no_markup() -> None:
    """The name of a file stands beside it."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, color_system=None, width=400)

    with _bar(console, f"Reading {ACTS}", 10, 0) as reached:
        reached(5)

    assert f"Reading {visible(ACTS)}" in written.getvalue()


def test_usage_is_explained_as_before(run: Run) -> None:
    """Exit codes: 2 for wrong usage, 1 for a refusal, 0 for what is done, whatever was given."""
    assert [run(*words).code for words in ([], ["lead"], ["nothing"], ["requests", "--limit", "0"])] == [2, 2, 2, 2]
    assert [run(*words).code for words in (["--version"], ["--help"], ["requests"])] == [0, 0, 1]
