"""Logs: one JSON object a line on stderr, from this program and from the libraries under it."""

import asyncio
import atexit
import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from synclead.visible import visible_json

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_WHOLE = 4096
"""Bytes that one write puts into a pipe without another's between them; a line that is longer may be cut in two."""
_NAMES = {level: name for name, level in _LEVELS.items()}


class Logger:
    """Tells of events with their facts: `log.info("call", lead=7)`.

    `exc_info`, where it is among the facts, is an exception: the line shows where it came from. Not by way of
    `logging`, whose records cost a call more than the rest of its line.
    """

    def __init__(self) -> None:
        self.threshold = logging.WARNING
        """The lowest level that is told of."""
        sink = _Sink(None, {}, with_text=False)
        self.put: Callable[[int, dict[str, Any]], None] = sink.put
        """Takes the level and the facts of an event, `event` among them."""
        self.flush: Callable[[], None] = sink.write
        """Writes what was told of and waits for the end of a turn of the event loop."""

    def debug(self, event: str, /, **facts: Any) -> None:
        """What only who looks for a defect wants to know."""
        if self.threshold <= logging.DEBUG:
            facts["event"] = event
            self.put(logging.DEBUG, facts)

    def info(self, event: str, /, **facts: Any) -> None:
        """What happened."""
        if self.threshold <= logging.INFO:
            facts["event"] = event
            self.put(logging.INFO, facts)

    def warning(self, event: str, /, **facts: Any) -> None:
        """What somebody should look at some time."""
        if self.threshold <= logging.WARNING:
            facts["event"] = event
            self.put(logging.WARNING, facts)

    def error(self, event: str, /, **facts: Any) -> None:
        """What somebody should look at now."""
        facts["event"] = event
        self.put(logging.ERROR, facts)


def get_logger() -> Logger:
    """The program's logger."""
    return _LOGGER


def configure(level: str, stream: TextIO | None = None, marks: Mapping[str, Any] | None = None) -> None:
    """Sends every log line to `stream` (stderr) from `level` on: debug, info, warning or error.

    `marks` stand in every line, to tell the processes apart that write to one log.

    The text of an exception can hold a lead's values, so a line shows its class and the lines of code
    that it came through; with level debug its text too.
    """
    threshold = _LEVELS[level]
    sink = _Sink(stream or sys.stderr, marks or {}, with_text=threshold <= logging.DEBUG)
    _LOGGER.threshold = threshold
    _LOGGER.put, _LOGGER.flush = sink.put, sink.write
    atexit.register(sink.write)
    root = logging.getLogger()
    root.handlers = [_OfLibraries(sink)]
    root.setLevel(max(threshold, logging.INFO))
    for chatty in ("uvicorn", "uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


class _Sink:
    """Writes lines, which never fails: a closed or full log must not fail the call that it tells of.

    What happens in one turn of the event loop is written at its end, in one go: to write each line alone is a system
    call for each call. Warnings and errors, and what is told outside of a loop, take all that waits along at once.
    """

    def __init__(self, stream: TextIO | None, marks: Mapping[str, Any], *, with_text: bool) -> None:
        """Without a stream, what is stderr then."""
        self._stream = stream
        self._marks = marks
        self._with_text = with_text
        self._waiting: list[str] = []
        self._lock = threading.Lock()

    def put(self, level: int, facts: dict[str, Any]) -> None:
        """Writes a line: the facts, then the marks, the level and the time."""
        error = facts.pop("exc_info", None)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        line = {**facts, **self._marks, "level": _NAMES[level], "timestamp": f"{now[:-6]}Z"}
        if error is not None:
            line["exception"] = describe(error, with_text=self._with_text)
        text = _to_json(line) + "\n"
        with self._lock:
            self._waiting.append(text)
            is_first = len(self._waiting) == 1
        loop = asyncio._get_running_loop() if level <= logging.INFO else None
        if loop is None:
            self.write()
        elif is_first:
            loop.call_soon(self.write)

    def write(self) -> None:
        """Writes all lines that wait."""
        with self._lock:
            lines, self._waiting = self._waiting, []
            for text in _together(lines):
                self._write(text)

    def _write(self, text: str) -> None:
        stream = self._stream or sys.stderr
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:  # a terminal or file that is not UTF-8
                stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
            stream.flush()
        except (OSError, ValueError):
            return


def _together(lines: Sequence[str]) -> Iterator[str]:
    """The lines in as few pieces as a pipe takes in whole, so that those of two processes never mix (POSIX: PIPE_BUF).

    A line that is longer is a piece of its own.
    """
    piece: list[str] = []
    room = _WHOLE
    for line in lines:
        size = len(line) if line.isascii() else len(line.encode(errors="surrogatepass"))
        if piece and size > room:
            yield "".join(piece)
            piece, room = [], _WHOLE
        piece.append(line)
        room -= size
    if piece:
        yield "".join(piece)


class _OfLibraries(logging.Handler):
    """What libraries tell `logging` becomes a line too, with the name of their logger."""

    def __init__(self, sink: _Sink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        error = record.exc_info[1] if record.exc_info else None
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # its values do not fit its text
            text = str(record.msg)
        facts = {"event": text, "logger": record.name, "exc_info": error}
        self._sink.put(min(max(record.levelno // 10 * 10, logging.DEBUG), logging.ERROR), facts)


_LOGGER = Logger()
_ENCODE = msgspec.json.Encoder(enc_hook=repr).encode


def _to_json(line: Mapping[str, Any]) -> str:
    # Lone surrogates, which UTF-8 cannot hold, come in with what a library reports of a request.
    try:
        return visible_json(_ENCODE(line).decode())
    except UnicodeEncodeError:
        return visible_json(json.dumps(line, default=repr))


def describe(error: BaseException, *, with_text: bool) -> list[str]:
    """An exception, its causes after it, as short lines; without the texts unless asked for."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        name = type(current).__qualname__
        lines.append(f"{name}: {current}" if with_text else name)
        frames = traceback.extract_tb(current.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines
