"""The pytest fixture `server`: one process a session, as new for every test."""

from contextlib import ExitStack

import pytest

from synclead.testing.double import RunningServer, running

_OF_SESSION: pytest.StashKey[RunningServer] = pytest.StashKey()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> RunningServer:
    """A server without leads, that answers as always, at the machine's time.

    Not a fixture of the session behind it: whoever imports this one would have to import that one too.
    """
    stash, config = request.config.stash, request.config
    if _OF_SESSION not in stash:
        stack = ExitStack()
        stash[_OF_SESSION] = stack.enter_context(running())
        config.add_cleanup(stack.close)
    found = stash[_OF_SESSION]
    found.reset()
    return found
