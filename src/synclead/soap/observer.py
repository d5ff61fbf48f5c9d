"""What calls tell their owner."""

from collections.abc import Mapping
from typing import Any


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
