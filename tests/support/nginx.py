"""A real nginx on the files that docs/production.md shows, for tests: only names, ports and paths are changed."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.server import free_port
from support.slow import await_that

DEPLOY = Path(__file__).parents[2] / "deploy"

_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nginx.conf;
    include {folder}/nginx-old-clients.conf;
}}
"""


def configuration(name: str, changes: dict[str, str]) -> str:
    """A file of deploy/ with what a user changes in it changed; each must occur."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


@contextmanager
def running_nginx(folder: Path, upstream: int, cert_file: Path, key_file: Path) -> Iterator[tuple[int, int]]:
    """The ports of the server block and of that for old clients, before a synclead on the port `upstream`."""
    port, old_port = free_port(), free_port()
    folder.mkdir()
    ours = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server_name leads.example.com": "server_name localhost",
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        "/etc/ssl/synclead/fullchain.pem": str(cert_file),
        "/etc/ssl/synclead/privkey.pem": str(key_file),
    }
    old = {
        "listen 8443 ssl": f"listen 127.0.0.1:{old_port} ssl",
        "server_name old.leads.example.com": "server_name localhost",
        "allow 192.0.2.10": "allow 127.0.0.1",
        "/etc/ssl/synclead-old/fullchain.pem": str(cert_file),
        "/etc/ssl/synclead-old/privkey.pem": str(key_file),
    }
    (folder / "nginx.conf").write_text(configuration("nginx.conf", ours))
    (folder / "nginx-old-clients.conf").write_text(configuration("nginx-old-clients.conf", old))
    (folder / "main.conf").write_text(_MAIN.format(folder=folder))
    with (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "main.conf")], stderr=stderr)
    try:
        await_that(lambda: process.poll() is not None or _listens(port), 20, lambda: (folder / "error.log").read_text())
        assert process.poll() is None, (folder / "stderr").read_text()
        yield port, old_port
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False
