"""`synclead requests`: the last calls, in words and as JSON."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.command import Run
from synclead.store.databases import open_log_database
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog
from synclead.store.schema import to_micros

AT = to_micros(datetime(2026, 8, 1, 12, 0, 0, 250_000, UTC))
CREATED = {
    "request": "r1",
    "user": "bigcorp",
    "client": "192.0.2.7",
    "operation": "syncLead",
    "outcome": "CREATED",
    "changed": True,
    "changed_names": ["FirstName", "Email"],
    "step": 6,
    "key": "none",
    "partition_rule": "rule 2",
    "cookie_moved_from": 9,
    "ms": 2.5,
    "asked": "<p><Email>[address, 7 characters]</Email></p>",
}
FAULT = {
    "operation": "syncLead",
    "outcome": 20105,
    "message": "syncLead operation failed:\nunknown fields for import: pants",
    "unknown_fields": ["pants"],
    "lost": 3,
    "asked": "<p>\n[no XML]",
}
UNKNOWN = {
    "outcome": 20014,
    "reason": "wrong signature",
    "unknown_user": "bigcorp1",
    "message": "Authentication failed",
}
DECLARATION = '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'


def write(*entries: NewEntry) -> None:
    async def work() -> None:
        log = RequestLog(open_log_database("sqlite:///synclead.db"), Bounds())
        await log.write(entries, AT)
        await log.close()

    asyncio.run(work())


@pytest.fixture
def log(run: Run, tmp_path: Path) -> Run:
    """A database with three recorded calls."""
    (tmp_path / "s.toml").write_text(DECLARATION)
    assert run("apply", "s.toml").code == 0
    write(
        NewEntry(1, False, AT, 5, CREATED),
        NewEntry(1, True, AT, None, FAULT),
        NewEntry(NOBODY, True, AT, None, UNKNOWN),
    )
    return run


def test_an_empty_log_says_so(run: Run, tmp_path: Path) -> None:
    """There is nothing wrong with it."""
    (tmp_path / "s.toml").write_text(DECLARATION)
    run("apply", "s.toml")

    ran = run("requests")

    assert (ran.code, ran.out, ran.err) == (0, "", "no call is recorded yet\n")


def test_the_last_calls_are_listed_the_newest_last(log: Run) -> None:
    """One line a call; callers that are not known are marked, and lost faults told."""
    ran = log("requests")

    assert ran.code == 0
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert rows == [
        [
            *("1", "2026-08-01T12:00:00.250Z", "syncLead", "CREATED", "5"),
            *("step 6, none; partition by rule 2; cookie of lead 9 moved", "FirstName, Email"),
        ],
        [
            *("2", "2026-08-01T12:00:00.250Z", "syncLead", "20105", "", ""),
            "[3 faults before this one were too many to record] "
            "syncLead operation failed: unknown fields for import: pants",
        ],
        ["3", "2026-08-01T12:00:00.250Z", "", "20014", "", "", "[unknown caller] Authentication failed"],
    ]


def test_a_part_is_listed_where_it_is_asked_for(log: Run) -> None:
    """Faults alone, and no more than so many."""
    assert [line[0] for line in log("requests", "--failed").out.splitlines()] == ["2", "3"]
    assert [line[0] for line in log("requests", "--limit", "1").out.splitlines()] == ["3"]


def test_one_call_is_shown_whole(log: Run) -> None:
    """Who, what, why, and the XML indented."""
    lines = log("requests", "1").out.splitlines()

    assert "Subscription\tExample Corp" in lines
    assert "User\tbigcorp" in lines
    assert "Client\t192.0.2.7" in lines
    assert "Changed\tFirstName, Email" in lines
    assert lines[-3:] == ["<p>", "  <Email>[address, 7 characters]</Email>", "</p>"]


def test_a_fault_says_what_to_change(log: Run) -> None:
    """By its code and what is known of the call; what was no XML is shown as it is."""
    ran = log("requests", "2")

    assert "What to change\tAdd what you want to keep with `synclead fields add pants --type string`" in ran.out
    assert "Not recorded\t3 faults before this one" in ran.out
    assert ran.out.endswith("<p>\n[no XML]\n")
    unknown = log("requests", "3").out
    assert "Subscription\tnone: unknown caller" in unknown
    assert "What to change\tThe user is right and the signature is not" in unknown


def test_calls_are_given_as_json_lines(log: Run) -> None:
    """All that is known of each, on a line of its own, with the advice of a fault."""
    found: list[dict[str, Any]] = [json.loads(line) for line in log("requests", "--json").out.splitlines()]

    assert found[0] == {
        **{"id": 1, "at": "2026-08-01T12:00:00.250Z", "subscription": "Example Corp", "failed": False, "lead": 5},
        **CREATED,
    }
    assert found[1]["advice"].startswith("Add what you want to keep")
    assert found[2]["subscription"] is None
    assert json.loads(log("requests", "2", "--json").out) == found[1]


def test_a_call_that_is_not_kept_is_refused(log: Run) -> None:
    """One sentence says where to look."""
    ran = log("requests", "17")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("no call 17 is kept")


def test_calls_of_a_burst_are_listed_in_the_order_of_their_times(log: Run) -> None:
    """The newest last, though they were written the newest first; also where a part is listed."""
    for first in (300, 200, 100):
        write(*(NewEntry(1, number % 2 == 0, AT + first + number, number, FAULT) for number in range(15)))

    def listed(*options: str) -> list[str]:
        return [line.split("\t")[0] for line in log("requests", *options).out.splitlines()]

    numbers = [str(number) for number in (1, 2, 3, *range(34, 49), *range(19, 34), *range(4, 19))]
    assert listed() == numbers
    assert listed("--limit", "20") == numbers[-20:]
    assert listed("--failed", "--limit", "9") == [*(str(number) for number in (33,)), *map(str, range(4, 19, 2))]
    documents = [json.loads(line) for line in log("requests", "--json", "--limit", "20").out.splitlines()]
    assert [document["id"] for document in documents] == list(map(int, numbers[-20:]))


def test_calls_that_follow_are_in_the_order_of_their_times(log: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written within a look after a newer one goes before it; what was listed is not listed again."""
    write(NewEntry(1, False, AT - 9, 60, CREATED))
    batches = iter(
        [
            [NewEntry(1, False, AT + 40, 64, CREATED), NewEntry(1, False, AT + 50, 65, CREATED)],
            [NewEntry(1, False, AT + 10, 61, CREATED), NewEntry(1, False, AT + 60, 66, CREATED)],
            [NewEntry(1, False, AT + 20, 62, CREATED), NewEntry(1, False, AT + 55, 67, CREATED)],
            [],
            [NewEntry(1, False, AT + 70, 68, CREATED)],
        ]
    )

    def pause(seconds: float) -> None:
        batch = next(batches, None)
        if batch is None:
            raise KeyboardInterrupt
        if batch:
            write(*batch)

    monkeypatch.setattr("synclead.cli.requests.time.sleep", pause)

    ran = log("requests", "--follow", "--limit", "1")

    assert ran.code == 0
    assert [line.split("\t")[4] for line in ran.out.splitlines()] == ["", "61", "64", "65", "62", "67", "66", "68"]


def test_header_and_body_of_a_call_are_shown(log: Run) -> None:
    """Each laid out, with marks for values."""
    asked = (
        "<e:Header xmlns:e='u'><a>[text, 3 characters]</a></e:Header>\n<p><q/></p>\n[cut here: 99,999 bytes were sent]"
    )
    write(NewEntry(1, False, AT, 5, {**CREATED, "asked": asked}))

    assert log("requests", "4").out.splitlines()[-7:] == [
        '<e:Header xmlns:e="u">',
        "  <a>[text, 3 characters]</a>",
        "</e:Header>",
        "<p>",
        "  <q/>",
        "</p>",
        "[cut here: 99,999 bytes were sent]",
    ]


def test_calls_that_could_not_be_recorded_are_told_of(log: Run) -> None:
    """By the next one that was; of one whose outcome is lost nothing is advised."""
    write(
        NewEntry(1, True, AT + 1, None, {"outcome": 20103, "unstored": 2, "asked": "[cannot be shown: no]"}),
        NewEntry(1, True, AT + 2, None, {"asked": "[cannot be shown: no]"}),
    )

    assert "[2 calls before this one were refused by the database] " in log("requests").out
    shown = log("requests", "4").out
    assert "Refused by the database\t2 calls before this one" in shown
    assert shown.endswith("\n[cannot be shown: no]\n")
    assert log("requests", "5").code == 0


def test_new_calls_follow_until_it_is_stopped(log: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, in their order, also where ids begin again; Ctrl-C ends it with 0."""
    pauses = iter([1, 2, 3])

    def pause(seconds: float) -> None:
        match next(pauses, None):
            case 1:
                write(NewEntry(1, False, AT, 6, CREATED), NewEntry(1, False, AT, 7, CREATED))
            case 2:
                empty_the_log()
                write(NewEntry(1, False, AT, 8, CREATED))
            case None:
                raise KeyboardInterrupt

    def empty_the_log() -> None:
        async def work() -> None:
            emptied = RequestLog(open_log_database("sqlite:///synclead.db"), Bounds(days=0))
            await emptied.expire(AT + 1)
            await emptied.close()

        asyncio.run(work())

    monkeypatch.setattr("synclead.cli.requests.time.sleep", pause)

    ran = log("requests", "--follow")

    assert ran.code == 0
    assert [tuple(line.split("\t")[place] for place in (0, 4)) for line in ran.out.splitlines()][3:] == [
        ("4", "6"),
        ("5", "7"),
        ("1", "8"),
    ]
