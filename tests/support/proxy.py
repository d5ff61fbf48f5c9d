"""A network between a server and PostgreSQL that fails when a test says so, at the message that it says.

with Proxy(database_url) as proxy:
    server = Server(tmp_path, database_url=proxy.url, …)
    server.start()
    cut = proxy.cut(text("COMMIT"), after=True)   # the next COMMIT arrives, its answer never does
    caller.sync(call)
    assert cut.happened.is_set()
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from sqlalchemy.engine import make_url

T = TypeVar("T")
Sender = Literal["client", "server"]

# What the first packet of a connection asks for, by its code; encryption is declined.
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
_CLIENT_KINDS = {
    "B": "Bind",
    "C": "Close",
    "D": "Describe",
    "E": "Execute",
    "H": "Flush",
    "P": "Parse",
    "Q": "Query",
    "S": "Sync",
    "X": "Terminate",
    "p": "Password",
}
_SERVER_KINDS = {
    "1": "ParseComplete",
    "2": "BindComplete",
    "C": "CommandComplete",
    "D": "DataRow",
    "E": "ErrorResponse",
    "K": "BackendKeyData",
    "R": "Authentication",
    "S": "ParameterStatus",
    "T": "RowDescription",
    "Z": "ReadyForQuery",
    "n": "NoData",
}


@dataclass(frozen=True)
class Message:
    """One message of the protocol; what has no name here has its type byte as its kind."""

    connection: int  # counted from 1
    sender: Sender
    kind: str
    text: str  # SQL of Query, Parse and Bind, the tag of CommandComplete; else empty

    def __str__(self) -> str:
        return f"{self.kind} {self.text.split(maxsplit=1)[0]}" if self.text else self.kind


Where = Callable[[Message], bool]
RUNS = ("Query", "Bind")


def text(sql: str) -> Where:
    """The client's message that runs this SQL, be it prepared or not."""
    return lambda message: message.kind in RUNS and message.text == sql


def answer_to(tag: str) -> Where:
    """The server's answer that a statement is done, by the first word of its tag, such as COMMIT."""
    return lambda message: message.kind == "CommandComplete" and message.text.split()[0] == tag


def nth(number: int, sender: Sender = "client") -> Where:
    """The message of one side that comes as the n-th from now on, counted from 0, over all connections."""
    seen = iter(range(number + 1))

    def where(message: Message) -> bool:
        return message.sender == sender and next(seen, None) == number

    return where


def of_groups(where: Where) -> Where:
    """Of the messages that are so those of the writer's groups, which alone store the counter: not those of probes,
    and of readings beside them."""
    storing: dict[int, bool] = {}

    def found(message: Message) -> bool:
        if message.kind == "Bind":
            is_one = message.text.startswith("UPDATE counter")
            storing[message.connection] = is_one or (
                storing.get(message.connection, False) and not message.text.startswith("BEGIN ")
            )
        return storing.get(message.connection, False) and where(message)

    return found


@dataclass(eq=False)
class Fault:
    """What shall happen at a message, and whether it has."""

    where: Where
    what: Literal["cut", "hold"]
    after: bool = False
    reset: bool = False
    times: int = 1
    met: list[Message] = field(default_factory=list)
    """The messages that it happened at."""
    happened: threading.Event = field(default_factory=threading.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class _CutError(Exception):
    """This connection ends here."""


class Proxy:
    """Listens on 127.0.0.1 and passes every message on. The faults are set from the test's thread."""

    def __init__(self, database_url: str) -> None:
        """`database_url` of the real server: by host and port, or by the folder of its socket."""
        parsed = make_url(database_url)
        host = str(parsed.query.get("host") or parsed.host or "127.0.0.1")
        self._port_there = int(str(parsed.query.get("port") or parsed.port or 5432))
        self._host = host
        self._listener = _bound(0)
        self.port: int = self._listener.getsockname()[1]
        here = parsed.difference_update_query(["host", "port"]).set(host="127.0.0.1", port=self.port)
        self.url = here.render_as_string(hide_password=False)
        """The database URL that leads through here."""
        self.messages: list[Message] = []
        """All that was seen, oldest first, also what was never passed on."""
        self._faults: list[Fault] = []
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What a test can do

    def cut(self, where: Where, *, after: bool = False, reset: bool = False, times: int = 1) -> Fault:
        """Ends the connection, to both sides, at the next messages that are there: before the message is passed on,
        or `after`. With `reset` the client hears RST, else FIN. Every other connection stays."""
        return self._set(Fault(where, "cut", after=after, reset=reset, times=times))

    def hold(self, where: Where) -> Fault:
        """Keeps the next message that is there, and what its sender sends after it, until `release`."""
        return self._set(Fault(where, "hold"))

    def swallow(self) -> Fault:
        """A dead network: nothing arrives any more, on no connection and in no direction, until `release`."""
        return self._set(Fault(lambda message: True, "hold", times=1_000_000))

    def release(self, fault: Fault) -> None:
        """Ends a fault: passes on what it held, if the connections are still there, and lets the next ones be."""
        self._faults.remove(fault)
        self._loop.call_soon_threadsafe(fault.released.set)

    def cut_all(self, *, reset: bool = False) -> None:
        """Ends every connection there is now."""
        self._call(self._cut_all(reset))

    def refuse(self) -> None:
        """From here on nobody can connect; connections that are there stay."""
        self._call(self._refuse())

    def accept(self) -> None:
        """Ends `refuse`."""
        self._call(self._open())

    def forget(self) -> None:
        """Empties `messages`."""
        self.messages.clear()

    # In the loop's thread

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def _set(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def _refuse(self) -> None:
        self._server.close()
        # Bound and not listening: the port stays ours, and who connects is refused.
        self._listener = _bound(self.port)

    async def _close(self) -> None:
        self._server.close()
        await self._cut_all(reset=False)

    async def _cut_all(self, reset: bool) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel("reset" if reset else "")
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        sides = [writer]
        reset = False
        try:
            first = await _startup(reader, writer)
            if first is None:
                return
            there, onward = await self._connect()
            sides.append(onward)
            number = self._connections
            await self._pass(Message(number, "client", *_first(first)), first, onward)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, onward, number, "client"))
                pumps.create_task(self._pump(there, writer, number, "server"))
        except* (_CutError, asyncio.CancelledError) as cuts:
            reset = any("reset" in cut.args for cut in cuts.exceptions)
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            for side in sides:
                side.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port_there}")
        return await asyncio.open_connection(self._host, self._port_there)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, sender: Sender
    ) -> None:
        statements: dict[bytes, str] = {}
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            message = Message(number, sender, *_read(sender, chr(head[0]), body, statements))
            await self._pass(message, head + body, writer)

    async def _pass(self, message: Message, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Sends a message on, with the faults that meet it."""
        self.messages.append(message)
        cut = None
        for fault in [one for one in self._faults if one.times and one.where(message)]:
            fault.times -= 1
            fault.met.append(message)
            fault.happened.set()
            if fault.what == "hold":
                await fault.released.wait()
            else:
                cut = fault
        if cut is None or cut.after:
            writer.write(data)
            await writer.drain()
        if cut is not None:
            raise _CutError("reset" if cut.reset else "")


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """The first packet that is no question for encryption; None where the client went away."""
    while True:
        try:
            head = await reader.readexactly(8)
        except asyncio.IncompleteReadError:
            return None
        rest = await reader.readexactly(int.from_bytes(head[:4]) - 8)
        if int.from_bytes(head[4:]) not in (_SSL, _GSS):
            return head + rest
        writer.write(b"N")


def _first(packet: bytes) -> tuple[str, str]:
    return ("Cancel" if int.from_bytes(packet[4:8]) == _CANCEL else "Startup"), ""


def _read(sender: Sender, kind: str, body: bytes, statements: dict[bytes, str]) -> tuple[str, str]:
    """The kind of a message and its text. `statements`: the SQL of what was parsed on the connection, by name."""
    name = (_CLIENT_KINDS if sender == "client" else _SERVER_KINDS).get(kind, kind)
    first, _, rest = body.partition(b"\0")
    second = rest.partition(b"\0")[0]
    if name == "Parse":
        statements[first] = second.decode()
        return name, second.decode()
    if name == "Bind":
        return name, statements[second]
    if name in ("Query", "CommandComplete"):
        return name, first.decode()
    return name, ""
