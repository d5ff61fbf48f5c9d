"""What can be wrong with a call, as the caller sees it.

One root class. Each child is one thing a caller can react to and carries the code and the short
text of the fault that answers it (spec: sync-lead, section 6). The message is a sentence that
names the value at fault; `soap.faults` adds the code to it.
"""

from collections.abc import Sequence
from typing import ClassVar


class SyncleadError(Exception):
    """Root of everything a call can be answered with instead of a lead."""

    code: ClassVar[int]
    text: ClassVar[str]
    planned: int | None = None
    """As `Outcome.planned`, where the refusal was found by looking at stored leads."""

    def __init__(self, message: str, *, public: str | None = None) -> None:
        """`public` is the message without the value of a lead that it repeats, where it repeats one."""
        super().__init__(message)
        self.message = message
        self.public = message if public is None else public
        """What may be kept and shown where values may not: names, reasons and Ids of leads."""


class LeadKeyRequiredError(SyncleadError):
    """The record names nobody: no Id, Email, foreign id or cookie that identifies somebody."""

    code, text = 20101, "Lead key required"


class LeadKeyBadError(SyncleadError):
    """The type of a lead key is none that the contract knows."""

    code, text = 20102, "Lead key bad"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text} is not a lead key type", public="The keyType is not a lead key type")


class LeadNotFoundError(SyncleadError):
    """A key is given and no lead has it."""

    code, text = 20103, "Lead not found"


class LeadDetailRequiredError(SyncleadError):
    """The call has no leadRecord."""

    code, text = 20104, "Lead detail required"


class UnknownLeadFieldError(SyncleadError):
    """An attribute is not in the field catalogue; the message lists all such names."""

    code, text = 20105, "Unknown lead field"

    def __init__(self, names: Sequence[str], ending: str = "") -> None:
        super().__init__(f"syncLead operation failed: unknown fields for import: {', '.join(names)}{ending}")
        self.names = tuple(names)


class FieldLimitError(UnknownLeadFieldError):
    """A call would make fields by naming them, and there are as many of those as there may be."""

    def __init__(self, names: Sequence[str], limit: int) -> None:
        self.why = f"calls may make no more than {limit} fields (created_fields_limit)"
        super().__init__(names, f"; {self.why}")


class LeadSyncFailedError(SyncleadError):
    """The lead exists where the named workspace cannot reach it."""

    code, text = 20106, "Lead sync failed"


class LeadOwnerNotFoundError(SyncleadError):
    """Nobody who owns leads has the key that is given."""

    code, text = 20108, "Lead owner not found"


class AnswerTooLargeError(SyncleadError):
    """What a call asks for is there, and larger than an answer may be."""

    code, text = 20110, "Input error"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"What the key finds is larger than the limit of {limit:,} bytes of one answer (--answer-limit)"
        )


class ParameterRequiredError(SyncleadError):
    """A required part of the call is missing."""

    code, text = 20109, "Parameter required"

    def __init__(self, name: str) -> None:
        super().__init__(f"Required parameter missing: {name}")
        self.name = name


class InputError(SyncleadError):
    """A value is bad; the message names the place and the reason."""

    code, text = 20110, "Input error"

    def __init__(self, name: str, reason: str, *, why: str | None = None) -> None:
        """`why` is the reason without the value, where it repeats one: `is not a whole number`."""
        public = None if why is None else f"Bad value for {name}: the value {why}"
        super().__init__(f"Bad value for {name}: {reason}", public=public)
        self.name = name
        self.reason = reason
        self.why = reason if why is None else why
