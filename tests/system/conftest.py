"""One real server for the tests that do not mind each other's leads."""

from collections.abc import Iterator

import pytest

from support.orchard import DECLARATION, assert_no_defect
from support.server import Server, running_server


@pytest.fixture(scope="session")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one subscription and the demo. At its end it stops in order, and its log has no defect of ours."""
    with running_server(tmp_path_factory.mktemp("orchard"), DECLARATION, options=["--demo"]) as server:
        yield server
        assert server.get("/readyz") == 200
        assert server.stop() == 0
        assert_no_defect(server)
