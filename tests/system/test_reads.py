"""Calls that read, beside the writer of the same server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from support.database import locked
from support.envelopes import Call, lead_key, read_leads, wrap
from support.inside import USER
from support.raw import post
from support.server import Server


def test_a_lead_is_read_while_a_call_waits_for_the_lock(each_orchard: Server) -> None:
    """Somebody holds the lock of the leads: syncLead waits for it, getLead answers meanwhile; then both go on."""
    email = "reads@orchard.example"
    with each_orchard.caller(USER) as caller, ThreadPoolExecutor(1) as elsewhere:
        first = caller.sync(Call(email=email, attributes=(("City", "Ely"),)))
        with locked(each_orchard):
            waiting = elsewhere.submit(caller.sync, Call(email=email, attributes=(("City", "Wells"),)))
            for _ in range(3):
                _, body = post(each_orchard.port, wrap(lead_key("EMAIL", email), USER))
                assert read_leads(body) == [first.record]
            assert not waiting.done()
        second = waiting.result(timeout=20)
    assert second.status == "UPDATED"
    _, body = post(each_orchard.port, wrap(lead_key("EMAIL", email), USER))
    assert read_leads(body) == [second.record]
