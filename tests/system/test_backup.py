"""`synclead backup` under load: the copy serves, with everything that was acknowledged before."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Protocol

import pytest

from support.database import intact, leads
from support.envelopes import Call
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import Server

CLIENTS = 8


def person(number: int, turn: int) -> Call:
    """Somebody new each time, with a key of each kind."""
    name = f"{number}-{turn}"
    return Call(
        email=f"{name}@orchard.example",
        foreign_id=f"tree-{name}",
        cookie=f"_mch-orchard.example-{name}",
        attributes=(("FirstName", name),),
        return_lead=False,
    )


class Kind(Protocol):
    """One kind of database: how it is copied, and how a server gets to the copy."""

    def server(self) -> Server: ...

    def back_up(self, server: Server) -> None: ...

    def restored(self) -> Server: ...


class Sqlite:
    """By `synclead backup`, restored under the same name in another folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept, self._restored = folder / "kept", folder / "restored"
        self._kept.mkdir()
        self._restored.mkdir()

    def server(self) -> Server:
        return Server(self._folder)

    def back_up(self, server: Server) -> None:
        done = server.command("backup", str(self._kept / "leads.db"))
        assert done.returncode == 0, done.stderr
        assert f"{self._folder / 'leads.db'}.master-key" in done.stderr

    def restored(self) -> Server:
        shutil.copy(self._kept / "leads.db", self._restored / "leads.db")
        shutil.copy(self._folder / "leads.db.master-key", self._restored / "leads.db.master-key")
        return Server(self._restored)


class PostgreSql:
    """By pg_dump and pg_restore, into another database of the same server."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self._folder, self._postgres = folder, postgres

    def server(self) -> Server:
        return Server(self._folder, database_url=self._postgres.new_database())

    def back_up(self, server: Server) -> None:
        self._run("pg_dump", "--format=custom", "--file=leads.dump", server.database_url)

    def restored(self) -> Server:
        url = self._postgres.empty_database()
        self._run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", "leads.dump")
        return Server(self._folder, database_url=url)

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([self._postgres.programs / program, *words], cwd=self._folder, check=True, timeout=60)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """Each kind of database."""
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return PostgreSql(tmp_path, request.getfixturevalue("postgres"))


def test_a_copy_made_under_load_serves(kind: Kind) -> None:
    """Every lead acknowledged before the backup began is in it, whole, and its keys and credentials work there."""
    server = kind.server()
    try:
        server.apply(DECLARATION)
        server.start()
        load = Load(server, USER, CLIENTS, person)
        with load.running():
            load.await_answers(200)
            before = [list(answered) for answered in load.answered]
            kind.back_up(server)
            after = sum(map(len, load.answered))
            assert server.stop() == 0
        assert_no_defect(server)
    finally:
        server.close()
    acknowledged = [pair for answered in before for pair in answered]
    assert after > len(acknowledged), "nobody wrote during the backup"

    copy = kind.restored()
    try:
        copy.start()
        stored = leads(copy)
        for call, answer in acknowledged:
            lead = stored[answer.lead_id or 0]
            name = dict(call.attributes)["FirstName"]
            assert (lead.email, lead.values["FirstName"]) == (call.email, name)
            assert (lead.foreign_ids, lead.cookies) == ((call.foreign_id,), (call.cookie,))
            assert lead.activities == ("New Lead",)
        with copy.caller(USER) as caller:
            call, answer = acknowledged[-1]
            again = caller.sync(call)
            assert (again.status, again.lead_id) == ("UPDATED", answer.lead_id)
            made = caller.sync(person(CLIENTS, 0))
            assert (made.status, made.lead_id) == ("CREATED", max(stored) + 1)
        assert intact(copy) == "ok"
        assert copy.stop() == 0
        assert_no_defect(copy)
    finally:
        copy.close()
