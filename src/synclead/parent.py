"""Ends this process when the one that started it is gone: its standard input is a pipe that the other keeps open."""

import os
import signal
import threading
import time

from synclead.logs import get_logger

STDIN = 0
_END_SECONDS = 20.0

_log = get_logger()


def end_with_parent() -> None:
    """From now on the end of standard input is SIGTERM, and 20 seconds later the end without more ado."""
    threading.Thread(target=_watch, name="synclead-parent", daemon=True).start()


def _watch() -> None:
    # Without a buffer: a thread that waits in one would make this process abort at its end.
    while os.read(STDIN, 4096):
        pass
    _log.error("the parent process is gone")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os._exit(1)
