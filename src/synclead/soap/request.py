"""What a request says, whichever way it was read."""

from typing import Any, NamedTuple, Protocol

from lxml import etree

from synclead.leads.errors import SyncleadError
from synclead.soap import references
from synclead.soap.authentication import Credentials, read_credentials
from synclead.soap.envelope import Envelope, read_workspace
from synclead.soap.limits import ReadLimits
from synclead.soap.operations import Handler
from synclead.soap.tolerances import local_name


class Decoding(Protocol):
    """An operation of the contract, as far as its requests go."""

    def decode(self, element: etree._Element) -> Any: ...


class Request(Protocol):
    """Each part raises the SyncleadError of what is wrong in it, when it is asked for."""

    @property
    def credentials(self) -> Credentials: ...

    @property
    def operation_name(self) -> str: ...

    @property
    def workspace(self) -> str | None: ...

    @property
    def has_references(self) -> bool:
        """Whether to read its message may take long: a short request may be a large one by its references."""

    def read_message(self, operation: Decoding, handler: Handler) -> Any:
        """The message of the operation that is named, which `handler` carries out."""


class KnownRequest(NamedTuple):
    """A request of which nothing is wrong: its shape was met before (`shapes`)."""

    credentials: Credentials
    operation_name: str
    message: Any
    workspace: str | None

    @property
    def has_references(self) -> bool:
        """See Request: what was learned has none, and what was read apart has them behind it."""
        return False

    def read_message(self, operation: Decoding, handler: Handler) -> Any:
        """See Request."""
        return self.message


class SentRequest:
    """A request as its elements say it. Each part is read when it is asked for: what is wrong has an order."""

    def __init__(self, envelope: Envelope, limits: ReadLimits) -> None:
        self._envelope = envelope
        self._limits = limits

    @property
    def credentials(self) -> Credentials:
        """Raises AuthenticationFailedError."""
        return read_credentials(self._envelope.headers, self._limits.authentication)

    @property
    def operation_name(self) -> str:
        """Local name of the element below Body: it alone names the operation."""
        return self._envelope.operation_name

    @property
    def workspace(self) -> str | None:
        """The target workspace of the header, None without one. Raises InputError."""
        return read_workspace(self._envelope, self._limits)

    @property
    def has_references(self) -> bool:
        """See Request."""
        return self._envelope.has_references

    def read_message(self, operation: Decoding, handler: Handler) -> Any:
        """Raises InputError, InvalidRequestError, and the fault of a required element that is not there.

        RequestNotUnderstoodError where references in it lead nowhere, or too far.
        """
        element = self._envelope.operation_element
        if self._envelope.has_references:
            references.resolve(self._envelope.body, self._limits)
        try:
            return operation.decode(element)
        except SyncleadError:
            # What is wrong inside an element comes after the fault for one that is not there at all.
            handler.check(local_name(child) for child in element)
            raise
