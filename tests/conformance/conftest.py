"""The server that every stack calls, and the stacks, built once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.scenario import DECLARATION, Place, given
from conformance.stack import Stack, build
from support.certificates import certificate_of_authority
from support.nginx import running_nginx
from support.orchard import assert_no_defect
from support.server import Server, running_server

SOAP_PATH = "/soap/mktows/2_9"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with one subscription; at its end its log has no defect of ours."""
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, DECLARATION, options=["--trusted-proxies", "127.0.0.1"]) as server:
        yield server
        assert server.stop() == 0
        assert_no_defect(server)


@pytest.fixture(scope="session")
def place(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The server's address, and the same behind TLS."""
    folder = tmp_path_factory.mktemp("tls")
    ca_file, cert_file, key_file = certificate_of_authority(folder)
    with running_nginx(folder / "nginx", server.port, cert_file, key_file) as (port, _):
        yield Place(
            url=f"http://127.0.0.1:{server.port}{SOAP_PATH}",
            tls_url=f"https://localhost:{port}{SOAP_PATH}",
            ca_file=str(ca_file),
        )


@pytest.fixture(scope="session")
def built(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Stack], Path]:
    """Gives the folder in which a stack's program is built; skips loudly, or fails in CI, where the stack is missing."""
    folders: dict[str, Path] = {}

    def find(stack: Stack) -> Path:
        if stack.folder not in folders:
            if stack.missing and "SYNCLEAD_CI" not in os.environ:
                pytest.skip(f"not installed: {', '.join(stack.missing)}; Debian: {' '.join(stack.apt) or 'none'}")
            folder = tmp_path_factory.mktemp(stack.folder) / "program"
            log = build(stack, folder, given(place, "build"))
            (folder / "build.log").write_text(log, encoding="utf-8")
            folders[stack.folder] = folder
        return folders[stack.folder]

    return find
