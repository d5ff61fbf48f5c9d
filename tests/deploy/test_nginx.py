"""synclead behind a real nginx on the files that docs/production.md shows."""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import requests
import zeep
from zeep.transports import Transport

from support.certificates import certificate
from support.envelopes import Call, envelope, read_answer, signature, w3c_now
from support.inside import USER
from support.nginx import DEPLOY, running_nginx
from support.orchard import DECLARATION, assert_no_defect
from support.raw import XML
from support.server import Server, running_server
from support.tools import needs
from synclead.settings import load_settings
from synclead.store.writer import CALL_SECONDS

PATH = "/soap/mktows/2_1"
pytestmark = needs("nginx", "openssl")


@dataclass(frozen=True)
class Proxied:
    """A server, and the ports of the nginx before it."""

    server: Server
    port: int
    old_port: int
    cert_file: Path

    def request(
        self, method: str, path: str, body: bytes | None = None, source: str = "127.0.0.1", **headers: str
    ) -> tuple[int, bytes]:
        """Through TLS; the certificate is checked."""
        context = ssl.create_default_context(cafile=str(self.cert_file))
        connection = HTTPSConnection("localhost", self.port, context=context, timeout=30, source_address=(source, 0))
        try:
            connection.request(
                method, path, body, {**XML, **{name.replace("_", "-"): text for name, text in headers.items()}}
            )
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """One server and one nginx for all tests here."""
    folder = tmp_path_factory.mktemp("proxied")
    cert_file, key_file = certificate(folder, rsa_key=True)
    with (
        running_server(folder, DECLARATION, options=["--trusted-proxies=127.0.0.1"]) as server,
        running_nginx(folder / "nginx", server.port, cert_file, key_file) as (port, old_port),
    ):
        yield Proxied(server, port, old_port, cert_file)
        assert_no_defect(server)


def test_a_library_calls_through_tls_from_the_wsdl_alone(proxied: Proxied) -> None:
    """The WSDL names https and the proxy's host, and the signed call that goes there is answered."""
    session = requests.Session()
    session.trust_env = False  # else a bundle that the environment names would win
    session.verify = str(proxied.cert_file)
    address = f"https://localhost:{proxied.port}{PATH}"
    client = zeep.Client(f"{address}?WSDL", transport=Transport(session=session))
    now = w3c_now()
    seal = {
        "mktowsUserId": USER.user,
        "requestSignature": signature(USER, now),
        "requestTimestamp": now,
    }
    answer = client.service.syncLead(
        leadRecord={"Email": "zeep@orchard.example"}, returnLead=False, _soapheaders={"authentication": seal}
    )
    assert answer.syncStatus.status == "CREATED"
    port = client.wsdl.services["MktMktowsApiService"].ports["MktowsApiSoapPort"]
    assert port.binding_options["address"] == address


def test_the_log_has_the_address_of_the_client(proxied: Proxied) -> None:
    """Not that of the proxy, and not what the client claims."""
    call = envelope(Call(email="forged@orchard.example"), USER)
    status, _ = proxied.request("POST", PATH, call, source="127.0.0.7", X_Forwarded_For="192.0.2.99")
    assert status == 200
    proxied.server.await_log("call", client="127.0.0.7")
    assert not [entry for entry in proxied.server.log() if entry.get("client") == "192.0.2.99"]


def test_synclead_itself_refuses_what_is_too_large(proxied: Proxied) -> None:
    """The client gets a SOAP fault, which it can read, up to the proxy's own limit."""
    status, body = proxied.request("POST", PATH, b" " * (10 * 1024 * 1024 + 1))
    assert (status, read_answer(status, body).fault_code) == (413, "20012")
    assert proxied.request("POST", PATH, b" " * (11 * 1024 * 1024 + 1))[0] == 413


@pytest.mark.parametrize(("path", "status"), [("/readyz", 200), ("/metrics", 404), ("/healthz", 404), ("/", 404)])
def test_only_calls_and_the_check_pass_the_proxy(proxied: Proxied, path: str, status: int) -> None:
    """To synclead the proxy is loopback: what loopback alone may see must end at the proxy."""
    assert proxied.request("GET", path)[0] == status


@pytest.mark.parametrize(
    ("version", "cipher"),
    [
        ("-tls1", "ECDHE-RSA-AES256-SHA"),
        ("-tls1", "ECDHE-RSA-AES128-SHA"),
        ("-tls1_1", "ECDHE-RSA-AES128-SHA"),
        ("-tls1_2", "ECDHE-RSA-AES256-SHA384"),
        ("-tls1_2", "ECDHE-RSA-AES128-SHA256"),
    ],
)
def test_old_clients_have_a_port_of_their_own(proxied: Proxied, version: str, cipher: str) -> None:
    """Each version and suite of the block works there, and a call is answered; elsewhere those of TLS 1.2 alone."""
    call = envelope(Call(email="old@orchard.example", return_lead=False), USER)
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(call)}\r\n\r\n"

    trust = ["-CAfile", str(proxied.cert_file), "-verify_return_error", "-servername", "localhost"]
    options = [version, "-cipher", f"{cipher}:@SECLEVEL=0", *trust, "-ign_eof"]

    def ask(port: int) -> str:
        done = subprocess.run(
            ["openssl", "s_client", *options, "-connect", f"127.0.0.1:{port}"],
            input=head.encode() + call,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.stdout.decode()

    answered = ask(proxied.old_port)
    assert f"Cipher is {cipher}" in answered
    assert "HTTP/1.1 200 OK" in answered
    assert ("HTTP/1.1 200 OK" in ask(proxied.port)) == (version == "-tls1_2")


def seconds(name: str, file: str = "nginx.conf") -> int:
    """A time in a file of deploy/."""
    found = re.search(rf"^\s*{name} (\d+)s;", (DEPLOY / file).read_text(), re.MULTILINE)
    assert found is not None, name
    return int(found[1])


@pytest.mark.parametrize("file", ["nginx.conf", "nginx-old-clients.conf"])
def test_the_proxy_is_more_patient_than_synclead(file: str) -> None:
    """It waits longer than a call may take, and keeps connections shorter than synclead does."""
    settings = load_settings()
    assert seconds("proxy_read_timeout", file) > settings.body_timeout + CALL_SECONDS
    assert seconds("keepalive_timeout") < settings.keep_alive_timeout
    assert f"client_max_body_size {settings.body_limit // 1024**2 + 1}m;" in (DEPLOY / file).read_text()
