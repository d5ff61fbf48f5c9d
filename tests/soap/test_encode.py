"""From messages to answers: the document's own, byte for byte, and whatever the contract allows."""

import re
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.contract import assert_keeps_contract
from support.samples import ANSWER, CONTRACT, SYNC_LEAD, canonical, parsed
from synclead.soap import messages as m
from synclead.soap import schema, wsdl
from synclead.soap.encode import _SPECIAL, _is_plain, compile_encoders
from synclead.soap.errors import AnswerError

FACTS = schema.read(wsdl.source())
UPDATED = m.SuccessSyncLead(m.ResultSyncLead(leadId=1089965, syncStatus=m.SyncStatus(1089965, "UPDATED")))
MOMENT = datetime(2013, 8, 1, 13, 21, 53, 999_999, timezone(timedelta(hours=-5)))


def _with_record(record: m.LeadRecord) -> m.SuccessSyncLead:
    return m.SuccessSyncLead(m.ResultSyncLead(leadId=7, syncStatus=m.SyncStatus(7, "CREATED"), leadRecord=record))


def _with_value(value: str) -> m.SuccessSyncLead:
    attribute = m.Attribute(attrName="Note", attrType="text", attrValue=value)
    return _with_record(m.LeadRecord(Id=7, leadAttributeList=m.ArrayOfAttribute((attribute,))))


def test_answer_is_that_of_the_document() -> None:
    """The document's answer, without the white space between elements, byte for byte."""
    compact = re.sub(r">\s+<", "><", ANSWER.strip()).replace(" />", "/>").replace("?><SOAP", "?>\n<SOAP", 1)
    assert SYNC_LEAD.encode(UPDATED).decode() == compact + "\n"
    assert canonical(SYNC_LEAD.encode(UPDATED)) == canonical(ANSWER)


def test_complete_record_is_written_in_order() -> None:
    """Every nillable element is there, as a value or as nil, in the contract's order."""
    record = m.LeadRecord(
        Id=7, Email="t@t.com", leadAttributeList=m.ArrayOfAttribute((m.Attribute("FirstName", "string", "George"),))
    )
    answer = SYNC_LEAD.encode(_with_record(record)).decode()
    assert (
        '<leadRecord><Id>7</Id><Email>t@t.com</Email><ForeignSysPersonId xsi:nil="true"/><ForeignSysType xsi:nil="true"/>'
        "<leadAttributeList><attribute><attrName>FirstName</attrName><attrType>string</attrType>"
        "<attrValue>George</attrValue></attribute></leadAttributeList></leadRecord>"
    ) in answer
    assert_keeps_contract(answer.encode())


def test_optional_elements_that_are_not_nillable_are_omitted() -> None:
    """Where the contract has no nil, absent means absent."""
    status = m.MObjStatus(id=None, status="SKIPPED")
    answer = CONTRACT.operations["syncMObjects"].encode(
        m.SuccessSyncMObjects(m.ResultSyncMObjects(m.ArrayOfMObjStatus((status,))))
    )
    assert b'<mObjStatus><id xsi:nil="true"/><status>SKIPPED</status></mObjStatus>' in answer
    assert_keeps_contract(answer)


def test_empty_list_is_an_empty_element() -> None:
    """A list without entries is there and empty; no list at all is nil."""
    operation = CONTRACT.operations["getLead"]
    empty = operation.encode(m.SuccessGetLead(m.ResultGetLead(0, m.ArrayOfLeadRecord())))
    assert b"<leadRecordList></leadRecordList>" in empty
    assert b'<leadRecordList xsi:nil="true"/>' in operation.encode(m.SuccessGetLead(m.ResultGetLead(0)))
    assert_keeps_contract(empty)


def test_bare_list_is_written() -> None:
    """listMObjects has a list without a type of its own."""
    answer = CONTRACT.operations["listMObjects"].encode(
        m.SuccessListMObjects(m.ResultListMObjects(("Opportunity", "Program")))
    )
    assert b"<result><objects>Opportunity</objects><objects>Program</objects></result>" in answer
    assert_keeps_contract(answer)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2013-08-01T13:21:53-05:00"),
        (MOMENT.astimezone(UTC), "2013-08-01T18:21:53+00:00"),
        (
            datetime(1900, 1, 2, 1, 0, 30, tzinfo=timezone(timedelta(minutes=53, seconds=28))),
            "1900-01-02T00:07:02+00:00",
        ),
    ],
)
def test_date_times_have_whole_seconds_and_an_offset(moment: datetime, text: str) -> None:
    """Offsets with seconds, which XML cannot write, become UTC."""
    answer = CONTRACT.operations["getImportToListStatus"].encode(
        m.SuccessGetImportToListStatus(m.ResultGetImportToListStatus("COMPLETE", startedTime=moment))
    )
    assert f"<startedTime>{text}</startedTime>".encode() in answer
    assert_keeps_contract(answer)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (m.SuccessSyncLead(), "SuccessSyncLead/result is required"),
        (m.SuccessSyncLead(m.ResultSyncLead(7)), "ResultSyncLead/syncStatus is required"),
        (m.SuccessSyncLead(m.ResultSyncLead(7, m.SyncStatus(7, "LOST"))), "SyncStatus/status has no value 'LOST'"),  # type: ignore[arg-type]
        (m.SuccessSyncLead(m.ResultSyncLead(2**31, m.SyncStatus(7, "CREATED"))), "ResultSyncLead/leadId"),
        (m.SuccessSyncLead(m.ResultSyncLead(True, m.SyncStatus(7, "CREATED"))), "ResultSyncLead/leadId"),
        (_with_record(m.LeadRecord(Id="7")), "LeadRecord/Id"),
        (_with_record(m.LeadRecord(ForeignSysType="sfdc")), "LeadRecord/ForeignSysType"),
        (_with_record(m.LeadRecord(Email=b"a")), "LeadRecord/Email is of type bytes"),  # type: ignore[arg-type]
        (m.SuccessGetLead(), "SuccessGetLead stands where SuccessSyncLead belongs"),
        (m.SuccessSyncLead(m.ResultSyncLead(7, m.SyncStatus(7, "CREATED"), m.Attribute())), "Attribute stands"),  # type: ignore[arg-type]
        (_with_value("\0"), r"U\+0000"),
        (_with_value("a\x1b"), r"U\+001B"),
        (_with_value("\ud800"), r"U\+D800"),
        (_with_value("\uffff"), r"U\+FFFF"),
    ],
)
def test_what_the_contract_cannot_carry_is_our_defect(message: m.Message, named: str) -> None:
    """A missing required part, a wrong type or value, and characters that XML forbids raise and are named."""
    with pytest.raises(AnswerError, match=named):
        SYNC_LEAD.encode(message)


def test_moment_without_offset_is_our_defect() -> None:
    """A naive moment would be read in the zone of whoever reads it."""
    message = m.SuccessGetImportToListStatus(m.ResultGetImportToListStatus("COMPLETE", MOMENT.replace(tzinfo=None)))
    with pytest.raises(AnswerError, match="startedTime has no offset"):
        CONTRACT.operations["getImportToListStatus"].encode(message)


XML_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        st.sampled_from("\t\n\r&<>]'\""),
    )
)


@settings(deadline=None)
@given(XML_TEXT)
def test_every_text_comes_back_as_it_was_sent(text: str) -> None:
    """A reader of the answer sees the text that was put in, markup and line ends included."""
    root = parsed(SYNC_LEAD.encode(_with_value(text))).operation_element
    (value,) = root.iter("attrValue")
    assert (value.text or "") == text


def _values(element: schema.Element) -> st.SearchStrategy[Any]:
    """Values that an element may have, by the contract."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "xs:string": XML_TEXT,
        "xs:anySimpleType": XML_TEXT,
        "xs:int": st.integers(-(2**31), 2**31 - 1),
        "xs:long": st.integers(-(2**63), 2**63 - 1),
        "xs:integer": st.integers(),
        "xs:boolean": st.booleans(),
        "xs:dateTime": st.datetimes(
            datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(timezone(timedelta(hours=9)))
        ),
        "xs:base64Binary": st.binary(),
    }
    if element.type in kinds:
        one = kinds[element.type]
    elif element.type in FACTS.enums:
        one = st.sampled_from(FACTS.enums[element.type])
    else:
        one = st.deferred(lambda: _messages(element.type))
    if element.many:
        return st.lists(one, max_size=2).map(tuple)
    return one if element.required and not element.nillable else st.none() | one


def _messages(name: str) -> st.SearchStrategy[m.Message]:
    kinds = FACTS.extensions(name) or (name,)
    return st.one_of(
        [st.builds(getattr(m, kind), **{one.name: _values(one) for one in FACTS.sequence(kind)}) for kind in kinds]
    )


@pytest.mark.parametrize("name", CONTRACT.operations)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_answer_keeps_the_contract(name: str, data: st.DataObject) -> None:
    """Whatever message the types allow, its answer is valid by the WSDL's own schema."""
    operation = CONTRACT.operations[name]
    kind = FACTS.elements[FACTS.operations[name].success]
    assert_keeps_contract(operation.encode(data.draw(_messages(kind))))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_requests_that_we_write_are_read_again(data: st.DataObject) -> None:
    """A request that a client of ours writes is valid by the schema and becomes the same message again."""
    attribute = st.builds(m.Attribute, attrName=XML_TEXT.filter(str.strip), attrValue=XML_TEXT)
    record = st.builds(
        m.LeadRecord, leadAttributeList=st.lists(attribute, min_size=1, max_size=3).map(tuple).map(m.ArrayOfAttribute)
    )
    message = data.draw(st.builds(m.ParamsSyncLead, leadRecord=record, returnLead=st.booleans()))
    header = m.AuthenticationHeaderInfo("u", "s", "t")
    request = SYNC_LEAD.encode_request(message, {CONTRACT.header("AuthenticationHeader"): header})
    read = parsed(request)
    assert CONTRACT.header("AuthenticationHeader").decode(read.headers[0]) == header
    found = SYNC_LEAD.decode(read.operation_element)
    assert isinstance(found, m.ParamsSyncLead)
    assert found.returnLead == message.returnLead
    assert found.leadRecord is not None
    assert message.leadRecord is not None
    assert _pairs(found.leadRecord) == _pairs(message.leadRecord)


def _pairs(record: m.LeadRecord) -> list[tuple[str | None, str]]:
    """Names and values; a blank value and an empty one clear alike."""
    assert record.leadAttributeList is not None
    return [
        (one.attrName, one.attrValue if one.attrValue and one.attrValue.strip() else "")
        for one in record.leadAttributeList.attribute
    ]


SOME_TEXT = st.sampled_from(["", "Jane", "A & B", "a<b", "two\nlines", "\u00a0", "Zo\u00eb", "%s", "100 %"])


@settings(deadline=None)
@given(st.lists(st.builds(m.Attribute, attrName=SOME_TEXT, attrType=st.none() | SOME_TEXT, attrValue=SOME_TEXT)))
def test_lists_are_written_as_their_items_are(attributes: list[m.Attribute]) -> None:
    """A list that is written at once is what its attributes are when each is written for itself."""
    encoders = compile_encoders(FACTS)
    each = [f"<attribute>{encoders['Attribute'](one)}</attribute>" for one in attributes]
    assert encoders["ArrayOfAttribute"](m.ArrayOfAttribute(tuple(attributes))) == "".join(each)


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (m.Attribute("A", None, None), "Attribute/attrValue is required"),
        (m.Attribute("A", None, b"v"), "Attribute/attrValue is of type bytes"),  # type: ignore[arg-type]
        (m.Attribute("A", "string", "\x01"), r"U\+0001"),
        (m.Attrib("A", "v"), "Attrib stands where Attribute belongs"),
        (None, "ArrayOfAttribute/attribute is required"),
    ],
)
def test_one_bad_item_spoils_a_list(item: Any, named: str) -> None:
    """What cannot be written is found and named among items that can."""
    plain = m.Attribute("A", "string", "v")
    with pytest.raises(AnswerError, match=named):
        SYNC_LEAD.encode(_with_record(m.LeadRecord(leadAttributeList=m.ArrayOfAttribute((plain, item, plain)))))


def test_what_is_plain_needs_no_escape() -> None:
    """The question that is cheap to ask lets no character through that would have to be escaped or refused."""
    every = map(chr, range(sys.maxunicode + 1))
    assert not [one for one in every if _is_plain(one) and _SPECIAL.search(one)]


def test_selector_is_written_with_its_type() -> None:
    """A request with a selector says by xsi:type which one it is."""
    message = m.ParamsGetMultipleLeads(
        leadSelector=m.StaticListSelector("L"), includeAttributes=m.ArrayOfString(("City",))
    )
    request = CONTRACT.operations["getMultipleLeads"].encode_request(message, {})
    assert b'<leadSelector xsi:type="ns1:StaticListSelector"><staticListName>L</staticListName>' in request
    assert CONTRACT.operations["getMultipleLeads"].decode(parsed(request).operation_element) == message
    with pytest.raises(AnswerError, match="LeadSelector stands in"):
        CONTRACT.operations["getMultipleLeads"].encode_request(m.ParamsGetMultipleLeads(m.LeadSelector()), {})


def test_answers_are_read_by_our_own_client() -> None:
    """The document's answer becomes the message that it was written from."""
    assert SYNC_LEAD.decode_answer(parsed(ANSWER).operation_element) == UPDATED
