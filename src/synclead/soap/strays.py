"""Requests that are no calls, since they came to the wrong door: what is told of them, and of how many.

A program that was pointed at a wrong path, or speaks TLS to a port that has none, is looked for in the log of calls.
Strangers send such requests all day, so of each kind a few a minute are told, and the others counted.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from synclead.logs import get_logger
from synclead.soap.causes import Cause
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.observer import CallObserver, CallRecorder
from synclead.visible import visible

A_MINUTE = 10
"""Requests of one kind that are told in a minute."""
_SECONDS = 60.0
_LONGEST = 200
"""Characters of a path that are told."""

_log = get_logger()


class StrayError(RequestNotUnderstoodError):
    """A request that was answered by a status of HTTP: no call, and no fault."""


class Strays:
    """Tells of them. For one event loop."""

    def __init__(
        self, recorder: CallRecorder, observer: CallObserver, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """`seconds` is a clock that never steps back."""
        self._recorder = recorder
        self._observer = observer
        self._seconds = seconds
        self._minute = 0.0
        self._told: dict[Cause, int] = {}
        self._left_out: dict[Cause, int] = {}

    def came(self, cause: Cause, status: int, facts: Mapping[str, Any], message: str) -> None:
        """A request came that was answered so. `facts` are its id and its client."""
        self._observer.strayed(cause.value)
        now = self._seconds()
        if now - self._minute >= _SECONDS:
            self._minute = now
            self._told.clear()
        told = self._told.get(cause, 0)
        if told >= A_MINUTE:
            self._left_out[cause] = self._left_out.get(cause, 0) + 1
            return
        self._told[cause] = told + 1
        known = {**facts, "outcome": f"HTTP {status}", "cause": cause.value}
        if left_out := self._left_out.pop(cause, 0):
            known["left_out"] = left_out
        error = StrayError(message, cause=cause)
        _log.warning("no call", **known, reason=message)
        self._recorder.answered(known, 0.0, b"", None, error)


def shown_path(method: str, path: str) -> str:
    """A method and a path for people, bounded: the query is left out, which may have a secret."""
    return visible(f"{method[:20]} {path[:_LONGEST]}")
