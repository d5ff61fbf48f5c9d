"""An import as a process of its own: killed, beside servers, and from one kind of database into the other."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.database import reading_at
from support.envelopes import Call
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.server import Server, running_server
from support.share import of_share
from support.slow import await_that

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

TESTS = Path(__file__).parent.parent
LEADS = 8_000
PLACES = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
workspaces_enabled = true
first_lead_id = 100
partitions = ["Default", "Europe"]
workspaces = [{ name = "Default", primary_partition = "Default" }, { name = "EMEA", primary_partition = "Europe" }]
fields = [{ name = "Zeal", type = "float" }, { name = "Note, \\"kept\\"", type = "text" }, { name = "Seen", type = "datetime" }]
"""


def write_leads(path: Path, count: int, seed: int) -> None:
    """Rows that create, update and are refused."""
    chance = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Email", "FirstName", "ForeignSysPersonId", "Cookie"])
        for number in range(count):
            who = chance.randint(0, number)
            email = "bad" if chance.random() < 0.02 else f"p{who}@e.com"
            several = f"F{who}|G{who}" if chance.random() < 0.5 else f"F{who}"
            cookie = f"_mch-e.com-{who:06d}-{chance.randint(1, 3)}" if chance.random() < 0.3 else ""
            writer.writerow([email, f"{number}", several, cookie])


def test_a_killed_import_comes_to_the_same(new_url: Callable[[Path], str], tmp_path: Path) -> None:
    """kill -9 at any moment, again and again: the last run ends with the very export and the very file of refused
    rows that an import that nobody disturbed has."""
    write_leads(tmp_path / "leads.csv", LEADS, seed=1)
    folders = []
    for name in ("undisturbed", "killed"):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
    undisturbed, killed = (Server(folder, database_url=new_url(folder)) for folder in folders)
    for server in (undisturbed, killed):
        server.apply(DECLARATION)
    begin(undisturbed, tmp_path).wait(timeout=110)
    chance, kills = random.Random(2), of_share(8, least=3)

    for kill in range(kills):
        wanted = LEADS * kill // (kills + 2)  # what is left takes longer than the wait below
        process = begin(killed, tmp_path)
        await_position(killed, wanted)
        try:
            process.wait(timeout=chance.random() * 0.2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the import was at its end before it could be killed"
    assert begin(killed, tmp_path).wait(timeout=110) == 1  # rows were refused

    assert killed.run("export") == undisturbed.run("export")
    refused = [(folder / "refused.csv").read_bytes() for folder in folders]
    assert refused[0] == refused[1]
    assert len(refused[0].splitlines()) > 50


def begin(server: Server, folder: Path) -> subprocess.Popen[bytes]:
    """An import of leads.csv with a clock that stands still."""
    words = ["import", str(folder / "leads.csv"), "--refused", "refused.csv", "--database-url", server.database_url]
    return subprocess.Popen(
        [sys.executable, "-m", "support.fixed_clock", *words],
        env=server.environment | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        cwd=server.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def await_position(server: Server, wanted: int) -> None:
    """Returns when so many rows are done."""

    def position() -> int:
        with reading_at(server.database_url) as ask:
            rows = ask("SELECT position FROM import_progress")
        return int(rows[0][0]) if rows else -1

    await_that(lambda: position() >= wanted, 60, position)


def test_calls_are_answered_while_a_file_is_imported(new_url: Callable[[Path], str], tmp_path: Path) -> None:
    """Servers and an import that mean the same people make one lead of each, and no call is refused."""
    people = 400
    with (tmp_path / "leads.csv").open("w") as file:
        file.write("Email,FirstName\n")
        for number in range(people * 8):
            file.write(f"p{number % people}@e.com,{number}\n")

    def script(client: int, turn: int) -> Call:
        return Call(email=f"p{(turn * 7 + client) % people}@e.com", attributes=(("LastName", f"{client} {turn}"),))

    with running_server(tmp_path, DECLARATION, database_url=new_url(tmp_path)) as server:
        load = Load(server, USER, 4, script)
        with load.running():
            load.await_answers(20)
            process = begin(server, tmp_path)
            assert process.wait(timeout=110) == 0
            load.end()
        answered = [answer for one in load.answered for _, answer in one]
    with reading_at(server.database_url) as ask:
        assert ask("SELECT count(*), count(DISTINCT email_key) FROM lead") == [(people, people)]
        assert ask("SELECT position FROM import_progress") == [(people * 8,)]
    assert len(answered) > 50
    assert {answer.fault_code for answer in answered} == {None}


@pytest.mark.parametrize("way", ["to PostgreSQL", "to SQLite"])
def test_leads_move_to_the_other_kind_of_database(postgres: Postgres, tmp_path: Path, way: str) -> None:
    """Exported, imported with their Ids and exported again they are the same bytes; the next lead is a new one."""
    servers = [Server(tmp_path), Server(tmp_path, database_url=postgres.new_database())]
    source, target = servers if way == "to PostgreSQL" else servers[::-1]
    for server in servers:
        server.apply(PLACES)
    write_odd_leads(tmp_path / "odd.csv")
    assert source.command_here("import", "odd.csv").code == 0
    first = source.command_here("export").out
    (tmp_path / "all.csv").write_bytes(first.encode())

    moved = target.command_here("import", "all.csv", "--keep-ids")

    assert (moved.code, moved.out) == (0, "imported all.csv: 7 created, 0 updated, 0 unchanged, 0 refused\n")
    assert target.command_here("export").out == first
    (tmp_path / "more.csv").write_text("Email,LastName\nnew@e.com,New\ntwo@e.com,Found\n")
    for server in servers:
        assert server.command_here("import", "more.csv").out.startswith("imported more.csv: 1 created, 1 updated")
    with reading_at(source.database_url) as ask, reading_at(target.database_url) as ask_target:
        for one in (ask, ask_target):
            assert one("SELECT id FROM lead WHERE email = 'new@e.com'") == [(107,)]
        found = "SELECT id FROM lead WHERE CAST(field_values AS TEXT) LIKE '%Found%'"
        assert ask(found) == ask_target(found)


def write_odd_leads(path: Path) -> None:
    """Seven leads with everything that a value or a key can have in it."""
    header = ["Email", "FirstName", "Address", "Zeal", 'Note, "kept"', "Seen", "urgency", "ForeignSysPersonId"]
    header += ["ForeignSysType", "Cookie", "Partition"]
    odd = "a \"b\",\r\n'c'\n\td\re \\ | ;=1+1 \u00fc\U0001f600\u2028\x85 "
    rows: list[list[str]] = [
        [
            "One@E.com",
            "=cmd|'/c calc'!A0",
            odd,
            "-0.10",
            odd,
            "2024-02-29T23:59:59.5+02:00",
            "3",
            "a\\|b|c\\\\|d\\",
            "",
            "",
            "",
        ],
        ["two@e.com", "  x  ", "", "12", "", "", "", "0031000000AAAAA|N-1|9", "SFDC|NETSUITE|", "", "europe"],
        ["two@e.com", "", "", "", "", "", "", "10", "", "_mch-e.com-1-11111|_mch-e.com-1-22222", "Default"],
        ["", "no Email", "", "", "", "", "", "\\\\host\\DOM\\user", "", "_mch-e.com-2-11111", ""],
        ["\u00fc@e.com", "", "", "", "", "", "", "", "", "", ""],
        ["six@e.com", "\u0130\u00df\ufb01", "", "99999999999999999999.5", "", "", "-1", "", "", "", "Europe"],
        ["seven@e.com", "''", "", "0", "'=1", "1900-01-02T00:00:00Z", "", "", "", "", ""],
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
