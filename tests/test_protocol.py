"""What old and odd clients send over HTTP, on raw sockets to the real server."""

import asyncio
import contextlib
import gc
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop

from support.envelopes import Call, Credentials, envelope, read_answer
from support.server import Server
from synclead.protocol import PIPELINED, bounded_protocol
from synclead.settings import Settings
from synclead.soap.endpoint import SEND_WHOLE
from synclead.soap.held import HeldBytes

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
PATH = "/soap/mktows/2_7"
GEORGE = Call(email="t@t.com", attributes=(("FirstName", "George"),))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo server that all tests of this module share."""
    server = Server(tmp_path_factory.mktemp("demo"), options=["--demo"])
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def port(server: Server) -> int:
    """Its port."""
    return server.port


def _exchange(port: int, *parts: bytes) -> bytes:
    """Sends the parts on one connection and reads until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        return _read_all(connection)


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def _read_until(connection: socket.socket, ending: bytes) -> bytes:
    received = b""
    while not received.endswith(ending):
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


def _head(*lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST {PATH} HTTP/{version}", "Host: localhost", *lines, "", ""]).encode()


def _call(call: Call, *lines: str) -> bytes:
    body = envelope(call, DEMO)
    return _head(f"Content-Length: {len(body)}", *lines) + body


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


def _split(answer: bytes) -> tuple[str, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().lower(), body


def test_http_1_0_is_answered_and_closed(port: int) -> None:
    """Old stacks neither keep connections nor read chunks."""
    body = envelope(GEORGE, DEMO)
    head, answer = _split(_exchange(port, _head(f"Content-Length: {len(body)}", version="1.0"), body))
    assert "200 ok" in head
    assert f"content-length: {len(answer)}" in head
    assert read_answer(200, answer).lead_id is not None


def test_chunked_bodies_are_read(port: int) -> None:
    """Chunks may end anywhere, within a character too."""
    body = envelope(Call(email="t@t.com", attributes=(("FirstName", "Jürgen"),)), DEMO)
    head = _head("Transfer-Encoding: chunked", "Connection: close")
    record = read_answer(200, _split(_exchange(port, head, _chunked(body, 7)))[1]).record
    assert record is not None
    assert record.values["FirstName"] == "Jürgen"


def test_compressed_chunks_are_read(port: int) -> None:
    """Both encodings at once are undone in their order."""
    body = gzip.compress(envelope(GEORGE, DEMO))
    head = _head("Transfer-Encoding: chunked", "Content-Encoding: gzip", "Connection: close")
    assert read_answer(200, _split(_exchange(port, head, _chunked(body, 50)))[1]).status is not None


@pytest.mark.parametrize(
    "lines",
    [
        ("Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("transfer-encoding: xchunked",),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 5",),
    ],
)
def test_a_body_whose_end_could_be_read_in_two_ways_is_refused(port: int, lines: tuple[str, ...]) -> None:
    """400 by its head alone, and the connection ends: nothing that follows can be taken for a request."""
    answered = _exchange(port, _head(*lines))
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert answered.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("value", ["chunked", "Chunked", " chunked "])
def test_chunked_alone_is_read(port: int, value: str) -> None:
    """In any case."""
    answered = _exchange(
        port, _head(f"Transfer-Encoding: {value}", "Connection: close"), _chunked(envelope(GEORGE, DEMO), 100)
    )
    assert answered.startswith(b"HTTP/1.1 200 ")


def test_expect_continue_is_answered_before_the_body(port: int) -> None:
    """PHP's and .NET's clients wait for it."""
    body = envelope(GEORGE, DEMO)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(_head(f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close"))
        assert _read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"200 OK" in _read_all(connection)


def test_a_body_too_large_is_refused_without_asking_for_it(port: int) -> None:
    """A client that waits for `100 Continue` hears 413 at once."""
    head, body = _split(_exchange(port, _head("Content-Length: 10485761", "Expect: 100-continue")))
    assert head.startswith("http/1.1 413")
    assert "connection: close" in head
    assert read_answer(413, body).fault_code == "20012"


def test_a_client_that_sends_too_much_can_read_its_answer(port: int) -> None:
    """The answer is not lost to the bytes that are still on their way."""
    size = 30_000_000
    head, body = _split(_exchange(port, _head(f"Content-Length: {size}"), b" " * size))
    assert head.startswith("http/1.1 413")
    assert read_answer(413, body).fault_code == "20012"


def test_many_calls_share_a_connection(port: int) -> None:
    """Keep-alive works, after a fault too."""
    wrong = envelope(GEORGE, Credentials(DEMO.user, "wrong"))
    right = envelope(GEORGE, DEMO)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for body, status in [(right, b"200"), (wrong, b"500"), (right, b"200")]:
            connection.sendall(_head(f"Content-Length: {len(body)}") + body)
            assert _read_until(connection, b"Envelope>\n")[9:12] == status


def test_an_answer_comes_in_one_piece(port: int) -> None:
    """A client is woken once, and not for the head alone."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for _ in range(20):
            connection.sendall(_call(GEORGE))
            assert connection.recv(65536).endswith(b"Envelope>\n")


def test_an_answer_without_a_body_is_its_head(port: int) -> None:
    """HEAD for the WSDL, and then a call on the same connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"HEAD {PATH}?WSDL HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = _read_until(connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(_call(GEORGE))
        assert _read_until(connection, b"Envelope>\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_call_whose_client_hung_up_is_told_of(server: Server) -> None:
    """It is carried out all the same."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(_call(Call(email="gone@t.com"), "X-Request-Id: gone"))
    server.await_log("call", request="gone", delivered=False, outcome="CREATED")


def test_tls_to_a_port_that_speaks_none_leaves_a_trace(server: Server) -> None:
    """In the log, and in the list of calls, with what to change."""
    hello = bytes.fromhex("16030100f8010000f40303") + bytes(200)
    with contextlib.suppress(ConnectionResetError):
        _exchange(server.port, hello)
    server.await_log("no call", cause="tls", client="127.0.0.1")


def test_a_post_to_another_path_leaves_a_trace(server: Server) -> None:
    """Also where no SOAP path is near it."""
    for path in ("/", "/mktows/2_7", "/soap", "/api/mktows/2_7"):
        answered = _exchange(
            server.port, f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        assert answered.startswith(b"HTTP/1.1 404 ")
        assert b"/soap/mktows/2_7" in answered
        server.await_log("no call", cause="path", reason=f"POST {path} is no path of SOAP")


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE", "uPGRADE"])
def test_an_offer_of_http_2_is_declined(port: int, name: str) -> None:
    """Java's HttpClient offers it with its first call on a connection; that call and the next are answered."""
    body = envelope(GEORGE, DEMO)
    offer = _head(
        "Connection: Upgrade, HTTP2-Settings",
        f"{name}: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAAB",
        f"Content-Length: {len(body)}",
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for head in (offer, _head(f"Content-Length: {len(body)}")):
            connection.sendall(head)
            connection.sendall(body)
            assert b"200 OK" in _read_until(connection, b"Envelope>\n")


def test_a_head_without_an_end_is_refused(port: int) -> None:
    """Headers are not collected for ever."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nX-Long: {'x' * 100_000}".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_thousand_requests_at_once_are_not_kept(port: int) -> None:
    """Who sends on without waiting for answers is refused: the requests would stand in memory."""
    answered = _exchange(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
    assert answered.count(b"HTTP/1.1 400 ") == 1
    assert answered.count(b"HTTP/1.1 200 ") <= PIPELINED


def test_trailers_without_an_end_are_refused(port: int) -> None:
    """What follows the last chunk of a body is bounded like a head."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(_head("Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall((b"x-trailer: " + b"x" * 10_000 + b"\r\n") * 5_000)


def test_answers_do_not_say_what_serves(port: int) -> None:
    """Neither the server's name nor the insides of pages are shown."""
    for path in ("/", "/healthz", "/readyz", "/nothing", "/soap/nothing"):
        head, _ = _split(_exchange(port, f"GET {path} HTTP/1.0\r\n\r\n".encode()))
        assert ("404" if "nothing" in path else "200") in head.splitlines()[0]
        assert "uvicorn" not in head
        assert "\nserver:" not in head


def test_a_head_in_part_is_given_up_in_time(tmp_path: Path) -> None:
    """On a new connection, after an answer, and right behind a whole request; who is whole is served meanwhile."""
    server = Server(tmp_path, options=["--demo", "--head-timeout=1"])
    server.start()
    with closing(server):
        whole, part = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHo"
        assert _exchange(server.port, part) == b""
        assert _exchange(server.port, whole + part).count(b"HTTP/1.1 200 ") == 1
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            for _ in range(2):
                connection.sendall(whole)
                assert _read_until(connection, b"alive\n").startswith(b"HTTP/1.1 200 ")
                time.sleep(1.5)  # longer than a head may take: no head has begun
            connection.sendall(part)
            assert _read_all(connection) == b""


def test_a_head_too_large_in_one_piece_is_refused(port: int) -> None:
    """After an answer too."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert _read_until(connection, b"alive\n").startswith(b"HTTP/1.1 200 ")
        connection.sendall(f"GET / HTTP/1.1\r\nX-Long: {'x' * 100_000}".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("kept", [True, False], ids=["one connection", "a connection a call"])
def test_a_call_leaves_nothing_for_the_garbage_collector(kept: bool) -> None:
    """It looks rarely while serving, and what it alone can find would pile up meanwhile."""
    calls = 200

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert scope.pop(SEND_WHOLE)(200, b"text/plain", b"ok")

    async def call(port: int, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(number):
            writer.write(_head("Content-Length: 2") + b"hi")
            await reader.readuntil(b"ok")
        writer.close()
        await writer.wait_closed()

    async def found() -> int:
        async with _serving(app) as port:
            await call(port, 1)
            gc.collect()
            gc.disable()
            try:
                for _ in range(1 if kept else calls):
                    await call(port, calls if kept else 1)
                await asyncio.sleep(0.05)
                return gc.collect()
            finally:
                gc.enable()

    assert uvloop.run(found()) < calls


def test_an_answer_waits_for_a_client_that_has_not_read_the_one_before() -> None:
    """So that no more than one is kept for it."""
    body = b"x" * 8 * 1024 * 1024
    sent_whole: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        sent_whole.append(scope.pop(SEND_WHOLE)(200, b"text/plain", body))
        if not sent_whole[-1]:
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def read() -> int:
        async with _serving(app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(_head("Content-Length: 2") + b"hi")
            await asyncio.sleep(0.2)
            assert sent_whole == [True, False]
            length = 0
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n")
                length += len(await reader.readexactly(len(body)))
            writer.close()
            return length

    assert uvloop.run(read()) == 3 * len(body)


@asynccontextmanager
async def _serving(app: Any, held: HeldBytes | None = None) -> AsyncIterator[int]:
    """The port of a server with our protocol in this process."""
    http = bounded_protocol(Settings(), held or HeldBytes())
    served = uvicorn.Config(app, http=http, ws="none", lifespan="off", log_config=None)
    served.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: served.http_protocol_class(config=served, server_state=state, app_state={}),  # type: ignore[call-arg]
        "127.0.0.1",
        0,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 40_000, 40_000),
        (_head("Content-Length: 0") + _head("Content-Length: 50000") + b"x" * 50_000, 10_000),
        (_head("Content-Length: 200000") + b"x" * 200_000, 64 * 1024),
    ],
    ids=["a head that does not end", "a request before its turn", "a body that nobody asks for"],
)
def test_what_a_connection_keeps_is_counted(sent: bytes, kept: int) -> None:
    """Until it is closed; where there is no room for it, the connection is closed, by 503 where nothing else is sent."""

    async def keep(held: HeldBytes) -> tuple[int, bytes]:
        done = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await done.wait()

        async with _serving(app, held) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            answered = b""
            if held.most_unsigned < kept:
                with suppress(ConnectionResetError):  # closed while more was on its way
                    answered = await reader.read()
            else:
                await _until(lambda: held.unsigned >= kept)
            most = held.unsigned
            writer.close()
            done.set()
            await _until(lambda: held.unsigned == 0)
            return most, answered

    counted, _ = uvloop.run(keep(HeldBytes()))
    assert counted >= kept
    refused: list[str] = []
    counted, answered = uvloop.run(keep(HeldBytes(most_unsigned=kept // 4, refused=refused.append)))
    assert counted == 0
    assert refused == ["unsigned"]
    assert answered.startswith(b"HTTP/1.1 503 ") == (b"X-Long" in sent)
