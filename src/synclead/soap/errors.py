"""What can be wrong with a request before the domain sees it, and with the contract itself."""

from typing import Literal

from synclead.leads.errors import SyncleadError
from synclead.soap.causes import Cause

FaultCode = Literal["Client", "MustUnderstand", "VersionMismatch"]

LONGEST_NAME = 100
"""Characters of an element's name that a message repeats: a name of the caller's can be megabytes long."""


class RequestNotUnderstoodError(SyncleadError):
    """The body is no XML, no SOAP 1.1 envelope, or beyond a limit that says so; the message says which."""

    code, text = 20012, "Request not understood"

    def __init__(
        self,
        message: str,
        *,
        public: str | None = None,
        http_status: int | None = None,
        faultcode: FaultCode | None = None,
        cause: Cause = Cause.ENVELOPE,
    ) -> None:
        super().__init__(message, public=public)
        self.cause = cause
        """What kind of mistake it is, for the advice."""
        self.http_status = http_status
        """413 for a body that is too large; None: that of every fault."""
        self.faultcode = faultcode
        """Without its prefix; None: `Client`."""


class BodyError(RequestNotUnderstoodError):
    """The body cannot be read; says why."""


class InvalidRequestError(SyncleadError):
    """The element below Body is unusable as a whole, and no other code says it more exactly."""

    code, text = 20017, "Invalid request"


class UnsupportedOperationError(SyncleadError):
    """The element below Body names no operation that this server carries out."""

    code, text = 20019, "Unsupported operation"

    def __init__(self, name: str) -> None:
        super().__init__(f"Operation {name[:LONGEST_NAME]} is not supported")


class ObjectNameError(SyncleadError):
    """No object that can be described has the name."""

    code, text = 20110, "Input error"

    def __init__(self) -> None:
        super().__init__("Object name is not valid")


class ContractError(Exception):
    """The WSDL holds something that this program does not know how to follow: our defect, found at start."""


class AnswerError(Exception):
    """An answer does not fit the contract: a defect of ours, never the caller's."""
