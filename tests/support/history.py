"""What many clients of one subscription were answered: the calls, what the servers logged of them, what was stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from support.envelopes import Answer, Record
from support.stored import Stored
from synclead.leads.errors import SyncleadError
from synclead.leads.lead import Visitor
from synclead.leads.plan import Plan
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.soap.operations.sync_lead import lead_record

_NOT_KNOWN = "outcome not known"


class IllegalHistoryError(AssertionError):
    """No order of the calls explains what was answered or stored; the text says where it ends."""


@dataclass(frozen=True)
class Made:
    """One call, as its client knows it and as the server logged it."""

    name: str
    raw: RawRecord
    began: float
    """Seconds of one clock for all clients."""
    ended: float = inf
    """When its answer was there."""
    answer: Answer | None = None
    logged: Mapping[str, Any] | None = None
    """The line of its server's log; None where the server died before it."""
    return_lead: bool = False

    @property
    def planned(self) -> int | None:
        """Its place in the order."""
        return None if self.logged is None else self.logged.get("planned")

    @property
    def changed(self) -> bool:
        """Whether it is the change of its place."""
        return self.logged is not None and self.logged.get("changed") is True

    @property
    def is_open(self) -> bool:
        """Whether nobody was told what became of it."""
        if self.answer is not None:
            return self.answer.fault_code == "20011" and _NOT_KNOWN in (self.answer.message or "")
        return self.logged is None or self.logged.get("outcome") == 20011

    def __str__(self) -> str:
        place = "" if self.planned is None else f" at {self.planned}"
        return f"call {self.name}{place}: {self.raw}"


@dataclass(frozen=True)
class History:
    """All calls of one subscription, and what was stored before and after them."""

    calls: Sequence[Made]
    before: Stored
    """Without leads and activities."""
    after: Stored
    subscription: Subscription
    """The rules at the beginning."""
    visitors: Iterable[Visitor] = ()
    """Who was anonymous at the beginning."""


def answer_of(planned: Plan | SyncleadError, return_lead: bool, zone: ZoneInfo) -> Answer:
    """What a client hears of a plan or of a refusal."""
    if isinstance(planned, SyncleadError):
        return Answer(
            fault_code=str(planned.code),
            fault_string=f"{planned.code} - {planned.text}",
            message=f"{planned.message} ({planned.code})",
        )
    outcome = planned.outcome
    return Answer(
        status=outcome.status,
        lead_id=outcome.lead.id,
        record=_record(planned, zone) if return_lead else None,
    )


def _record(planned: Plan, zone: ZoneInfo) -> Record:
    shown = lead_record(planned.outcome, zone)
    attributes = shown.leadAttributeList.attribute if shown.leadAttributeList else ()
    return Record(
        id=planned.outcome.lead.id,
        email=shown.Email,
        foreign_id=shown.ForeignSysPersonId,
        foreign_type=shown.ForeignSysType,
        attributes=tuple((one.attrName or "", one.attrType or "", one.attrValue or "") for one in attributes),
    )
