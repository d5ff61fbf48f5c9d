"""What calls tell their owner."""

from collections.abc import Mapping
from typing import Any

from synclead.leads.errors import SyncleadError


class CallObserver:
    """The methods do nothing; override them to count."""

    def begun(self) -> None:
        """A call came in; `ended` follows, whatever happens."""

    def clock_difference(self, seconds: float) -> None:
        """The timestamp of a call with a right signature is so far ahead of our clock; negative: behind it."""

    def ended(self, facts: Mapping[str, Any], seconds: float) -> None:
        """A call has its answer, which is not sent yet, or will never have one: `facts` have no outcome then.

        `facts` are those of its log line: `operation` of the contract once it is known; `outcome`, a status or
        the code of a fault; `delivered`, false where nobody will hear the answer.
        """

    def unrecorded(self, reason: str) -> None:
        """A call is not in the log of calls, or not whole: `too_many` came to be written, or the database `refused`
        it, or refused it as it was and has it `shortened`."""

    def strayed(self, kind: str) -> None:
        """A request came that is no call: to a wrong `path`, by a wrong `method`, from a `page`, or in `tls`."""


class CallRecorder:
    """The method does nothing; override it to keep what was asked."""

    def answered(
        self,
        facts: Mapping[str, Any],
        seconds: float,
        sent: bytes,
        charset: str | None,
        error: SyncleadError | None,
        *,
        is_whole: bool = True,
    ) -> None:
        """A call has its answer. On the way of a call: keep, and do nothing else.

        `facts` are those of its log line, and change no more. `sent` is its body, inflated, or what was read of it
        where that `is_whole` not, and `charset` that of its Content-Type. `error` is what it was refused with.
        """
