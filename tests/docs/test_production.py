"""The commands of docs/production.md work in the order in which they stand."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from support.envelopes import Call, envelope
from support.inside import USER
from support.metrics import read
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.server import PROGRAM, Server
from support.tools import needs
from synclead.metrics.figures import METRICS
from synclead.store.databases import open_log_database
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog

DOCUMENT = Path(__file__).parents[2] / "docs" / "production.md"
KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}


def commands(heading: str) -> str:
    """The shell blocks of a section, one after the other."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))


@needs("bash")
def test_back_up_and_restore(tmp_path: Path) -> None:
    """A lead is found again by a server on the restored copy, for the same API user."""
    call = Call(email="t@t.com", return_lead=False)
    server = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/synclead.db")
    restored = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/restored.db")
    try:
        server.apply(DECLARATION)
        server.start()
        with server.caller(USER) as caller:
            made = caller.sync(call)
        script = re.sub(r"^synclead ", f"{PROGRAM} ", commands("Back up and restore"), flags=re.MULTILINE)
        subprocess.run(
            ["bash", "-euc", script], cwd=tmp_path, env=server.environment, check=True, capture_output=True, timeout=60
        )
        server.stop()
        restored.start()
        with restored.caller(USER) as caller:
            found = caller.sync(call)
    finally:
        server.close()
        restored.close()
    assert (made.status, found.status) == ("CREATED", "UPDATED")
    assert found.lead_id == made.lead_id


@needs("bash")
def test_back_up_and_restore_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    """The copy serves, with its leads and users; the next Id is raised, so that a lost one means nobody else."""
    call, lost = Call(email="t@t.com", return_lead=False), Call(email="lost@t.com", return_lead=False)
    url, restored_url = postgres.new_database(), postgres.empty_database()
    environment = KEY | {"SYNCLEAD_DATABASE_URL": url, "RESTORED_DATABASE_URL": restored_url}
    server = Server(tmp_path, database_url=url, environment=environment)
    restored = Server(tmp_path, database_url=restored_url, environment=environment)
    path = f"{postgres.programs}{os.pathsep}{server.environment['PATH']}"
    try:
        server.apply(DECLARATION)
        server.start()
        dump, restore = commands("Back up and restore on PostgreSQL").splitlines()
        with server.caller(USER) as caller:
            made = caller.sync(call)
            for command in (dump, restore):
                environment = server.environment | {"PATH": path}
                subprocess.run(["bash", "-euc", command], cwd=tmp_path, env=environment, check=True, timeout=60)
            given = caller.sync(lost)
        server.stop()
        restored.apply(raised(DECLARATION))
        restored.start()
        with restored.caller(USER) as caller:
            found = caller.sync(call)
            nobody = caller.sync(Call(id=str(given.lead_id), return_lead=False))
            again = caller.sync(lost)
    finally:
        server.close()
        restored.close()
    assert (made.status, found.status) == ("CREATED", "UPDATED")
    assert found.lead_id == made.lead_id
    assert nobody.fault_code == "20103"
    assert (again.status, again.lead_id) == ("CREATED", 2_000_000)


def raised(declaration: str) -> str:
    """The declaration with the next Id of the section on what follows a restore."""
    section = DOCUMENT.read_text(encoding="utf-8").split("\n## After a restore\n")[1]
    line = re.findall(r"^first_lead_id = .*$", section, re.MULTILINE)[0]
    assert commands("After a restore") == "synclead apply subscription.toml\n"
    return f"{declaration}\n{line}\n"


@needs("bash")
def test_change_the_master_key(tmp_path: Path) -> None:
    """The command gives an SQLite database another key, under a server that notices nothing."""
    server = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/synclead.db")
    file = tmp_path / "synclead.db.master-key"
    try:
        server.apply(DECLARATION)
        server.start()
        before = file.read_text().split()
        script = re.sub(r"^synclead ", f"{PROGRAM} ", commands("Change the master key"), flags=re.MULTILINE)
        subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=server.environment, check=True, timeout=60)
        with server.caller(USER) as caller:
            assert caller.sync(Call(email="t@t.com")).status == "CREATED"
    finally:
        server.close()
    new, *others = file.read_text().split()
    assert others == before
    assert new not in others
    file.write_text(new)
    assert server.command_here("doctor").code == 0


@needs("bash", "curl")
def test_metrics_are_shown(tmp_path: Path) -> None:
    """The command shows what the alerts ask for, each metric by its name and the faults by their codes."""
    server = Server(tmp_path)
    try:
        server.apply(DECLARATION)
        server.start()
        script = commands("Watch it").replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
        shown = subprocess.run(["bash", "-euc", script], check=True, capture_output=True, text=True, timeout=60).stdout
    finally:
        server.close()
    rules = re.findall(r"^ +expr: (.*)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    asked = set(re.findall(r"synclead_\w+", " ".join(rules)))
    assert asked == {f"synclead_{name}" for name in ("ready", "queue_age_seconds", "faults_total", "lead_ids_left")}
    assert asked <= {key.partition("{")[0] for key in read(shown)}
    for code in re.findall(r"\d{5}", " ".join(rules)):
        assert f"synclead_faults_total{{code={code}}}" in read(shown)
    assert set(re.findall(r"^# HELP (synclead_\w+)", shown, re.MULTILINE)) == {metric.name for metric in METRICS}


def test_several_processes(postgres: Postgres, tmp_path: Path) -> None:
    """The command starts as many workers as it says."""
    program, command, *options = commands("Several processes and hosts").split()
    assert (program, command) == ("synclead", "serve")
    server = Server(tmp_path, database_url=postgres.new_database(), environment=KEY, options=options)
    try:
        server.start()
        assert server.stop() == 0
    finally:
        server.close()
    assert sum(entry["event"] == "worker started" for entry in server.log()) == int(options[-1])


@needs("bash", "openssl")
def test_run_it_under_systemd(tmp_path: Path) -> None:
    """The files that the commands make, in another place, are what a server starts from; systemd has no part in it."""
    etc, state = tmp_path / "etc", tmp_path / "state"
    for folder in (etc / "systemd" / "system", state):
        folder.mkdir(parents=True)
    script = commands("Run it under systemd").replace("/etc/", f"{etc}/").replace("/var/lib/synclead", str(state))
    script = "".join(line for line in script.splitlines(keepends=True) if not line.startswith("systemctl "))
    subprocess.run(["bash", "-euc", script], cwd=DOCUMENT.parents[1], check=True, capture_output=True, timeout=60)
    assert (etc / "systemd" / "system" / "synclead.service").is_file()
    assert {(etc / "synclead" / name).stat().st_mode & 0o777 for name in ("master-key", "synclead.env")} == {0o600}
    lines = (etc / "synclead" / "synclead.env").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines)
    key = {"SYNCLEAD_MASTER_KEY_FILE": str(etc / "synclead" / "master-key")}
    server = Server(tmp_path, database_url=environment["SYNCLEAD_DATABASE_URL"], environment=key)
    server.start()
    try:
        assert server.stop() == 0
    finally:
        server.close()
    assert [path.name for path in state.glob("*.master-key")] == []


def test_what_a_program_does(tmp_path: Path) -> None:
    """The commands work on a database with a refused call, and say what to change."""
    server = Server(tmp_path, database_url=f"sqlite:///{tmp_path}/synclead.db")
    server.apply(DECLARATION)
    fault = NewEntry(
        NOBODY, True, 0, None, {"outcome": 20014, "reason": "unknown user", "message": "m", "asked": "<p/>"}
    )
    asyncio.run(_record(server.database_url, fault))
    (tmp_path / "request.xml").write_bytes(envelope(Call(email="t@t.com"), USER))

    ran = [server.command_here(*line.split()[1:]) for line in commands("What a program does").splitlines()]

    assert [one.code for one in ran] == [0, 0, 0], ran
    assert "No API user has" in ran[1].out
    assert "the server would accept it" in ran[2].out


async def _record(url: str, entry: NewEntry) -> None:
    log = RequestLog(open_log_database(url), Bounds(days=1_000_000))
    await log.write([entry], 0)
    await log.close()
