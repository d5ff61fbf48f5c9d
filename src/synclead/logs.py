"""Logs: one JSON object a line on stderr, from this program and from the libraries under it."""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(level: str, stream: TextIO | None = None, marks: Mapping[str, Any] | None = None) -> None:
    """Sends every log line to `stream` (stderr) from `level` on: debug, info, warning or error.

    `marks` stand in every line, to tell the processes apart that write to one log.

    The text of an exception can hold a lead's values, so a line shows its class and the lines of code
    that it came through; with level debug its text too.
    """
    threshold = _LEVELS[level]
    target = _Lines(stream or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Marks(marks or {}),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ExceptionLines(with_text=threshold <= logging.DEBUG),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(target),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.INFO))
    for chatty in ("uvicorn", "uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel(max(threshold, logging.WARNING))


def get_logger() -> Any:
    """The program's logger: `log.info("event", name=value)`."""
    return structlog.get_logger()


def _to_json(event: EventDict, **_options: Any) -> str:
    # Lone surrogates, which UTF-8 cannot hold, come in with what a library reports of a request.
    try:
        return msgspec.json.encode(event, enc_hook=repr).decode()
    except UnicodeEncodeError:
        return json.dumps(event, default=repr)


class _Marks:
    """Adds the same values to every line, whichever thread it comes from."""

    def __init__(self, marks: Mapping[str, Any]) -> None:
        self._marks = marks

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.update(self._marks)
        return event


class _ExceptionLines:
    """Replaces `exc_info` by the classes of the chain of exceptions and the code they came through."""

    def __init__(self, *, with_text: bool) -> None:
        self._with_text = with_text

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        info = event.pop("exc_info", None)
        if info is True:
            info = sys.exc_info()
        error = info[1] if isinstance(info, tuple) else info
        if isinstance(error, BaseException):
            event["exception"] = describe(error, with_text=self._with_text)
        return event


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


class _Lines:
    """A stream that never fails: a closed or full log must not fail the call that it tells of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # a terminal or file that is not UTF-8
            self._stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return
