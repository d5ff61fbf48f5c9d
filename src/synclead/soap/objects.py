"""What describeMObject says of each object (spec: soap-operations, section 3.8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from synclead.leads.fields import EMAIL, STANDARD, TEXT_LENGTH, Catalogue, Field
from synclead.leads.keys import MAX_KEY_LENGTH
from synclead.leads.values import STRING_LENGTH
from synclead.soap.messages import ArrayOfMObjFieldMetadata, MObjectMetadata, MObjFieldMetadata

UPDATED_AT = datetime(2010, 1, 1, tzinfo=UTC)
"""Of every object and field: the moment that the documents show for ActivityRecord. No field's own is stored."""

_LIST = "leadAttributeList"
_STANDARD = frozenset(field.name for field in STANDARD)
_TEXTS = frozenset({"string", "phone", "url", "email"})


class _Member(NamedTuple):
    """A field that an object always has."""

    name: str
    data_type: str
    size: int | None
    source: str
    label: str | None = None
    read_only: bool = True
    is_name: bool = False
    is_key: bool = False


# fmt: off
_ACTIVITY = (
    _Member("id", "integer", 10, "Event", is_key=True),
    _Member("activityDateTime", "dateTime", None, "Event"),
    _Member("activityType", "string", 255, "Event", is_name=True),
    _Member("mktgAssetName", "string", 255, "Event"),
    _Member("activityAttributes", "Array", None, "Event"),
    _Member("campaign", "string", 255, "Campaign"),
    _Member("personName", "string", 255, "Lead"),
    _Member("mktPersonId", "integer", 10, "Lead"),
    _Member("foreignSysId", "string", 50, "Lead"),
    _Member("orgName", "string", 255, "Company"),
    _Member("foreignSysOrgId", "string", 50, "Company"),
)
_LEAD = (
    _Member("Id", "integer", None, "Lead", "Id", is_key=True),
    _Member(EMAIL, "email", STRING_LENGTH, "Lead", "Email Address", read_only=False),
    _Member("ForeignSysPersonId", "string", MAX_KEY_LENGTH, "Lead", read_only=False),
    _Member("ForeignSysType", "string", MAX_KEY_LENGTH, "Lead", read_only=False),
)
_OPPORTUNITY = (
    _Member("Id", "integer", None, "Opportunity", "Id", is_key=True),
    _Member("Name", "string", 255, "Opportunity", "Name", read_only=False, is_name=True),
    _Member("Type", "string", 255, "Opportunity", "Type", read_only=False),
    _Member("Stage", "string", 255, "Opportunity", "Stage", read_only=False),
)
_ROLE = (
    _Member("Id", "integer", None, "OpportunityPersonRole", "Id", is_key=True),
    _Member("OpportunityId", "integer", None, "OpportunityPersonRole", "Opportunity Id", read_only=False),
    _Member("PersonId", "integer", None, "OpportunityPersonRole", "Person Id", read_only=False),
    _Member("Role", "string", 255, "OpportunityPersonRole", "Role", read_only=False, is_name=True),
    _Member("IsPrimary", "boolean", None, "OpportunityPersonRole", "Is Primary", read_only=False),
    _Member("ExternalCreatedDate", "datetime", None, "OpportunityPersonRole", "External Created Date", read_only=False),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class _Object:
    """One object: what it always has, and what a catalogue adds to it."""

    members: tuple[_Member, ...]
    is_virtual: bool
    more: Callable[[Catalogue, datetime], list[MObjFieldMetadata]] = lambda catalogue, updated_at: []


def _lead_fields(catalogue: Catalogue, updated_at: datetime) -> list[MObjFieldMetadata]:
    """The fields that travel in leadAttributeList, by name."""
    travelling = [field for field in catalogue.fields if field.soap_name not in (None, EMAIL)]
    return [_lead_field(field, updated_at) for field in sorted(travelling, key=lambda field: field.soap_name or "")]


OBJECTS: Mapping[str, _Object] = {
    "ActivityRecord": _Object(_ACTIVITY, is_virtual=True),
    "LeadRecord": _Object(_LEAD, is_virtual=True, more=_lead_fields),
    "Opportunity": _Object(_OPPORTUNITY, is_virtual=False),
    "OpportunityPersonRole": _Object(_ROLE, is_virtual=False),
}
"""By name, in the order in which they are listed."""


def describe(name: str, catalogue: Catalogue, zone: ZoneInfo) -> MObjectMetadata:
    """An object of OBJECTS with all its fields, times in `zone`. Raises KeyError for another name."""
    one, updated_at = OBJECTS[name], UPDATED_AT.astimezone(zone)
    fields = [_member_field(member, updated_at) for member in one.members] + one.more(catalogue, updated_at)
    return MObjectMetadata(
        name=name,
        isCustom=False,
        isVirtual=one.is_virtual,
        fieldList=ArrayOfMObjFieldMetadata(field=tuple(fields)),
        updatedAt=updated_at,
    )


def _member_field(member: _Member, updated_at: datetime) -> MObjFieldMetadata:
    return MObjFieldMetadata(
        name=member.name,
        displayName=member.label,
        sourceObject=member.source,
        dataType=member.data_type,
        size=member.size,
        isReadonly=member.read_only,
        isUpdateBlocked=member.read_only,
        isName=member.is_name,
        isPrimaryKey=member.is_key,
        isCustom=False,
        isDynamic=False,
        updatedAt=updated_at,
    )


def _lead_field(field: Field, updated_at: datetime) -> MObjFieldMetadata:
    return MObjFieldMetadata(
        name=field.soap_name,
        displayName=field.label,
        sourceObject="Lead",
        dataType=field.type,
        size=_size(field),
        isReadonly=field.read_only,
        isUpdateBlocked=field.read_only,
        isPrimaryKey=False,
        isCustom=field.name not in _STANDARD,
        isDynamic=True,
        dynamicFieldRef=_LIST,
        updatedAt=updated_at,
    )


def _size(field: Field) -> int | None:
    """Most characters of a value; None where the type has another bound."""
    if field.type == "text":
        return field.max_length or TEXT_LENGTH
    return (field.max_length or STRING_LENGTH) if field.type in _TEXTS else None
