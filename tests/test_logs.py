"""Log lines."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from support.endpoint import ANNA, PATH, STAMP, Client
from support.envelopes import Call, envelope
from synclead.logs import configure, get_logger
from synclead.soap.endpoint import Endpoint
from synclead.visible import visible_lines


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    """Leaves logging as the other tests expect it."""
    root, logger = logging.getLogger(), get_logger()
    handlers, level = root.handlers, root.level
    put, flush, threshold = logger.put, logger.flush, logger.threshold
    yield
    root.handlers = handlers
    root.setLevel(level)
    logger.put, logger.flush, logger.threshold = put, flush, threshold


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


@pytest.mark.parametrize("half", ["", "\ud800"])
def test_nothing_in_a_line_acts_on_a_terminal(half: str) -> None:
    """People read logs on terminals: what would act there or hide is an escape, which programs read as it was."""
    stream = io.StringIO()
    configure("info", stream)
    text = f"\x1b[31m\x7f\x9b31m\u202e\u2028\ufeff\U000e0041{half} J\u00fcrgen"
    get_logger().info("call", user=text, **{text: 1})
    logging.getLogger("library").warning(text)

    assert visible_lines(stream.getvalue()) == stream.getvalue()
    told, library = _lines(stream)
    assert (told["user"], told[text], library["event"]) == (text, 1, text)


class Written(io.StringIO):
    """A stream that keeps what it was given apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        """Keeps the piece, too."""
        self.pieces.append(text)
        return super().write(text)


def test_lines_of_one_turn_of_the_event_loop_are_written_together() -> None:
    """In their order, at the end of the turn."""
    stream = Written()
    configure("info", stream)

    async def turns() -> None:
        for name in ("first", "second"):
            get_logger().info(name)
        assert stream.pieces == []
        await asyncio.sleep(0)
        assert len(stream.pieces) == 1
        get_logger().info("third")

    asyncio.run(turns())
    assert len(stream.pieces) == 2
    assert [line["event"] for line in _lines(stream)] == ["first", "second", "third"]


@pytest.mark.parametrize("together", [1, 5])
def test_a_call_has_its_line_before_its_answer(together: int) -> None:
    """Also where calls are answered in one turn: a server that is killed owes nobody a line."""
    stream = io.StringIO()
    configure("info", stream)
    body = envelope(Call(email="t@t.com"), ANNA, STAMP)
    client = Client()
    seen: list[tuple[str, set[str]]] = []

    async def call(name: str) -> None:
        received = iter([{"type": "http.request", "body": body}])

        async def receive() -> MutableMapping[str, Any]:
            for message in received:
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            seen.append((name, {line["request"] for line in _lines(stream)}))

        scope = {"method": "POST", "path": PATH, "headers": [(b"x-request-id", name.encode())], "client": None}
        await Endpoint(client.parts, client.edge)(scope, receive, send)

    async def calls() -> None:
        await asyncio.gather(*(call(f"call-{number}") for number in range(together)))

    asyncio.run(calls())
    assert len(seen) == 2 * together
    assert [name for name, logged in seen if name not in logged] == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_somebody_should_look_at_is_written_at_once(elsewhere: bool) -> None:
    """It takes what was told before along; so does what another thread tells."""
    stream = Written()
    configure("info", stream)

    async def turn() -> None:
        get_logger().info("before")
        if elsewhere:
            thread = threading.Thread(target=get_logger().info, args=("now",))
            thread.start()
            thread.join()
        else:
            get_logger().warning("now")
        assert [line["event"] for line in _lines(stream)] == ["before", "now"]

    asyncio.run(turn())


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_what_a_pipe_would_cut_is_written_in_pieces(letter: str) -> None:
    """No piece has more than 4096 bytes but a line that has more itself, and none ends within a line."""
    stream = Written()
    configure("info", stream)
    sizes = [300] * 30 + [5000] + [1500] * 3

    async def turn() -> None:
        for size in sizes:
            get_logger().info("call", text=letter * size)

    asyncio.run(turn())
    assert all(piece.endswith("}\n") for piece in stream.pieces)
    assert [piece.count("\n") for piece in stream.pieces if len(piece.encode()) > 4096] == [1]
    assert [len(line["text"]) for line in _lines(stream)] == sizes
    assert len(stream.pieces) < len(sizes)


def test_what_waits_at_the_end_is_written() -> None:
    """A loop that stops in the turn in which something was told takes nothing with it."""
    program = (
        "import asyncio; from synclead.logs import configure, get_logger; configure('info');"
        "loop = asyncio.new_event_loop(); loop.call_soon(lambda: (loop.stop(), get_logger().info('last')));"
        "loop.run_forever()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["last"]


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
