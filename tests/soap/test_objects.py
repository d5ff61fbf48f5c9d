"""listMObjects and describeMObject: what each object is said to have."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from support.endpoint import ANNA, STAMP, Client
from support.envelopes import wrap
from synclead.leads.fields import FIELD_TYPES, STANDARD, Catalogue, Field
from synclead.leads.times import read_datetime
from synclead.soap.messages import MObjFieldMetadata
from synclead.soap.objects import OBJECTS, describe

UTC_ZONE = ZoneInfo("UTC")


def fields_of(name: str, *custom: Field) -> dict[str, MObjFieldMetadata]:
    """An object's fields by name."""
    metadata = describe(name, Catalogue(custom), UTC_ZONE)
    assert metadata.fieldList is not None
    return {field.name or "": field for field in metadata.fieldList.field}


def custom(name: str, **parts: Any) -> Field:
    given: dict[str, Any] = {"soap_name": name, "rest_name": name.lower(), "label": f"{name}!", "type": "string"}
    return Field(name, **(given | parts))


def test_the_fields_of_a_lead_are_those_that_sync_lead_takes() -> None:
    """The four of the record first, then by name every field with a SOAP name; one without does not travel here."""
    fields = fields_of("LeadRecord", custom("Hat"), custom("hidden", soap_name=None))
    names = list(fields)
    head = ["Id", "Email", "ForeignSysPersonId", "ForeignSysType"]
    standard = [field.soap_name for field in STANDARD if field.soap_name not in (None, "Email")]
    assert names[:4] == head
    assert names[4:] == sorted([*map(str, standard), "Hat"])
    for name, field in fields.items():
        dynamic = name not in head
        assert (field.isDynamic, field.dynamicFieldRef) == (dynamic, "leadAttributeList" if dynamic else None)
        assert (field.isName is None) == dynamic
        assert field.isCustom == (name == "Hat")
        assert field.isPrimaryKey == (name == "Id")
        assert field.isReadonly == field.isUpdateBlocked == (name in ("Id", "AnonymousIP", "InferredCompany", "InferredCountry"))  # fmt: skip


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_custom_field_is_described_as_it_was_declared(kind: str) -> None:
    """Name, label, type as answers spell it, and the size of texts."""
    field = fields_of("LeadRecord", custom("Hat", type=kind))["Hat"]
    assert (field.displayName, field.sourceObject, field.dataType) == ("Hat!", "Lead", kind)
    sizes = {"string": 255, "phone": 255, "url": 255, "email": 255, "text": 65_535}
    assert field.size == sizes.get(kind)


def test_a_field_of_limited_length_has_that_size() -> None:
    """`max_length` is what a client may send."""
    fields = fields_of("LeadRecord", custom("Hat", max_length=40), custom("Tale", type="text", max_length=900))
    assert (fields["Hat"].size, fields["Tale"].size) == (40, 900)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_was_changed_at_one_moment(name: str) -> None:
    """The same in every answer, in the subscription's zone, with whole seconds."""
    metadata = describe(name, Catalogue(), ZoneInfo("America/Chicago"))
    assert metadata.fieldList is not None
    moments = {metadata.updatedAt, *(field.updatedAt for field in metadata.fieldList.field)}
    (moment,) = moments
    assert moment is not None
    assert moment == datetime(2010, 1, 1, tzinfo=UTC)
    assert moment.isoformat() == "2009-12-31T18:00:00-06:00"
    assert read_datetime(moment.isoformat(), UTC_ZONE) == "2010-01-01T00:00:00Z"


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_has_one_key(name: str) -> None:
    """An object is found by one field, which nobody may set; at most one is its name."""
    fields = fields_of(name).values()
    (key,) = [field for field in fields if field.isPrimaryKey]
    assert key.isReadonly
    assert len([field for field in fields if field.isName]) <= 1


def test_a_name_in_another_case_is_understood() -> None:
    """The answer has the object's own spelling."""
    body = "<ns1:describeMObject><objectName> leadrecord </objectName></ns1:describeMObject>"
    response = Client().post(wrap(body, ANNA, timestamp=STAMP))
    assert response.status == 200
    assert "<metadata><name>LeadRecord</name>" in response.text


@pytest.mark.parametrize("content", ["<objectName>1</objectName>", ""])
def test_list_m_objects_takes_nothing(content: str) -> None:
    """Something sent to it would be lost: 20110; nothing is answered without asking the database."""
    client = Client()
    client.reader.failure = client.writer.failure = AssertionError("asked")
    response = client.post(wrap(f"<ns1:paramsListMObjects>{content}</ns1:paramsListMObjects>", ANNA, timestamp=STAMP))
    assert response.status == (500 if content else 200)
    assert ("20110 - Input error" in response.text) == bool(content)
