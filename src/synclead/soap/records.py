"""A lead as every answer shows it (spec: sync-lead, section 6)."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from synclead.leads.fields import EMAIL, Catalogue
from synclead.leads.lead import ForeignId, Lead
from synclead.leads.values import show_value
from synclead.soap import messages

_RECORD_BYTES = 250
_ATTRIBUTE_BYTES = 100
"""Of the tags around a record and an attribute."""


def show_lead(lead: Lead, foreign: ForeignId | None, catalogue: Catalogue, zone: ZoneInfo) -> messages.LeadRecord:
    """The complete lead with one of its foreign ids: every value whose field has a SOAP name, times in `zone`."""
    return messages.LeadRecord(
        Id=lead.id,
        Email=lead.email.text if lead.email else None,
        ForeignSysPersonId=foreign.id if foreign else None,
        ForeignSysType=foreign.type if foreign else None,
        leadAttributeList=_attributes(lead, catalogue, zone),
    )


def written_size(records: Iterable[messages.LeadRecord]) -> int:
    """About the bytes that records take in an answer: those of their values, as XML has them, and their names."""
    size = 0
    for record in records:
        size += _RECORD_BYTES
        for one in record.leadAttributeList.attribute if record.leadAttributeList else ():
            value = one.attrValue or ""
            size += _ATTRIBUTE_BYTES + len(one.attrName or "")
            size += 4 * (value.count("&") + value.count("<") + value.count(">"))
            size += len(value) if value.isascii() else len(value.encode(errors="replace"))
    return size


def _attributes(lead: Lead, catalogue: Catalogue, zone: ZoneInfo) -> messages.ArrayOfAttribute | None:
    found = []
    for name, value in lead.values.items():
        field = catalogue.get(name)
        if field is not None and field.soap_name is not None and field.soap_name != EMAIL:
            shown = show_value(field, value, zone)
            found.append(messages.Attribute(attrName=field.soap_name, attrType=field.type, attrValue=shown))
    if not found:
        return None
    return messages.ArrayOfAttribute(attribute=tuple(sorted(found, key=_name)))


def _name(attribute: messages.Attribute) -> str:
    return attribute.attrName or ""
