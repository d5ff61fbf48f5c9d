"""The operations that this server carries out: one function each, from typed input to typed output."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, get_args

from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Status
from synclead.soap.messages import Message
from synclead.soap.operations.call import ANSWERED, Call, LargeAnswer
from synclead.soap.operations.describe_m_object import describe_m_object
from synclead.soap.operations.get_lead import MISSING_KEY, get_lead
from synclead.soap.operations.list_m_objects import list_m_objects
from synclead.soap.operations.sync_lead import MISSING_RECORD, sync_lead


@dataclass(frozen=True, slots=True)
class Handler:
    """How an operation is carried out."""

    run: Callable[[Any, Call], Awaitable[Message | LargeAnswer]]
    """From the operation's input message to its output message. Raises SyncleadError."""
    required: Mapping[str, Callable[[], SyncleadError]] = field(default_factory=dict)
    """Elements whose absence is a fault that comes before anything that is wrong inside the others."""
    outcomes: tuple[str, ...] = (ANSWERED,)
    """What a call can come to that is no fault."""

    def check(self, names: Iterable[str]) -> None:
        """Raises the fault of the first required element that is not among the names sent."""
        if self.required:
            sent = set(names)
            for name, missing in self.required.items():
                if name not in sent:
                    raise missing()


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "syncLead": Handler(sync_lead, {"leadRecord": MISSING_RECORD}, get_args(Status)),
        "getLead": Handler(get_lead, {"leadKey": MISSING_KEY}),
        "listMObjects": Handler(list_m_objects),
        "describeMObject": Handler(describe_m_object),
    }
)
"""Every handler by its operation's name in the contract."""
