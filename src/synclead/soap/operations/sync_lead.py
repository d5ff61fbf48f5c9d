"""syncLead: inserts or updates one lead (spec: sync-lead)."""

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import NODEFAULT
from msgspec.structs import fields

from synclead.leads.errors import LeadDetailRequiredError
from synclead.leads.outcome import Outcome, Why
from synclead.leads.record import RawAttribute, RawRecord
from synclead.soap import messages
from synclead.soap.operations.call import LARGE, Call, LargeAnswer
from synclead.soap.records import show_lead

MISSING_RECORD = partial(LeadDetailRequiredError, "leadRecord is required")

_MANY = 64
"""Values of a lead from which on their size is looked at: fewer are written in some 20 ms, however long they are."""
_WHY_PARTS = tuple((part.name, None if part.default is NODEFAULT else part.default) for part in fields(Why))


async def sync_lead(params: messages.ParamsSyncLead, call: Call) -> messages.SuccessSyncLead | LargeAnswer:
    """Syncs the record and answers once it is durable. Raises SyncleadError."""
    if params.leadRecord is None:
        raise MISSING_RECORD()
    if params.returnLead:  # before anything is written: what is written has its answer
        call.held.check_answers(writes=True)
    outcome = await call.writer.sync(call.subscription.id, raw_record(params, call.workspace), call.client)
    call.facts.update(outcome_facts(outcome))
    if not params.returnLead:
        return _answer(outcome, None)
    if len(outcome.lead.values) > _MANY and (size := sum(map(_size, outcome.lead.values.values()))) > LARGE:
        return LargeAnswer(lambda: _answer(outcome, lead_record(outcome, call.subscription.time_zone)), size)
    return _answer(outcome, lead_record(outcome, call.subscription.time_zone))


def _answer(outcome: Outcome, record: messages.LeadRecord | None) -> messages.SuccessSyncLead:
    lead_id = outcome.lead.id
    return messages.SuccessSyncLead(
        result=messages.ResultSyncLead(
            leadId=lead_id,
            syncStatus=messages.SyncStatus(leadId=lead_id, status=outcome.status),
            leadRecord=record,
        )
    )


def _size(value: object) -> int:
    return len(value) if isinstance(value, str) else 0


def raw_record(params: messages.ParamsSyncLead, workspace: str | None) -> RawRecord:
    """The record as the domain reads it: an empty attrValue stays empty, a missing one None."""
    record = params.leadRecord or messages.LeadRecord()
    given = record.leadAttributeList.attribute if record.leadAttributeList else ()
    return RawRecord(
        id=None if record.Id is None else str(record.Id),
        email=record.Email,
        foreign_id=record.ForeignSysPersonId,
        foreign_type=record.ForeignSysType,
        attributes=tuple(RawAttribute(one.attrName, one.attrValue) for one in given),
        cookie=params.marketoCookie,
        workspace=workspace,
    )


def lead_record(outcome: Outcome, zone: ZoneInfo) -> messages.LeadRecord:
    """The complete lead after the call, as section 6 shows it, times in `zone`."""
    catalogue = outcome.catalogue
    if outcome.created_fields:
        catalogue = catalogue.with_fields(outcome.created_fields)
    return show_lead(outcome.lead, outcome.shown_foreign_id, catalogue, zone)


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """Why the outcome is what it is, for the log: numbers and names, no values of leads."""
    facts: dict[str, Any] = {
        "outcome": outcome.status,
        "lead": outcome.lead.id,
        "changed": outcome.changed,
        "planned": outcome.planned,
    }
    if outcome.changed_names:
        facts["changed_names"] = outcome.changed_names
    why = outcome.why
    for name, usual in _WHY_PARTS:
        value = getattr(why, name)
        if value != usual:
            facts[name] = value
    return facts
