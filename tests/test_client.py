"""The Python client against the real server, and against servers that do not keep to the rules."""

import importlib
import inspect
import re
import socket
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from support.envelopes import Credentials
from support.server import Server, free_port
from synclead import client as package
from synclead.client import (
    FAULTS,
    AuthenticationFailedFault,
    FaultError,
    InputFault,
    LeadNotFoundFault,
    LeadToSync,
    RequestExpiredFault,
    ServerUnreachableError,
    SyncleadClient,
    UnreadableAnswerError,
)
from synclead.leads.errors import SyncleadError
from synclead.soap.faults import fault

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
    with pytest.raises(LeadNotFoundFault, match="No lead found with ID = 999") as caught:
        client.sync_lead(LeadToSync(id=999))
    assert (caught.value.code, caught.value.text) == ("20103", "20103 - Lead not found")
    with pytest.raises(InputFault):
        client.sync_lead(lead, workspace="Nowhere")


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


def test_a_lead_is_read_by_each_of_its_keys(port: int) -> None:
    """As syncLead returned it; two leads of one Email are two, the newest first; nobody is an exception of its own."""
    with SyncleadClient(f"http://127.0.0.1:{port}", DEMO.user, DEMO.key) as client:
        lead = LeadToSync(
            email="read@example.com",
            foreign_id="003A000000abcde",
            foreign_type="SFDC",
            cookie="_mch-example.com-read",
            attributes={"City": "Ely"},
        )
        synced = client.sync_lead(lead, return_lead=True)
        assert synced.lead is not None
        keys = ({"id": synced.lead_id}, {"email": "READ@example.com"}, {"cookie": lead.cookie}, {"sfdc_id": "003A000000abcdeIAA"})  # fmt: skip
        for key in keys:
            assert client.get_lead(**key) == (synced.lead,)
        other = client.sync_lead(LeadToSync(email="read@example.com", foreign_id="Z", foreign_type="SFDC"))
        found = client.get_lead(email="read@example.com")
        assert [one.id for one in found] == [other.lead_id, synced.lead_id]
        with pytest.raises(LeadNotFoundFault, match=r"No lead found with EMAIL = nobody@example\.com"):
            client.get_lead(email="nobody@example.com")


@pytest.mark.parametrize("keys", [{}, {"id": 1, "email": "a@e.com"}])
def test_a_lead_is_read_by_one_key(keys: dict[str, str]) -> None:
    """None, or two, is the caller's mistake: nothing is sent."""
    with pytest.raises(ValueError, match=f"not {len(keys)}"):
        SyncleadClient("http://127.0.0.1:1", DEMO.user, DEMO.key).get_lead(**keys)


def test_objects_are_listed_and_described(port: int) -> None:
    """A lead's fields come with their types; an object that there is not is an exception of its own."""
    client = SyncleadClient(f"http://127.0.0.1:{port}", DEMO.user, DEMO.key)
    assert client.list_objects() == ("ActivityRecord", "LeadRecord", "Opportunity", "OpportunityPersonRole")
    lead = client.describe_object()
    fields = {field.name: field for field in lead.fields}
    moment = datetime(2010, 1, 1, tzinfo=UTC)
    assert (lead.name, lead.updated_at) == ("LeadRecord", moment)
    city = ("City", "City", "string", 255, False, False, False, True, moment)
    assert astuple(fields["City"]) == city
    assert (fields["Id"].key, fields["Id"].read_only, fields["Id"].in_attributes) == (True, True, False)
    with pytest.raises(InputFault, match="Object name is not valid"):
        client.describe_object("Program")


def test_the_clock_and_the_key_are_the_callers(port: int) -> None:
    """Each call is signed anew; another key, or a clock that is far off, is an exception of its own."""
    url = f"http://127.0.0.1:{port}"
    with pytest.raises(AuthenticationFailedFault):
        SyncleadClient(url, DEMO.user, "wrong").list_objects()
    late = SyncleadClient(url, DEMO.user, DEMO.key, now=lambda: datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(RequestExpiredFault):
        late.list_objects()


def test_the_example_of_the_module_runs(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What its docstring shows works as it stands."""
    example = textwrap.dedent(re.sub(r"^\S.*$", "", inspect.getdoc(package) or "", flags=re.MULTILINE))
    exec(example, {"url": f"http://127.0.0.1:{port}", "user_id": DEMO.user, "key": DEMO.key})
    assert re.fullmatch(r"CREATED \d+\n\d+ {'FirstName': 'George'}\n", capsys.readouterr().out)


def test_what_xml_cannot_carry_is_not_sent() -> None:
    """It is the caller's mistake, and the message says which character."""
    client = SyncleadClient("http://127.0.0.1:1", DEMO.user, DEMO.key)
    with pytest.raises(ValueError, match=r"U\+0001"):
        client.get_lead(email="a\x01@e.com")


def _codes(error: type[SyncleadError]) -> set[str]:
    """Every code that the server can answer."""
    found = {str(error.code)} if error.__module__.startswith("synclead.") and "code" in vars(error) else set()
    return found.union(*map(_codes, error.__subclasses__()))


def test_every_fault_of_the_server_has_a_class_of_its_own() -> None:
    """No two codes share one, each says its code, and all are exported."""
    importlib.import_module("synclead.app")  # every room, so that every error is defined
    assert set(FAULTS) == _codes(SyncleadError)
    assert len(set(FAULTS.values())) == len(FAULTS)
    for code, kind in FAULTS.items():
        assert (kind.__doc__ or "").startswith(f"{code}: ")
        assert getattr(package, kind.__name__) is kind
        assert kind.__name__ in package.__all__


class Stub(ThreadingHTTPServer):
    """Answers every POST with one body, and counts connections and calls."""

    daemon_threads = True

    def __init__(self, body: bytes, *, ends: bool = False) -> None:
        """`ends`: every connection is closed after an answer that did not announce it."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.body, self.ends = body, ends
        self.connections = self.calls = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)
        self.close_connection = self.server.ends

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def answering(body: bytes, *, ends: bool = False) -> Iterator[Stub]:
    """A server that gives this answer for the length of a block."""
    with Stub(body, ends=ends) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


LISTED = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    b'<n:successListMObjects xmlns:n="http://www.marketo.com/mktows/"><result><objects>A</objects></result>'
    b"</n:successListMObjects></e:Body></e:Envelope>"
)


def test_a_block_keeps_one_connection() -> None:
    """Outside of it every call opens its own, after it too."""
    with answering(LISTED) as server:
        client = SyncleadClient(server.url, "u", "k")
        with client:
            assert [client.list_objects() for _ in range(3)] == [("A",)] * 3
            assert server.connections == 1
        client.list_objects()
        client.list_objects()
        assert (server.connections, server.calls) == (3, 5)


def test_a_connection_that_the_server_ended_is_not_used_again() -> None:
    """The next call opens a new one; none is made twice."""
    with answering(LISTED, ends=True) as server, SyncleadClient(server.url, "u", "k") as client:
        for number in range(1, 4):
            assert client.list_objects() == ("A",)
            assert client._wire._kept is not None
            client._wire._kept.sock.recv(1)  # returns when the server has closed it
            assert (server.connections, server.calls) == (number, number)


class OfAnotherServer(SyncleadError):
    """A fault that ours never answers."""

    code, text = 20111, "List not found"


def test_an_unknown_code_is_a_plain_fault() -> None:
    """Code, text and message are there all the same."""
    with answering(fault(OfAnotherServer("No list found")).body) as server, pytest.raises(FaultError) as caught:
        SyncleadClient(server.url, "u", "k").list_objects()
    assert type(caught.value) is FaultError
    assert (caught.value.code, caught.value.text) == ("20111", "20111 - List not found")
    assert str(caught.value) == "No list found (20111)"


@pytest.mark.parametrize("body", [b"<html><body>Welcome</body></html>", b"", LISTED.replace(b"objects", b"object")])
def test_what_is_no_answer_is_said_so(body: bytes) -> None:
    """Another server at the address, or another language."""
    with answering(body) as server, pytest.raises(UnreadableAnswerError):
        SyncleadClient(server.url, "u", "k").get_lead(id=1)


@contextmanager
def _listening(answer: bytes) -> Iterator[int]:
    """A port that answers anything with some bytes and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
    thread.join()


@pytest.mark.parametrize(
    ("scheme", "answer", "said"),
    [
        ("http", b"", "it closed the connection without an answer"),
        ("http", b"\x15\x03\x03\x00\x02\x02\x28\r\n", "it speaks no HTTP there; where it speaks TLS, use https://"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks no TLS there: use http://"),
    ],
)
def test_who_does_not_answer_is_named_with_its_port(scheme: str, answer: bytes, said: str) -> None:
    """And with what to change, where that is known."""
    with _listening(answer) as port, pytest.raises(ServerUnreachableError) as caught:
        SyncleadClient(f"{scheme}://127.0.0.1:{port}{PATH}", DEMO.user, DEMO.key).list_objects()
    assert str(caught.value).startswith(f"127.0.0.1 did not answer on port {port}: {said}")
