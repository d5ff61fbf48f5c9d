"""Serving TLS without a proxy."""

import ssl
import subprocess
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from support.certificates import certificate
from support.server import PROGRAM, free_port
from synclead.app import open_store
from synclead.server import serve
from synclead.settings import load_settings


def test_a_server_with_tls_files_speaks_tls(tmp_path: Path) -> None:
    """The handshake shows the certificate, and the WSDL names https where generated clients read it."""
    cert_file, key_file = certificate(tmp_path)
    port = free_port()
    options = ["--port", str(port), "--tls-cert-file", str(cert_file), "--tls-key-file", str(key_file)]
    with subprocess.Popen([PROGRAM, "serve", *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any('"serving"' in line for line in process.stderr)
        context = ssl.create_default_context(cafile=str(cert_file))
        connection = HTTPSConnection("localhost", port, context=context, timeout=20)
        connection.request("GET", "/soap/mktows/2_7?WSDL")
        wsdl = connection.getresponse().read().decode()
        connection.close()
        process.terminate()
        assert process.wait(20) == 0
    assert f'location="https://localhost:{port}/soap/mktows/2_7"' in wsdl


def test_tls_files_that_are_none_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in the place of the certificate is refused, and the database can be served from afterwards."""
    monkeypatch.setattr("synclead.logs.configure", lambda level: None)
    _, key_file = certificate(tmp_path)
    url = f"sqlite:///{tmp_path}/leads.db"
    settings = load_settings(tls_cert_file=key_file, tls_key_file=key_file, port=0, database_url=url)
    assert serve(settings) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert "TLS" in lines[0]
    open_store(load_settings(database_url=url)).release()
