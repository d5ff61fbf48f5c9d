"""From elements to messages: liberal in what is read, and nothing lost in silence."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from lxml import etree

from support.samples import CONTRACT, LIMITS, REQUEST, SYNC_LEAD, decoded, enveloped, parsed
from synclead.leads.errors import InputError
from synclead.soap import messages as m
from synclead.soap import schema, wsdl
from synclead.soap.contract import Contract
from synclead.soap.decode import compile_decoders
from synclead.soap.errors import InvalidRequestError
from synclead.soap.limits import ReadLimits


def _record(inner: str) -> m.LeadRecord | None:
    message = decoded(f"<ns1:paramsSyncLead><leadRecord>{inner}</leadRecord></ns1:paramsSyncLead>")
    assert isinstance(message, m.ParamsSyncLead)
    return message.leadRecord


def _attributes(inner: str) -> tuple[m.Attribute, ...] | None:
    record = _record(f"<leadAttributeList>{inner}</leadAttributeList>")
    assert record is not None
    return None if record.leadAttributeList is None else record.leadAttributeList.attribute


def _sync_lead(inner: str) -> m.ParamsSyncLead:
    message = decoded(f"<ns1:paramsSyncLead>{inner}</ns1:paramsSyncLead>")
    assert isinstance(message, m.ParamsSyncLead)
    return message


def test_published_request_is_decoded() -> None:
    """The document's request becomes the message that it writes down."""
    assert SYNC_LEAD.decode(parsed(REQUEST).operation_element) == m.ParamsSyncLead(
        leadRecord=m.LeadRecord(
            Email="t@t.com",
            leadAttributeList=m.ArrayOfAttribute(
                (
                    m.Attribute(attrName="FirstName", attrValue="George"),
                    m.Attribute(attrName="LastName", attrValue="of the Jungle"),
                )
            ),
        ),
        returnLead=False,
    )


@pytest.mark.parametrize("name", ["Email", "ns1:Email", "email", "ns1:email", 'x:Email xmlns:x="urn:other"'])
def test_elements_match_by_local_name_in_any_namespace(name: str) -> None:
    """Prefix, namespace and the first letter's case do not count inside a record."""
    record = _record(f"<{name}>a@b.c</{name.split()[0]}>")
    assert record == m.LeadRecord(Email="a@b.c")


def test_first_letter_counts_outside_a_record() -> None:
    """Only inside leadRecord does the first letter's case not count."""
    with pytest.raises(InputError, match="ReturnLead"):
        _sync_lead("<ReturnLead>true</ReturnLead>")
    assert _attributes("<Attribute><AttrName>A</AttrName><AttrValue>1</AttrValue></Attribute>") == (
        m.Attribute(attrName="A", attrValue="1"),
    )


def test_elements_come_in_any_order() -> None:
    """Order does not count."""
    message = _sync_lead(
        "<marketoCookie>c</marketoCookie><returnLead>1</returnLead><leadRecord><Id>7</Id></leadRecord>"
    )
    assert message == m.ParamsSyncLead(m.LeadRecord(Id="7"), True, "c")


def test_record_keys_stay_text() -> None:
    """Id and ForeignSysType are text as sent, whatever they are: the domain reads them."""
    assert _record("<Id> x7 </Id><ForeignSysType>nobody</ForeignSysType>") == m.LeadRecord(
        Id=" x7 ", ForeignSysType="nobody"
    )


@pytest.mark.parametrize(
    "blank", ["", "<Email/>", "<Email> \n\t\u00a0</Email>", '<Email xsi:nil="true"/>', "<Email><b/></Email>"]
)
def test_blank_is_absent(blank: str) -> None:
    """Missing, empty, white space alone and nil are one and the same."""
    assert _record(f"{blank}<Id>1</Id>") == m.LeadRecord(Id="1")


def test_empty_record_is_there() -> None:
    """An empty leadRecord is a record without keys; a missing or nil one is none."""
    assert _sync_lead("<leadRecord/>").leadRecord == m.LeadRecord()
    assert _sync_lead("<leadRecord><Email/></leadRecord>").leadRecord == m.LeadRecord()
    assert _sync_lead('<leadRecord xsi:nil="true"/>').leadRecord is None
    assert _sync_lead("").leadRecord is None


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("<attrValue>x</attrValue>", "x"),
        ("<attrValue> x </attrValue>", " x "),
        ("<attrValue/>", ""),
        ("<attrValue>  </attrValue>", ""),
        ('<attrValue xsi:nil="true"/>', ""),
        ('<attrValue xsi:nil="1"/>', ""),
        ("", None),
    ],
)
def test_attribute_value_tells_blank_from_missing(inner: str, value: str | None) -> None:
    """A present and blank attrValue is the empty text, a missing one is None."""
    pair = f"<attribute><attrName>A</attrName>{inner}</attribute>"
    assert _attributes(pair) == (m.Attribute(attrName="A", attrValue=value),)


def test_attribute_that_says_nothing_is_none() -> None:
    """An attribute with neither name nor value is ignored; a value without a name is kept for its fault."""
    for nothing in (
        "<attribute/>",
        "<attribute><attrType>string</attrType></attribute>",
        "<attribute><attrName/><attrValue/></attribute>",
        '<attribute xsi:nil="true"/>',
    ):
        assert _attributes(nothing + "<attribute><attrValue>v</attrValue></attribute>") == (m.Attribute(attrValue="v"),)


def test_text_is_all_the_text() -> None:
    """Comments, instructions and CDATA leave the text around them whole."""
    value = "a<!-- x -->b<?php echo 1 ?>c<![CDATA[<d>&amp;]]>e&lt;&#102;\u20ac\U0001f600"
    assert _record(f"<Email>{value}</Email>") == m.LeadRecord(Email="abc<d>&amp;e<f\u20ac\U0001f600")


@pytest.mark.parametrize("element", ["Email", "attrName", "attrValue"])
@pytest.mark.parametrize(
    "inner",
    [
        "x",
        " x ",
        "",
        " ",
        "\u00a0",
        "\u3000",
        "x&amp;y",
        "<![CDATA[ ]]>",
        "x<b/>y",
        "<b/>",
        "<b> </b>",
        "<b>c</b>",
        "x" * 65_536,
    ],
)
def test_usual_texts_are_read_like_all_others(element: str, inner: str) -> None:
    """An attribute that says nothing makes an element unusual: it is read, or refused, as without it."""
    where = {"Email": "{}"}.get(
        element, "<leadAttributeList><attribute><attrType>t</attrType>{}</attribute></leadAttributeList>"
    )

    def read(sent: str) -> object:
        try:
            return _record(f"<Id>1</Id>{where.format(sent)}")
        except InputError as error:
            return error.name, error.message

    assert read(f"<{element}>{inner}</{element}>") == read(f"<{element} says='nothing'>{inner}</{element}>")


def test_line_ends_and_blanks_arrive_as_sent() -> None:
    """White space inside and around a value is kept; an escaped carriage return too."""
    assert _record("<Email>  a\n b\tc&#13;&#10; </Email>") == m.LeadRecord(Email="  a\n b\tc\r\n ")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("<leadRecord><Mail>a@b.c</Mail></leadRecord>", "Mail"),
        ("<leadRecord><iD>7</iD></leadRecord>", "iD"),
        ("<leadRecord><x><y><z>7</z></y></x></leadRecord>", "x"),
        ("<comment>hello</comment>", "comment"),
        ("<leadRecord><leadAttributeList><attrName>A</attrName></leadAttributeList></leadRecord>", "attrName"),
        (
            "<leadRecord><leadAttributeList><attribute><value>1</value></attribute></leadAttributeList></leadRecord>",
            "value",
        ),
        ("<leadRecord><Email>a@b.c<b>d</b></Email></leadRecord>", "Email"),
        ("<leadRecord>a@b.c</leadRecord>", "leadRecord"),
        ("<leadRecord><Id>1</Id>a@b.c</leadRecord>", "leadRecord"),
        ("<leadRecord><leadAttributeList>A=1</leadAttributeList></leadRecord>", "leadAttributeList"),
        ("<leadRecord><leadAttributeList><attribute/>A=1</leadAttributeList></leadRecord>", "leadAttributeList"),
        ('<leadRecord xsi:nil="true"><Id>1</Id></leadRecord>', "leadRecord"),
        ('<leadRecord><Email xsi:nil="true">a@b.c</Email></leadRecord>', "Email"),
        ("<returnLead>perhaps</returnLead>", "returnLead"),
    ],
)
def test_nothing_with_content_is_dropped_in_silence(body: str, named: str) -> None:
    """What the contract has no place for is 20110 and named, at every level below the body element."""
    with pytest.raises(InputError) as caught:
        _sync_lead(body)
    assert caught.value.name == named
    assert caught.value.message.startswith(f"Bad value for {named}: ")


def test_blank_unknown_elements_are_ignored() -> None:
    """Unknown elements without text are ignored at every level."""
    assert _sync_lead("<a/><b> <c x='1'/></b><leadRecord><lastCreatedAt/><Id>1</Id></leadRecord>") == m.ParamsSyncLead(
        m.LeadRecord(Id="1")
    )


@pytest.mark.parametrize(
    ("inner", "named"),
    [
        ("<Id>1</Id><Id>1</Id>", "Id"),
        ("<Id>1</Id><leadId>2</leadId>", "leadId"),
        ("<leadId>2</leadId><id>1</id>", "id"),
        ("<Email>a</Email><ns1:email>a</ns1:email>", "email"),
        (
            "<leadAttributeList><attribute><attrName>A</attrName></attribute></leadAttributeList>" * 2,
            "leadAttributeList",
        ),
        (
            "<leadAttributeList><attribute><attrName>A</attrName><attrValue/><attrValue>1</attrValue>"
            "<attrValue>1</attrValue></attribute></leadAttributeList>",
            "attrValue",
        ),
    ],
)
def test_repeat_with_content_is_refused(inner: str, named: str) -> None:
    """What may come once and comes twice with content is 20110 and named, by alias and other case too."""
    with pytest.raises(InputError, match="given more than once") as caught:
        _record(inner)
    assert caught.value.name == named


def test_blank_repeat_gives_way() -> None:
    """A blank element beside one with content says nothing, in either order."""
    assert _record("<Id/><leadId>7</leadId><Id> </Id>") == m.LeadRecord(Id="7")
    for pair in ("<attrValue/><attrValue>1</attrValue>", "<attrValue>1</attrValue><attrValue/>"):
        assert _attributes(f"<attribute><attrName>A</attrName>{pair}</attribute>") == (
            m.Attribute(attrName="A", attrValue="1"),
        )
    assert _sync_lead("<leadRecord/><leadRecord><Id>1</Id></leadRecord><leadRecord/>").leadRecord == m.LeadRecord(
        Id="1"
    )


def test_many_blank_repeats_are_read_in_no_time() -> None:
    """A hundred thousand blank repeats cost what they weigh, not the square of it."""
    blank = "<attrValue/>" * 100_000
    assert _attributes(f"<attribute><attrName>A</attrName>{blank}<attrValue>1</attrValue></attribute>") == (
        m.Attribute(attrName="A", attrValue="1"),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("True", True), ("1", True), (" false\n", False), ("False", False), ("0", False)],
)
def test_booleans_are_read(text: str, value: bool) -> None:
    """true, false, 1 and 0 in any case."""
    assert _sync_lead(f"<returnLead>{text}</returnLead>").returnLead is value


@pytest.mark.parametrize("text", ["yes", "2", "-1", "tru", "01", "true false", "１"])
def test_other_booleans_are_refused(text: str) -> None:
    """Anything else is 20110 with the value in it."""
    with pytest.raises(InputError, match=f"^Bad value for returnLead: {text} is neither true nor false$"):
        _sync_lead(f"<returnLead>{text}</returnLead>")


def test_long_values_are_not_repeated_whole() -> None:
    """A message repeats a hundred characters of a bad value."""
    with pytest.raises(InputError) as caught:
        _sync_lead(f"<returnLead>{'x' * 60_000}</returnLead>")
    assert len(caught.value.message) < 200


def _batch_size(text: str) -> int | None:
    message: Any = decoded(f"<ns1:getMultipleLeads><batchSize>{text}</batchSize></ns1:getMultipleLeads>")
    size: int | None = message.batchSize
    return size


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), (" -7 ", -7), ("+7", 7), ("007", 7), ("2147483647", 2147483647), ("", None)]
)
def test_integers_are_read(text: str, value: int | None) -> None:
    """ASCII digits with a sign, trimmed."""
    assert _batch_size(text) == value


@pytest.mark.parametrize(
    "text", ["1_000", "１", "1.0", "1e3", "0x1", "2147483648", "-2147483649", "9" * 5000, "--1", "1 0", "?"]
)
def test_other_integers_are_refused(text: str) -> None:
    """No underscores, no foreign digits, nothing beyond 32 bits."""
    with pytest.raises(InputError, match="batchSize"):
        _batch_size(text)


def _oldest(text: str) -> datetime | None:
    message: Any = decoded(
        "<ns1:paramsGetMultipleLeads><leadSelector><oldestUpdatedAt>"
        f"{text}</oldestUpdatedAt></leadSelector></ns1:paramsGetMultipleLeads>"
    )
    moment: datetime | None = message.leadSelector.oldestUpdatedAt if message.leadSelector else None
    return moment


EST = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2014-07-25T14:22:07-05:00", datetime(2014, 7, 25, 14, 22, 7, tzinfo=EST)),
        ("2014-07-25T14:22:07-0500", datetime(2014, 7, 25, 14, 22, 7, tzinfo=EST)),
        ("2014-07-25 14:22:07 -0500", datetime(2014, 7, 25, 14, 22, 7, tzinfo=EST)),
        ("2014-07-25T14:22:07Z", datetime(2014, 7, 25, 14, 22, 7, tzinfo=UTC)),
        ("2014-02-13T11:51:08.710-05:00", datetime(2014, 2, 13, 11, 51, 8, 710_000, tzinfo=EST)),
        ("2014-02-13T11:51:08.12345678Z", datetime(2014, 2, 13, 11, 51, 8, 123_456, tzinfo=UTC)),
        ("2014-07-25T14:22:07", datetime(2014, 7, 25, 14, 22, 7)),
    ],
)
def test_date_times_are_read(text: str, value: datetime) -> None:
    """Any offset, fractions, a blank for T; without an offset the moment is naive."""
    assert _oldest(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2014-07-25",
        "2014-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "yesterday",
        "2014-07-25T24:00:00Z",
        "2014-07-25T24:00:01Z",
        "2014-07-25T14:22:07+24:00",
    ],
)
def test_other_date_times_are_refused(text: str) -> None:
    """A date alone, and moments that the calendar does not have, are 20110."""
    with pytest.raises(InputError, match="oldestUpdatedAt"):
        _oldest(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("MKTOLISTNAME", "MKTOLISTNAME"), (" mktolistname ", "MKTOLISTNAME"), ("MktoSalesUserId", "MKTOSALESUSERID")],
)
def test_enumerations_are_read_in_any_case(text: str, value: str) -> None:
    """A value in another case is read as the only one that it can be."""
    key = f"<listKey><keyType>{text}</keyType></listKey>"
    assert decoded(f"<ns1:listOperation>{key}</ns1:listOperation>") == m.ParamsListOperation(
        listKey=m.ListKey(keyType=value)  # type: ignore[arg-type]
    )


def test_unknown_enumeration_value_is_refused() -> None:
    """The message lists what the contract allows."""
    with pytest.raises(InputError, match="keyType: PHONE is none of MKTOLISTNAME, MKTOSALESUSERID"):
        decoded("<ns1:listOperation><listKey><keyType>PHONE</keyType></listKey></ns1:listOperation>")


@pytest.mark.parametrize(
    "selector",
    [
        '<leadSelector xsi:type="ns1:StaticListSelector"><staticListName>L</staticListName></leadSelector>',
        '<leadSelector xsi:type="other:StaticListSelector"><staticListName>L</staticListName></leadSelector>',
        '<leadSelector xsi:type="StaticListSelector"><ns1:staticListName>L</ns1:staticListName></leadSelector>',
        "<leadSelector><staticListName>L</staticListName></leadSelector>",
        "<leadSelector><staticListId/><staticListName>L</staticListName></leadSelector>",
    ],
)
def test_selector_is_of_its_declared_or_apparent_type(selector: str) -> None:
    """xsi:type says which selector it is by its local part; without it the children do."""
    message = decoded(f"<ns1:paramsGetMultipleLeads>{selector}</ns1:paramsGetMultipleLeads>")
    assert message == m.ParamsGetMultipleLeads(leadSelector=m.StaticListSelector(staticListName="L"))


@pytest.mark.parametrize(
    "selector",
    ["<leadSelector/>", "<leadSelector><a/></leadSelector>", '<leadSelector xsi:type="ns1:LeadKeySelector"/>'],
)
def test_empty_selector_is_absent(selector: str) -> None:
    """An empty selector is none, never everything."""
    assert decoded(f"<ns1:getMultipleLeads>{selector}</ns1:getMultipleLeads>") == m.ParamsGetMultipleLeads()


@pytest.mark.parametrize(
    ("selector", "named"),
    [
        ('<leadSelector xsi:type="ns1:LeadRecord"><Id>1</Id></leadSelector>', "leadSelector"),
        (
            '<leadSelector xsi:type="ns1:LeadKeySelector"><staticListName>L</staticListName></leadSelector>',
            "staticListName",
        ),
        ("<leadSelector><listName>L</listName></leadSelector>", "listName"),
    ],
)
def test_selector_of_no_type_is_refused(selector: str, named: str) -> None:
    """A type that is no selector, and children of another one, are 20110."""
    with pytest.raises(InputError) as caught:
        decoded(f"<ns1:getMultipleLeads>{selector}</ns1:getMultipleLeads>")
    assert caught.value.name == named


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "<ns1:getLeadActivity><activityFilter><includeAttributes><activityType>NewLead</activityType>"
            "</includeAttributes><excludeAttributes/></activityFilter></ns1:getLeadActivity>",
            m.ParamsGetLeadActivity(activityFilter=m.ActivityTypeFilter(m.ArrayOfActivityType(("NewLead",)))),
        ),
        (
            "<ns1:getLeadActivity><activityFilter><excludeAttributes><activityType>NewLead</activityType>"
            "</excludeAttributes></activityFilter></ns1:getLeadActivity>",
            m.ParamsGetLeadActivity(
                activityFilter=m.ActivityTypeFilter(excludeTypes=m.ArrayOfActivityType(("NewLead",)))
            ),
        ),
        (
            "<ns1:getCustomObjects><customObjKeyLists><attribute><attrName>a</attrName></attribute>"
            "</customObjKeyLists></ns1:getCustomObjects>",
            m.ParamsGetCustomObjects(customObjKeyList=m.ArrayOfAttribute((m.Attribute("a"),))),
        ),
        (
            "<ns1:syncCustomObjects><objectTypeName>t</objectTypeName><customObjectList><customObject>"
            "<customObjKeyList><attribute><attrName>a</attrName></attribute></customObjKeyList>"
            "</customObject></customObjectList></ns1:syncCustomObjects>",
            m.ParamsSyncCustomObjects(
                objTypeName="t",
                customObjList=m.ArrayOfCustomObj((m.CustomObj(m.ArrayOfAttribute((m.Attribute("a"),))),)),
            ),
        ),
        (
            "<ns1:syncMObjects><mObjectList><mObject><type>Program</type><mObjAssociationList><mObjAssociation>"
            "<id>1</id></mObjAssociation></mObjAssociationList></mObject></mObjectList></ns1:syncMObjects>",
            m.ParamsSyncMObjects(
                m.ArrayOfMObject(
                    (m.MObject("Program", associationList=m.ArrayOfMObjAssociation((m.MObjAssociation(id=1),))),)
                )
            ),
        ),
    ],
)
def test_names_of_the_documentation_are_read(body: str, message: m.Message) -> None:
    """Where the published documentation has another name than the contract, both are read."""
    assert decoded(body) == message


def test_lists_leave_out_blank_items() -> None:
    """A blank item is no item; a blank list is absent."""
    body = "<ns1:getMultipleLeads><includeAttributes>{}</includeAttributes></ns1:getMultipleLeads>"
    assert decoded(body.format("<stringItem>a</stringItem><stringItem/>")) == m.ParamsGetMultipleLeads(
        includeAttributes=m.ArrayOfString(("a",))
    )
    assert decoded(body.format("")) == m.ParamsGetMultipleLeads()


def test_value_may_have_65535_characters() -> None:
    """One character more is 20110 naming element and limit; characters count, not bytes."""
    for name in ("Email", "leadAttributeList><attribute><attrName>A</attrName><attrValue"):
        ends = "".join(
            f"</{part.split('<')[0]}>"
            for part in (["attrValue", "attribute", "leadAttributeList"] if "attr" in name else ["Email"])
        )
        assert _record(f"<{name}>{'😀' * 65_535}{ends}") is not None
        with pytest.raises(InputError, match=r"longer than 65,535 characters"):
            _record(f"<{name}>{'x' * 65_536}{ends}")


def test_record_may_have_1000_attributes() -> None:
    """One attribute more is 20110 naming list and limit; blank ones do not count."""
    one = "<attribute><attrName>A</attrName><attrValue>1</attrValue></attribute>"
    found = _attributes(one * 1000 + "<attribute/>" * 50)
    assert found is not None
    assert len(found) == 1000
    with pytest.raises(InputError, match="leadAttributeList: more than 1,000 attributes"):
        _attributes(one * 1001)


def test_limits_are_configurable() -> None:
    """A contract loaded with other limits answers by those."""
    strict = Contract.load(ReadLimits(value=3, attributes=1)).operations["syncLead"]
    with pytest.raises(InputError, match="longer than 3 characters"):
        strict.decode(
            parsed(enveloped("<syncLead><leadRecord><Email>abcd</Email></leadRecord></syncLead>")).operation_element
        )


def test_element_below_body_that_is_only_text_is_an_invalid_request() -> None:
    """A body element that holds text and no elements is unusable as a whole: 20017."""
    with pytest.raises(InvalidRequestError, match="paramsSyncLead"):
        _sync_lead("Id=7")


def test_operations_are_found_by_both_names() -> None:
    """An operation is found by its params element and by its own name, and by no other."""
    assert len(CONTRACT.operations) == 23
    for name, operation in CONTRACT.operations.items():
        params = f"params{name[0].upper()}{name[1:]}"
        assert CONTRACT.operation(name) is CONTRACT.operation(params) is operation
        assert operation.name == name
    for name in ("SyncLead", "successSyncLead", "AuthenticationHeader", ""):
        assert CONTRACT.operation(name) is None


def test_header_blocks_have_decoders() -> None:
    """The contract reads both header blocks, partnerId included."""
    block = parsed(
        enveloped(
            "<a/>",
            "<AuthenticationHeader><mktowsUserId>u</mktowsUserId><partnerId>p</partnerId></AuthenticationHeader>",
        )
    ).headers[0]
    assert CONTRACT.header("AuthenticationHeader").decode(block) == m.AuthenticationHeaderInfo(
        mktowsUserId="u", partnerId="p"
    )


def test_long_numbers_are_read() -> None:
    """Ids of activities have 64 bits."""
    answer: Any = CONTRACT.operations["getLeadActivity"].decode_answer(
        parsed(
            enveloped(
                "<r><leadActivityList><activityRecordList><activityRecord><id>9007199254740993</id></activityRecord>"
                "</activityRecordList></leadActivityList></r>"
            )
        ).operation_element
    )
    assert answer.leadActivityList.activityRecordList.activityRecord[0].id == 9007199254740993


def test_base64_is_read_across_lines() -> None:
    """base64Binary may have line breaks; what is not base64 is 20110."""
    decode = compile_decoders(schema.read(wsdl.source()), LIMITS)["ArrayOfBase64Binary"]
    element = etree.fromstring("<a><base64Binary>aGVs\n bG8=</base64Binary></a>")
    assert decode(element) == m.ArrayOfBase64Binary((b"hello",))
    with pytest.raises(InputError, match="base64Binary"):
        decode(etree.fromstring("<a><base64Binary>a?b</base64Binary></a>"))
