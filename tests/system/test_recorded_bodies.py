"""Whatever strangers send to a real server, `synclead requests` shows it, and every call before and after it."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from support.envelopes import Call
from support.inside import USER
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import MASTER_KEY, Server, running_server
from synclead.visible import visible_lines

XML = "text/xml; charset=utf-8"
BODIES = [
    (b"", XML),
    (b"\xef\xbb\xbf", XML),
    (b"\0", XML),
    (b"<a>caf&eacute;</a>", XML),
    (b"<a>&#xD83E;</a>", XML),
    (b'<?xml version="1.0" encoding="\0\x1b[31m"?><a/>', XML),
    (b'<?xml version="1.0" encoding="\xc2\x9b31m"?><a/>', XML),
    ("<a\u200c b\u200d='\u202e'>\u202e\x9b31m</a>".encode(), XML),
    (b"<a/>", 'text/xml; charset="\xe2\x80\xae"'),
    (b"<a " + b" ".join(b"xmlns:n%d='u'" % number for number in range(33_000)) + b"/>", XML),
    (b"<a " + b" ".join(b"n%d=''" % number for number in range(50_000)) + b"/>", XML),
    (b"<a>" + b"<b/>" * 100_000, XML),
    (b"<a>" + b"&#65;" * 100_000, XML),
]


def post(server: Server, sent: bytes, kind: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", "/soap/mktows/2_7", sent, {"Content-Type": kind})
        return connection.getresponse().status
    finally:
        connection.close()


def listed(server: Server, count: int) -> list[dict[str, Any]]:
    """What the command shows, as soon as there are so many calls."""
    deadline = monotonic() + 30
    while True:
        ran = server.command_here("requests", "--json", "--limit", "500")
        assert visible_lines(ran.out) == ran.out
        found = [json.loads(line) for line in ran.out.splitlines()]
        if len(found) >= count:
            return found
        assert monotonic() < deadline, found
        sleep(0.1)  # between two looks


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_call_is_shown_whatever_it_holds(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """None costs another one its place, and nothing that it holds acts on the terminal."""
    url = None
    if kind == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    environment = None if url is None else MASTER_KEY
    with running_server(tmp_path, DECLARATION, environment=environment, database_url=url) as server:
        with server.caller(USER) as caller:
            for number, (sent, content_type) in enumerate(BODIES):
                assert post(server, sent, content_type) in (500, 413)
                assert caller.sync(Call(email=f"c{number}@t.com")).status == "CREATED"
        found = listed(server, 2 * len(BODIES))
        shown = server.command_here("requests").out
        assert server.stop() == 0
        assert_no_defect(server)

    assert [one["outcome"] for one in found] == [20012, "CREATED"] * len(BODIES)
    assert all(one["asked"] for one in found)
    assert sorted(found, key=lambda one: one["at"]) == found
    assert visible_lines(shown) == shown
    assert "[U+009B]31m" in shown
