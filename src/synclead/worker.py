"""One of several serving processes: `python -m synclead.worker NUMBER DESCRIPTOR FOLDER`, started by `workers`."""

import os
import socket
import sys
from pathlib import Path

import msgspec

from synclead import logs
from synclead.logs import get_logger
from synclead.metrics.board import Board
from synclead.parent import STDIN, end_with_parent
from synclead.server import StartError, serve_on
from synclead.settings import read_settings
from synclead.store.errors import StoreError

_log = get_logger()


def main() -> int:
    """Serves on the parent's listener until SIGTERM, or until the parent is gone; gives the exit code of `serve`."""
    number, descriptor = (int(argument) for argument in sys.argv[1:3])
    line = _read_line()
    if line is None:
        return 1
    settings = read_settings(msgspec.json.decode(line))
    logs.configure(settings.log_level, marks={"worker": number, "pid": os.getpid()})
    end_with_parent()
    try:
        with socket.socket(fileno=descriptor) as listener:
            return serve_on(settings, listener, Board(Path(sys.argv[3]), str(number)))
    except (StoreError, StartError) as error:
        _log.error("worker cannot start", reason=str(error))
    except Exception as error:
        _log.error("worker failed", exc_info=error)
    return 1


def _read_line() -> bytes | None:
    """The settings, one line of standard input; None where the parent went before it had written them.

    Without a buffer: the rest is for `end_with_parent`.
    """
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(STDIN, 65536)
        if not part:
            return None
        line += part
    return line


if __name__ == "__main__":
    sys.exit(main())
