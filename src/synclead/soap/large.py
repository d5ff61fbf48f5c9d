"""Requests and answers that take long to read and write: in a thread beside the event loop, and few at a time."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from synclead.soap.envelope import parse_here
from synclead.soap.errors import UnsupportedOperationError
from synclead.soap.limits import ReadLimits
from synclead.soap.messages import Message
from synclead.soap.off_loop import in_thread
from synclead.soap.operations import Handler
from synclead.soap.operations.call import LargeAnswer
from synclead.soap.request import Decoding, KnownRequest, SentRequest

AT_ONCE = 16 * 1024
"""Bytes, inflated, of a request that the event loop reads itself: that takes 3 ms at most, whatever they are."""
_AT_A_TIME = 2
"""Of which there may be a tree or a message: that of a request of 10 MB can take 100 MB."""


class Named(Decoding, Protocol):
    """An operation that has a name in the contract."""

    @property
    def name(self) -> str: ...


class LargeMessages:
    """Reads and answers them. For one event loop."""

    def __init__(
        self, operation: Callable[[str], Named | None], handlers: Mapping[str, Handler], limits: ReadLimits
    ) -> None:
        """`operation` gives what the contract has under the name of an element below Body."""
        self._operation = operation
        self._handlers = handlers
        self._limits = limits
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def read(self, body: bytes, charset: str | None) -> KnownRequest:
        """What a request says, whose signature is right. Raises SyncleadError for all that is wrong with it."""
        async with self._turns:
            return await in_thread(lambda: self._read(body, charset))

    async def write(self, answer: LargeAnswer, encode: Callable[[Message], bytes]) -> bytes:
        """An answer that takes long to write. Raises SyncleadError."""
        async with self._turns:
            return await in_thread(lambda: encode(answer.make()))

    def _read(self, body: bytes, charset: str | None) -> KnownRequest:
        request = SentRequest(parse_here(body, charset, self._limits), self._limits)
        name = request.operation_name
        operation = self._operation(name)
        handler = None if operation is None else self._handlers.get(operation.name)
        if operation is None or handler is None:
            raise UnsupportedOperationError(name)
        message = request.read_message(operation, handler)
        return KnownRequest(request.credentials, name, message, request.workspace)
