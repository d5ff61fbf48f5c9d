"""The generated module of typed values."""

import msgspec

from synclead.soap import generate, messages, schema, wsdl

FACTS = schema.read(wsdl.source())


def test_checked_in_module_is_what_the_wsdl_gives() -> None:
    """messages.py is not stale: generating it anew gives the same text."""
    assert generate.TARGET.read_text(encoding="utf-8") == generate.render(FACTS)


def test_every_type_is_a_struct_with_the_elements_as_members() -> None:
    """Members bear the names of the contract's elements, in its order, inherited ones first."""
    for name in FACTS.types:
        members = [field.name for field in msgspec.structs.fields(getattr(messages, name))]
        assert members == [element.name for element in FACTS.sequence(name)], name


def test_members_are_absent_unless_given() -> None:
    """A message without arguments has None everywhere and empty tuples for lists."""
    assert messages.ParamsSyncLead() == messages.ParamsSyncLead(None, None, None)
    assert messages.ArrayOfAttribute().attribute == ()


def test_record_keys_are_text_on_the_way_in() -> None:
    """Id and ForeignSysType of a record may be text: the domain reads them."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(messages.LeadRecord)}
    assert kinds["Id"] == int | str | None
    assert kinds["ForeignSysType"] == str | None
