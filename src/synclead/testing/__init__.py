"""A server for the tests of programs that call syncLead, as a process of its own.

With pytest: `pytest_plugins = ["synclead.testing"]`, or an import of `server` into a `conftest.py`, gives the fixture
`server`. Without it: `with running() as server:`.
"""

from importlib.util import find_spec

from synclead.testing.double import ControlRefusedError, DoubleError, RunningServer, running

__all__ = ["ControlRefusedError", "DoubleError", "RunningServer", "running"]

if find_spec("pytest") is not None:
    from synclead.testing.fixture import server

    __all__ += ["server"]
