"""getLead: every lead that one key finds (spec: soap-operations, section 3.2)."""

from collections.abc import Sequence
from functools import partial
from typing import get_args

from synclead.leads.errors import AnswerTooLargeError, LeadKeyBadError, LeadKeyRequiredError
from synclead.leads.lookup import Found, LeadKey, read_lead_key
from synclead.leads.text import trim
from synclead.soap import messages
from synclead.soap.errors import LONGEST_NAME
from synclead.soap.operations.call import LARGE, Call, LargeAnswer
from synclead.soap.records import show_lead, written_size
from synclead.soap.tolerances import enumerated

MISSING_KEY = partial(LeadKeyRequiredError, "leadKey is required")

_TYPES = get_args(messages.LeadKeyRef)


async def get_lead(params: messages.ParamsGetLead, call: Call) -> messages.SuccessGetLead | LargeAnswer:
    """The leads of the key, the newest first; nobody is a fault. Raises SyncleadError."""
    key = _lead_key(params, call)
    call.held.check_answers()
    most = call.held.most_answer
    found = await call.reader.find(call.subscription, key, most)
    if not found.leads:
        raise key.not_found()
    call.facts["found"] = len(found.leads)
    if found.size < LARGE:
        return _answer(_records(found))
    call.held.check_answers()

    def make() -> messages.SuccessGetLead:
        records = _records(found)
        if written_size(records) > most:
            raise AnswerTooLargeError(most)
        return _answer(records)

    return LargeAnswer(make, found.size)


def _records(found: Found) -> list[messages.LeadRecord]:
    rules = found.subscription
    return [
        show_lead(lead, lead.foreign_ids[-1] if lead.foreign_ids else None, rules.catalogue, rules.time_zone)
        for lead in found.leads
    ]


def _answer(records: Sequence[messages.LeadRecord]) -> messages.SuccessGetLead:
    return messages.SuccessGetLead(
        result=messages.ResultGetLead(
            count=len(records), leadRecordList=messages.ArrayOfLeadRecord(leadRecord=tuple(records))
        )
    )


def _lead_key(params: messages.ParamsGetLead, call: Call) -> LeadKey:
    sent = params.leadKey
    if sent is None:
        raise MISSING_KEY()
    for name, part in (("keyType", sent.keyType), ("keyValue", sent.keyValue)):
        if part is None:
            raise LeadKeyRequiredError(f"leadKey is required, with its {name}")
    kind = enumerated(sent.keyType or "", _TYPES)
    if kind is None:
        raise LeadKeyBadError(trim(sent.keyType or "")[:LONGEST_NAME])
    return read_lead_key(kind, sent.keyValue or "", call.subscription)
