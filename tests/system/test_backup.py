"""`synclead backup` under load: the copy serves, with everything that was acknowledged before."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.database import intact, leads
from support.envelopes import Call
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION, assert_no_defect
from support.server import Server, running_server

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


def test_a_copy_made_under_load_serves(tmp_path: Path) -> None:
    """Every lead acknowledged before the backup began is in it, whole, and its keys and credentials work there."""
    kept, restored = tmp_path / "kept", tmp_path / "restored"
    kept.mkdir()
    restored.mkdir()
    with running_server(tmp_path, DECLARATION) as server:
        load = Load(server, USER, CLIENTS, person)
        with load.running():
            load.await_answers(200)
            before = [list(answered) for answered in load.answered]
            done = server.command("backup", str(kept / "leads.db"))
            after = sum(map(len, load.answered))
            assert server.stop() == 0
        assert_no_defect(server)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'leads.db'}.master-key" in done.stderr
    acknowledged = [pair for answered in before for pair in answered]
    assert after > len(acknowledged), "nobody wrote during the backup"

    shutil.copy(kept / "leads.db", restored / "leads.db")
    shutil.copy(tmp_path / "leads.db.master-key", restored / "leads.db.master-key")
    copy = Server(restored)
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
        assert intact(copy) == "ok"
        assert copy.stop() == 0
        assert_no_defect(copy)
    finally:
        copy.close()
