"""What a recorder would have written, kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from support.endpoint import Client
from synclead.soap.recorder import Recorder
from synclead.store.request_log import Bounds, NewEntry, RequestLog


class MemoryLog(RequestLog):
    """Keeps batches; raises `failures` first, one a try."""

    def __init__(self, *failures: Exception) -> None:
        self.batches: list[list[NewEntry]] = []
        self.failures = list(failures)
        self.expired = 0
        self.is_closed = False

    @property
    def entries(self) -> list[NewEntry]:
        """Everything in the order in which it was written."""
        return [entry for batch in self.batches for entry in batch]

    async def write(self, entries: Sequence[NewEntry], now: int) -> None:
        """See RequestLog."""
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(list(entries))

    async def expire(self, now: int) -> None:
        """See RequestLog."""
        self.expired += 1

    async def close(self) -> None:
        """See RequestLog."""
        self.is_closed = True


def recorder(log: RequestLog, bounds: Bounds | None = None, **options: Any) -> Recorder:
    """A recorder with the default bounds."""
    return Recorder(log, bounds or Bounds(), **options)


def flushed(recorder: Recorder) -> None:
    """Returns when all that the recorder keeps is written."""

    async def run() -> None:
        recorder.start()
        await recorder.close()

    asyncio.run(run())


class Recorded:
    """A client whose calls are recorded."""

    def __init__(self, *, show_values: bool = False, **rules: Any) -> None:
        self.log = MemoryLog()
        self._recorder = recorder(self.log, show_values=show_values)
        self.client = Client(**rules)
        self.client.parts = replace(self.client.parts, recorder=self._recorder)

    def entries(self) -> list[NewEntry]:
        """What was recorded so far. Ends the recording."""
        flushed(self._recorder)
        return self.log.entries
