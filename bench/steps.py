"""The steps of a call without a network or a database, each a function to be repeated.

`python -m bench.steps NAME COUNT` runs each of them a few times and then one so often, for a counter of instructions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lxml import etree

from bench import call, names
from synclead.leads.fields import Catalogue
from synclead.leads.lead import Email, Lead
from synclead.leads.outcome import Outcome
from synclead.leads.places import Places
from synclead.leads.plan import Counter, plan
from synclead.leads.policy import Policy
from synclead.leads.read import read_record
from synclead.leads.subscription import Subscription
from synclead.leads.working_set import WorkingSet
from synclead.soap import messages, signature
from synclead.soap.authentication import read_credentials
from synclead.soap.contract import Contract
from synclead.soap.envelope import parse
from synclead.soap.limits import ReadLimits
from synclead.soap.operations.sync_lead import lead_record, raw_record
from synclead.soap.request import KnownRequest
from synclead.soap.shapes import Shapes

Step = Callable[[], object]

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CHARSET = "utf-8"
_ZONE = ZoneInfo("UTC")
_WARM = 20


def steps() -> dict[str, Step]:
    """The steps by name; each works on the call that the servers are sent, of a lead that is known.

    Decoding goes from bytes to the typed message, once for a shape that was met before, as most calls have (with the
    credentials, which are learned with it), and once for one that is new. Encoding goes back, and planning is
    everything between the two that needs no database.
    """
    limits = ReadLimits()
    contract = Contract.load(limits)
    operation = contract.operations["syncLead"]
    request = call.signed().whole(call.known_email(1), 1)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    shapes = Shapes(contract.operation, limits)
    for _ in range(2):
        learned = shapes.split(request, _CHARSET)
        assert learned is not None
        shapes.learn(learned)
    subscription = _subscription()

    def read() -> messages.ParamsSyncLead:
        message = operation.decode(parse(request, _CHARSET, limits).operation_element)
        assert isinstance(message, messages.ParamsSyncLead)
        return message

    def decode() -> KnownRequest | None:
        split = shapes.split(request, _CHARSET)
        return None if split is None else shapes.recall(split)

    params = read()
    credentials = read_credentials(parse(request, _CHARSET, limits).headers)

    def planned() -> messages.SuccessSyncLead:
        known = _known(subscription)
        found = plan(read_record(raw_record(params, None), subscription), known, subscription, _NOW)
        known.apply(found)
        return _answer(found.outcome)

    answer = planned()

    def encode() -> bytes:
        return operation.encode(answer)

    def decode_and_encode() -> None:
        decode()
        encode()

    def read_and_encode() -> None:
        read()
        encode()

    def verify() -> bool:
        return signature.matches(
            (call.KEY.encode(),), credentials.signature, credentials.timestamp, credentials.user_id
        )

    return {
        names.PARSE: lambda: etree.fromstring(request, parser),
        names.DECODE: decode,
        names.READ: read,
        names.ENCODE: encode,
        names.DECODE_AND_ENCODE: decode_and_encode,
        names.READ_AND_ENCODE: read_and_encode,
        names.VERIFY: verify,
        names.PLAN: planned,
    }


def _answer(outcome: Outcome) -> messages.SuccessSyncLead:
    """The message of an answer, as the operation makes it."""
    lead_id = outcome.lead.id
    return messages.SuccessSyncLead(
        result=messages.ResultSyncLead(
            leadId=lead_id,
            syncStatus=messages.SyncStatus(leadId=lead_id, status=outcome.status),
            leadRecord=lead_record(outcome, _ZONE),
        )
    )


def _subscription() -> Subscription:
    return Subscription(
        id=1,
        name="Bench",
        munchkin_account="999-BEN-001",
        munchkin_aliases=(),
        time_zone=_ZONE,
        places=Places(),
        catalogue=Catalogue(),
        policy=Policy(),
        config_version=1,
    )


def _known(subscription: Subscription) -> WorkingSet:
    known = WorkingSet(Counter(2, 2, 2), subscription.catalogue)
    email = call.known_email(1)
    values = call.VALUES | {"LeadScore": "0"}
    known.load_lead(Lead(1, "Default", Email(email, email), 1, _NOW, _NOW, values, (), 0))
    return known


def main(words: list[str]) -> None:
    """Warms every step up, then runs the named one so often."""
    found = steps()
    for step in found.values():
        for _ in range(_WARM):
            step()
    step = found[words[0]]
    for _ in range(int(words[1])):
        step()


if __name__ == "__main__":
    main(sys.argv[1:])
