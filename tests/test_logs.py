"""Log lines."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from synclead.logs import configure, get_logger


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    """Leaves logging as the other tests expect it."""
    root, logger = logging.getLogger(), get_logger()
    handlers, level, put, threshold = root.handlers, root.level, logger.put, logger.threshold
    yield
    root.handlers = handlers
    root.setLevel(level)
    logger.put, logger.threshold = put, threshold


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object() -> None:
    """Line breaks and quotes in values do not break the line; time and level are there."""
    stream = io.StringIO()
    configure("info", stream)
    get_logger().info("call", partner='a"b\nc', size=3)
    get_logger().debug("not shown")
    [line] = _lines(stream)
    assert (line["event"], line["partner"], line["size"], line["level"]) == ("call", 'a"b\nc', 3, "info")
    assert line["timestamp"].endswith("Z")


def test_any_text_and_value_is_logged() -> None:
    """Neither a lone surrogate nor a value of a strange type loses the line."""
    stream = io.StringIO()
    configure("info", stream)
    get_logger().info("call", partner="a\ud800", size=3j, name="Jürgen")
    get_logger().info("call", name="Jürgen", size=3j)
    first, second = _lines(stream)
    assert (first["partner"], first["size"]) == ("a\ud800", "3j")
    assert (second["name"], second["size"]) == ("Jürgen", "3j")


def test_marks_stand_in_every_line() -> None:
    """Lines of other threads and of libraries too say which process they come from."""
    stream = io.StringIO()
    configure("info", stream, marks={"worker": 2})
    thread = threading.Thread(target=get_logger().info, args=("call",))
    thread.start()
    thread.join()
    logging.getLogger("uvicorn.error").warning("Invalid request")
    assert [line["worker"] for line in _lines(stream)] == [2, 2]


def test_libraries_log_the_same_way() -> None:
    """What uvicorn says through `logging` is JSON too."""
    stream = io.StringIO()
    configure("info", stream)
    logging.getLogger("uvicorn.error").warning("Invalid %s", "request")
    logging.getLogger("library").critical("%d of %d", 1)
    line, misfit = _lines(stream)
    assert (misfit["event"], misfit["level"]) == ("%d of %d", "error")
    assert (line["event"], line["logger"], line["level"]) == ("Invalid request", "uvicorn.error", "warning")


@pytest.mark.parametrize(("level", "shown"), [("info", False), ("debug", True)])
def test_exceptions_show_where_and_not_what(level: str, shown: bool) -> None:
    """A lead's value in an exception's text stays out of the log, unless the level is debug."""
    stream = io.StringIO()
    configure(level, stream)
    try:
        try:
            raise KeyError("anna@example.com")
        except KeyError as inner:
            raise RuntimeError("anna@example.com") from inner
    except RuntimeError as error:
        get_logger().error("failed", exc_info=error)
        logging.getLogger("library").exception("failed")
    for line in _lines(stream):
        text = json.dumps(line["exception"])
        assert "RuntimeError" in text
        assert "KeyError" in text
        assert "test_logs.py" in text
        assert ("anna@example.com" in text) is shown


def test_a_closed_log_fails_nobody() -> None:
    """A call goes on when its log line cannot be written."""
    stream = io.StringIO()
    configure("info", stream)
    stream.close()
    get_logger().info("call")
    logging.getLogger("uvicorn.error").warning("lost")
