"""Who made a call: since when they wait for its answer, and whether they still do."""

import time

from synclead.peer import Peer
from synclead.standstill import resumed

LONG_AGO_SECONDS = 1.0
"""A younger call of somebody who hung up is carried out: some programs send, and read no answer. Who hung up after a
longer wait has most likely called again, and may have been answered elsewhere."""


class Client:
    """The client of one call. Made when the head of its request has come."""

    __slots__ = ("_came", "_peer")

    def __init__(self, peer: Peer | None) -> None:
        """`peer` is the other end of its connection, where that is known."""
        self._peer = peer
        self._came = time.monotonic()

    def heard(self) -> None:
        """More of the request has just come."""
        self._came = time.monotonic()

    def arrived(self) -> float:
        """When the last byte of the call came, as far as can be known, by time.monotonic().

        That is not when it was read: bytes wait for a process that is stopped, or busy.
        """
        if self._peer is None:
            return self._came
        return min(self._came, time.monotonic() - self._peer.look().silence)

    def has_given_up(self, arrived: float) -> bool:
        """Whether they hung up, after a while or while this process was stopped, so that the call is not to be begun.

        `arrived` is when the call did.
        """
        is_old = arrived < max(time.monotonic() - LONG_AGO_SECONDS, resumed() + LONG_AGO_SECONDS)
        return is_old and self._peer is not None and self._peer.look().is_gone
