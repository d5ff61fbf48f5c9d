"""One real server for the tests that do not mind each other's leads."""

from collections.abc import Iterator

import pytest

from support.inside import USER
from support.server import Server, running_server

DECLARATION = f"""
[[subscription]]
name = "Orchard"
munchkin_account = "100-AEK-914"
api_users = [ {{ id = "{USER.user}", encryption_key = "{USER.key}" }} ]
"""


@pytest.fixture(scope="session")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one subscription and the demo. At its end it stops in order, and its log has no defect of ours."""
    with running_server(tmp_path_factory.mktemp("orchard"), DECLARATION, options=["--demo"]) as server:
        yield server
        assert server.get("/readyz") == 200
        assert server.stop() == 0
        assert_no_defect(server)


def assert_no_defect(server: Server) -> None:
    """Every line of the log is JSON, and none tells of an error or an exception."""
    entries = server.log()
    assert len(entries) == len([line for line in server.lines if line.strip()]), server.lines[-20:]
    assert not [entry for entry in entries if "exception" in entry or entry.get("level") in ("error", "critical")]
