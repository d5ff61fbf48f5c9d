"""A lead as every answer shows it (spec: sync-lead, section 6)."""

from zoneinfo import ZoneInfo

from synclead.leads.fields import EMAIL, Catalogue
from synclead.leads.lead import ForeignId, Lead
from synclead.leads.values import show_value
from synclead.soap import messages


def show_lead(lead: Lead, foreign: ForeignId | None, catalogue: Catalogue, zone: ZoneInfo) -> messages.LeadRecord:
    """The complete lead with one of its foreign ids: every value whose field has a SOAP name, times in `zone`."""
    return messages.LeadRecord(
        Id=lead.id,
        Email=lead.email.text if lead.email else None,
        ForeignSysPersonId=foreign.id if foreign else None,
        ForeignSysType=foreign.type if foreign else None,
        leadAttributeList=_attributes(lead, catalogue, zone),
    )


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
