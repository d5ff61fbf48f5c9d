"""The Python client against the real server."""

from collections.abc import Iterator

import pytest

from support.envelopes import Credentials
from support.server import Server, free_port
from synclead.client import FaultError, LeadToSync, ServerUnreachableError, SyncleadClient

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
PATH = "/soap/mktows/2_7"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a demo server that all tests of this module share."""
    server = Server(tmp_path_factory.mktemp("demo"), options=["--demo"])
    server.start()
    yield server.port
    server.close()


def test_the_client_syncs_and_raises_faults(port: int) -> None:
    """The Python client gives typed results, and faults as errors."""
    client = SyncleadClient(f"http://127.0.0.1:{port}{PATH}", DEMO.user, DEMO.key)
    lead = LeadToSync(email="anna@example.com", foreign_id="X1", attributes={"LastName": "O'Hara & <Sons>"})
    first = client.sync_lead(lead, return_lead=True)
    assert first.status == "CREATED"
    assert first.lead is not None
    assert (first.lead.id, first.lead.foreign_id, first.lead.foreign_type) == (first.lead_id, "X1", "CUSTOM")
    assert first.lead.attributes == {"LastName": "O'Hara & <Sons>"}
    again = client.sync_lead(LeadToSync(id=first.lead_id, attributes={"LastName": ""}), return_lead=True)
    assert again.lead is not None
    assert (again.status, again.lead.attributes) == ("UPDATED", {})
    with pytest.raises(FaultError, match="No lead found with ID = 999") as caught:
        client.sync_lead(LeadToSync(id=999))
    assert caught.value.code == "20103"
    with pytest.raises(FaultError) as other:
        client.sync_lead(lead, workspace="Nowhere")
    assert other.value.code == "20110"


def test_the_client_says_when_nobody_answers() -> None:
    """A refused connection is one error with the host's name."""
    client = SyncleadClient(f"http://127.0.0.1:{free_port()}", DEMO.user, DEMO.key)
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1"):
        client.sync_lead(LeadToSync(email="t@t.com"))


@pytest.mark.parametrize("url", ["", "leads.example.com", "ftp://leads.example.com", "http://"])
def test_other_urls_are_refused(url: str) -> None:
    """A client is for a server that speaks HTTP."""
    with pytest.raises(ValueError, match="URL"):
        SyncleadClient(url, DEMO.user, DEMO.key)
