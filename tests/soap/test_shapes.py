"""A request that is remembered says what reading it says, and what reading refuses is never remembered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.remembered import both, changed, document, record, send, taught
from support.samples import CONTRACT, LIMITS, REQUEST, enveloped
from synclead.soap.shapes import Shapes

SENT = changed(
    REQUEST.replace("</ns1:AuthenticationHeader>", "  <partnerId>partner</partnerId>\n    </ns1:AuthenticationHeader>"),
    "  </SOAP-ENV:Header>",
    "    <ns1:MktowsContextHeader><targetWorkspace>place</targetWorkspace></ns1:MktowsContextHeader>\n    <w:Security"
    ' xmlns:w="urn:w" w:x="1>2"><w:Token>token</w:Token></w:Security>\n  </SOAP-ENV:Header>',
).replace("<Email>", "<Id>1089965</Id>\n        <Email>")
"""The published request, indented, with everything that may stand in its headers."""
USER, SEAL, MOMENT = (
    "bigcorp1_461839624B16E06BA2D663",
    "92f05a7be4838ae1c0e5aafe814891ee72968a08",
    "2013-07-31T12:38:47-07:00",
)
VALUES = [USER, SEAL, MOMENT, "partner", "place", "token", "1089965", "t@t.com", "FirstName", "George", "of the Jungle"]

# fmt: off
PLAIN = [
    "Fred", '"Fred"', "it's", "'", "a\tb", "a\nb", "a  b", "a\u00a0b", "a\u2028b", "\u200b", "\ufeff", "\u180e",
    "\U0001f99c", "\ud7ff", "\ufffd", "\U0001fffe", "\uf8ff", "\ue002", "href", 'href="#a"', "0", "true", "]]", "--",
    "?", "!DOCTYPE a", "{}", "\\0", "\\1", "x" * 255, "\U0001f99c" * 255,
]
OTHERWISE = [
    "", " ", "\n", "\t \n", "\u00a0", "\u2028", "\u3000", "\x1f", "\x85", " Fred", "Fred ", "\nFred\n", "\u00a0Fred",
    "Fred\u00a0", "Fred\u2028", "\u3000Fred", "Fred\t", "\x85Fred", "a\x7fb", "a\x85b", "a\x9fb", "a\rb", "a\r\nb", "\r",
    "\0", "a\0b", "\0\0", "a\x01b", "a\x08b", "a\x0bb", "a\x1fb", "a\ufffeb", "\ufffe", "\uffff", "a\uffffb",
    "\ue0000\ue001", "\ue00099\ue001", "a\ue000", "\ue001a", "a&amp;b", "a&b", "&#65;", "&#0;", "&#xD83E;&#xDD9C;", "&x;",
    "<![CDATA[x]]>", "a<![CDATA[x]]>", "<!-- c -->", "a<!-- c -->", "<!-- c -->a", "a<!-- c -->b", "a<?p q?>", "<?p q?>a",
    "a]]>b", "a>b", ">", "a<", "<b/>", "a<b/>", "a<b/>b", "a<b>c</b>", "x" * 256, "x" * 65_535, "x" * 65_536,
]
# fmt: on


@pytest.mark.parametrize("new", PLAIN)
def test_a_text_in_the_place_of_another_is_recalled(new: str) -> None:
    """Whatever plain text an element holds, at most 255 characters: it is known without reading, and exactly so."""
    shapes = taught(SENT)
    for old in VALUES:
        outcomes = both(shapes, changed(SENT, f">{old}<", f">{new}<"))
        assert outcomes.remembered == outcomes.read, old
        assert outcomes.recalled, old


@pytest.mark.parametrize("new", OTHERWISE)
def test_what_is_no_plain_text_is_read(new: str) -> None:
    """Blank, with blanks around it, with references, what XML forbids, or long: it is read, or refused, as ever."""
    known = taught(SENT)
    for old in [*VALUES, "false"]:
        sent = changed(SENT, f">{old}<", f">{new}<")
        assert not both(known, sent).recalled, old
        learning = taught(SENT)
        for _ in range(3):
            outcomes = send(learning, sent)
            assert outcomes.remembered == outcomes.read, old


# fmt: off
CHANGED = [
    (">false<", ">FALSE<"), (">false<", ">0<"), (">false<", ">true<"), (">false<", ">maybe<"), (">false<", "> false <"),
    (">George<", "\0"), (">t@t.com<", "\0"), (f">{USER}<", "\0"), (">false<", "\0"), ("</Email>", "</Email>\0"),
    ("</Email>", "</ Email>"), ("<Email>", "<email>"), ("<Id>1089965</Id>", "<leadId>1089965</leadId>"),
    ("<Email>t@t.com</Email>", "<Email/>"), ("<Email>", '<Email xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
                                                        ' i:nil="true">'),
    ("<Email>", '<Email href="#a">'), ("<Email>", '<Email id="a">'), ("<Email>", "<Email><!-- c -->"),
    ("<Email>t", "<Email>x</Email><Email>t"), ("<Email>t", "<Email></Email><Email>t"), ("<Email>t", "<Email>x<b/>t"),
    ("<leadRecord>", "<leadRecord>text"), ("<leadRecord>", "<x>y</x><leadRecord>"), ("<leadRecord>", "<x/><leadRecord>"),
    ("<ns1:paramsSyncLead>", "<ns1:paramsSyncLead>text"), ("</ns1:paramsSyncLead>", "</ns1:paramsSyncLead><a/>"),
    ("<SOAP-ENV:Body>", "<SOAP-ENV:Body><a>b</a></SOAP-ENV:Body><SOAP-ENV:Body>"),
    ("<SOAP-ENV:Header>", "<SOAP-ENV:Header/><SOAP-ENV:Header>"), ("xmlns:ns1=", "xmlns:ns2="),
    ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"),
    ('w:x="1>2"', 'w:x="1>3"'), ('w:x="1>2"', 'SOAP-ENV:mustUnderstand="1"'), (' w:x="1>2"', " w:x='1>2'"),
    ("<partnerId>", "<partnerId>x</partnerId><partnerId>"), ("<partnerId>partner</partnerId>", ""),
    (f"<mktowsUserId>{USER}</mktowsUserId>", ""), (f">{SEAL}<", f">{SEAL}</requestSignature><requestSignature>x<"),
    ("<targetWorkspace>", "<targetWorkspace>x</targetWorkspace><targetWorkspace>"), ("\n      <returnLead", "<returnLead"),
    ("    <ns1:paramsSyncLead>", "\t<ns1:paramsSyncLead>"), ('"UTF-8"?>', '"UTF-8"?><!DOCTYPE a>'),
    ('"UTF-8"?>', '"UTF-8"?><?p q?>'), ('"UTF-8"?>', '"UTF-16"?>'), ('"UTF-8"?>', '"ISO-8859-1"?>'),
    ('"UTF-8"?>', '"x"?>'), ('version="1.0"', 'version="1.1"'), ('version="1.0"', 'version="3"'), ("<?xml", " <?xml"),
    ("</SOAP-ENV:Envelope>", "</SOAP-ENV:Envelope><!-- c -->"), ("</SOAP-ENV:Envelope>", "</SOAP-ENV:Envelope>\0"),
    ("</SOAP-ENV:Envelope>", "</SOAP-ENV:Envelope>text"), ("</SOAP-ENV:Envelope>", ""),
]
# fmt: on


@pytest.mark.parametrize(("old", "new"), CHANGED)
def test_another_markup_is_read(old: str, new: str) -> None:
    """A difference outside of plain texts, or in the text of an element that has a type, is looked at."""
    sent = changed(SENT, old, new)
    outcomes = both(taught(SENT), sent)
    assert outcomes.remembered == outcomes.read
    assert not outcomes.recalled


XSI = 'xsi:type="ns1:LeadKeySelector"'
KEYS = f"<ns1:paramsGetMultipleLeads><leadSelector {XSI}><keyType>EMAIL</keyType><keyValues><stringItem>A</stringItem>"
TWICE = '<leadRecord><Email id="a">A</Email><leadAttributeList><attribute><attrName>x</attrName>'
MEMBER = (
    "<ns1:paramsListOperation><listOperation>ADDTOLIST</listOperation><listKey><keyType>MKTOLISTNAME</keyType>"
    "<keyValue>L</keyValue></listKey><listMemberList><leadKey><keyType>IDNUM</keyType><keyValue>A</keyValue></leadKey>"
    "</listMemberList></ns1:paramsListOperation>"
)
DECLARED = '<?xml version="1.0" encoding="ISO-8859-1"?>'


# fmt: off
DOCUMENTS = [
    # other operations, names and places
    (document("<ns1:paramsGetLead><leadKey><keyType>EMAIL</keyType><keyValue>A</keyValue></leadKey></ns1:paramsGetLead>"),
     ">A<", ">B<", True),
    (document("<ns1:paramsGetLead><leadKey><keyType>A</keyType><keyValue>v</keyValue></leadKey></ns1:paramsGetLead>"),
     ">A<", ">email<", True),
    (document("<ns1:describeMObject><objectName>A</objectName></ns1:describeMObject>"), ">A<", ">LeadRecord<", True),
    (document("<ns1:paramsListMObjects/>"), "user", "somebody", True),
    (document("<ns1:paramsListMObjects></ns1:paramsListMObjects>"), "user", "somebody", True),
    (document("<ns1:paramsListMObjects>A</ns1:paramsListMObjects>".replace("A", "<x/>")), "moment", "now", True),
    (document(KEYS + "</keyValues></leadSelector></ns1:paramsGetMultipleLeads>"), ">A<", ">B<", True),
    (document(KEYS + "</keyValues></leadSelector></ns1:paramsGetMultipleLeads>"), ">EMAIL<", ">Email<", False),
    (document(KEYS + "</keyValues></leadSelector><batchSize>7</batchSize></ns1:paramsGetMultipleLeads>"),
     ">7<", ">8<", False),
    (document(MEMBER), ">A<", ">B<", True),
    (document(MEMBER), ">IDNUM<", ">EMAIL<", False),
    (record("<leadId>A</leadId>"), ">A<", ">7<", True),
    (record("<ns1:Id>A</ns1:Id>"), ">A<", ">x<", True),
    (record("<email>A</email>"), ">A<", ">B<", True),
    (record('<Email xsi:type="xs:string">A</Email>'), ">A<", ">B<", True),
    (record('<Email xsi:nil="false">A</Email>'), ">A<", ">B<", True),
    (record('<Email a="&gt;">A</Email>'), ">A<", ">B<", False),
    (record("<Email/><Email>A</Email><Email></Email>"), ">A<", ">B<", True),
    (record("<ForeignSysType>A</ForeignSysType>"), ">A<", ">SFDC<", True),
    (record("<leadAttributeList><attribute><attrName>A</attrName><attrValue/></attribute></leadAttributeList>"),
     ">A<", ">B<", True),
    (record("<leadAttributeList><attribute><attrValue> </attrValue></attribute><attribute><attrName>x</attrName>"
            "<attrValue>A</attrValue></attribute></leadAttributeList>"), ">A<", ">B<", True),
    (record("", "<returnLead>1</returnLead><marketoCookie>A</marketoCookie>"), ">A<", ">B<", True),
    (record("", "<returnLead>1</returnLead><marketoCookie>A</marketoCookie>"), ">1<", ">true<", False),
    (record("<Email>A</Email>", "<ns1:returnLead\n  a='b'>1</ns1:returnLead>"), ">A<", ">B<", True),
    (record("<Email>A</Email>", "<ns1:returnLead\n  a='b'>1</ns1:returnLead>"), ">1<", ">2<", False),
    (record("<Email>A</Email>").replace("<s:Body>", "between<s:Body>"), ">A<", ">B<", True),
    (record("<Email>A</Email>").replace("<s:Body>", "between<s:Body>"), ">between<", ">x<", True),
    (record("<Email>A</Email>").replace("</s:Body>", '<x id="x">beside</x></s:Body>'), ">beside<", ">y<", True),
    (document("<ns1:paramsListMObjects/>", "<x:returnLead xmlns:x='urn:x'>A</x:returnLead>"), ">A<", ">B<", True),
    (document("<ns1:paramsListMObjects/>", "<ns1:MktowsContextHeader><targetWorkspace>A<b/> </targetWorkspace>"
              "</ns1:MktowsContextHeader>"), ">A<", f">{'x' * 255}<", True),
    (document("<ns1:paramsListMObjects/>", credentials="<partnerId> <b/>A</partnerId>"), ">A<", f">{'x' * 255}<", True),
    # blanks beside a value count where a limit is
    (document("<ns1:paramsListMObjects/>").replace(">user<", ">A<b/>  <"), ">A<", f">{'x' * 255}<", False),
    (document("<ns1:paramsListMObjects/>").replace(">seal<", "> <b/>A<"), ">A<", f">{'x' * 255}<", False),
    # several texts are one value
    (record("<Email>A<b/>c</Email>"), ">A<", ">B<", False),
    (record("<Email>A<b/>\n</Email>"), ">A<", ">B<", False),
    (record("<Email>p>A</Email>"), ">A<", ">B<", False),
    (document("<ns1:paramsListMObjects/>").replace(">user<", ">A<b/>c<"), ">A<", ">B<", False),
    (document("<ns1:paramsListMObjects/>", credentials=f"<partnerId>{'x' * 255}<b/>A</partnerId>"), "x" * 255, "y", False),
    # what has rules of its own, where its texts are not looked at and where they are
    (record("<!-- a>A<b -->"), ">A<", ">a--b<", False),
    (record("<Email>c</Email><!-- a>A<b -->"), ">A<", ">a--b<", False),
    (record("<Email>c<!-- a>A<b --></Email>"), ">A<", ">a--b<", False),
    (record("<Email>c<!----></Email><Id>A</Id>"), ">A<", ">B<", False),
    (record("<Email>A<![CDATA[]]></Email>"), ">A<", ">B<", False),
    (record("<Email><![CDATA[]]>c</Email><Id>A</Id>"), ">A<", ">B<", False),
    (record("<Email>A<?p q?></Email>"), ">A<", ">B<", False),
    (record("<Email><?p q?>c</Email><Id>A</Id>"), ">A<", ">B<", False),
    (record("<Email>c</Email>\n<?p q?><Id>A</Id>"), ">A<", ">B<", False),
    (record("<Email>a&amp;b</Email><Id>A</Id>"), ">A<", ">B<", False),
    (document(f'<ns1:paramsSyncLead>{TWICE}<attrValue href="#a"/></attribute></leadAttributeList></leadRecord>'
              "</ns1:paramsSyncLead>"), ">A<", ">B<", False),
    # texts that are like our marks
    (record("<Email>\ue0000\ue001</Email><Id>A</Id>"), ">A<", ">B<", False),
    (record("<Email x='\ue001'>c</Email><Id>A</Id>"), ">A<", ">B<", False),
    (document(MEMBER.replace("IDNUM", "\ue0007\ue001").replace(">A<", ">\ue0007\ue001<")),
     "<keyValue>\ue0007\ue001<", "<keyValue>B<", False),
    (document(MEMBER.replace("IDNUM", "\ue00099\ue001")), ">A<", ">B<", False),
    (document("<ns1:paramsListMObjects/>").replace(">user<", "> \ue00099\ue001 <"), ">moment<", ">now<", False),
    # declarations
    (DECLARED.replace("ISO-8859-1", "UTF-16") + record("<Email>A</Email>"), ">A<", ">\u00e4<", True),
    (DECLARED.replace("1.0", "1.1").replace("ISO-8859-1", "UTF-8") + record("<Email>A</Email>"), ">A<", ">a\u2028b<", True),
    (DECLARED.replace("?>", " standalone='no' ?>\n") + record("<Email>A</Email>"), ">A<", ">B<", True),
    ("<?p A?>".replace("A", "x>A<x") + record("<Email>c</Email>"), ">A<", ">encoding='x'<", True),
    ("\n" + record("<Email>A</Email>"), ">A<", ">B<", True),
    ("\ufeff" + record("<Email>A</Email>"), ">A<", ">\u00e4<", True),
]
# fmt: on


@pytest.mark.parametrize(("sent", "old", "new", "recalled"), DOCUMENTS)
def test_other_documents(sent: str, old: str, new: str, recalled: bool) -> None:
    """Each of them is learned, or is not, and afterwards is what reading makes of it, in both directions."""
    other = changed(sent, old, new)
    shapes = taught(sent)
    for one in (sent, other, sent):
        outcomes = send(shapes, one)
        assert outcomes.remembered == outcomes.read
    assert both(taught(sent), other).recalled is recalled


@pytest.mark.parametrize("first", ["true", "TRUE", "0"])
@pytest.mark.parametrize("then", ["false", "1", "True"])
def test_texts_of_a_type_are_learned_one_by_one(first: str, then: str) -> None:
    """What was read of both is recalled for both, with other texts around it."""
    shapes = taught(*(changed(SENT, ">false<", f">{text}<") for text in (first, then)))
    for text in (first, then):
        outcomes = both(shapes, changed(SENT, ">false<", f">{text}<").replace("George", "Fred"))
        assert outcomes.remembered == outcomes.read
        assert outcomes.recalled
    assert not both(shapes, changed(SENT, ">false<", ">FALSE<")).recalled


# fmt: off
ENCODINGS = [
    ("", "utf-8", None, "\u00e4\u6f22"), ("", "utf-8-sig", None, "\u00e4"), ("", "utf-16", None, "\u00e4\U0001f99c"),
    ("", "utf-16-le", None, "\u00e4"), ("", "utf-16-be", None, "\u00e4"), ("", "utf-32", None, "\u00e4"),
    ("", "latin-1", "iso-8859-1", "\u00e4"), ("", "cp932", "shift_jis", "\u6f22"), (DECLARED, "latin-1", None, "\u00e4"),
    (DECLARED, "latin-1", "utf-8", "\u00e4"), (DECLARED.replace("8859-1", "8859-15"), "iso8859-15", None, "\u20ac"),
    (DECLARED.replace("ISO-8859-1", "windows-1252"), "cp1252", None, "\u20ac"),
    (DECLARED.replace("ISO-8859-1", "UTF-16"), "utf-16", None, "\u00e4"),
    (DECLARED.replace("ISO-8859-1", "UTF-16"), "utf-8", None, "\u00e4"),
    (DECLARED.replace("ISO-8859-1", "UTF-16"), "latin-1", "latin-1", "\u00e4"),
]
# fmt: on


@pytest.mark.parametrize(("head", "encoding", "charset", "text"), ENCODINGS)
def test_encodings(head: str, encoding: str, charset: str | None, text: str) -> None:
    """However a request is encoded, it is recalled as the text that it is."""
    sent = head + record("<Email>A</Email>")
    outcomes = both(
        taught(sent.encode(encoding), charset=charset), sent.replace(">A<", f">{text}<").encode(encoding), charset
    )
    assert outcomes.remembered == outcomes.read
    assert repr(text) in outcomes.read
    assert outcomes.recalled


@pytest.mark.parametrize(
    ("body", "charset"), [(b"\xff", None), (b"\xe4", None), (b"\xe4", "ascii"), (b"B", "x"), (b"B", "utf-7")]
)
def test_bytes_that_are_no_text_are_refused_as_ever(body: bytes, charset: str | None) -> None:
    """What cannot be decoded is refused in the same words, before anything is recalled."""
    sent = record("<Email>A</Email>").encode()
    outcomes = both(taught(sent), sent.replace(b">A<", b">" + body + b"<"), charset)
    assert outcomes.remembered == outcomes.read
    assert isinstance(outcomes.read, tuple)


# `@` stands for a value.
CREDENTIALS = (
    "<ns1:AuthenticationHeader><mktowsUserId>@</mktowsUserId><requestSignature>@</requestSignature>"
    "<requestTimestamp>@</requestTimestamp>{}</ns1:AuthenticationHeader>"
)
WORKSPACE = "<ns1:MktowsContextHeader><targetWorkspace>@</targetWorkspace>{}</ns1:MktowsContextHeader>"
BESIDE = [
    "",
    "",
    "",
    "",
    "<partnerId>@</partnerId>",
    "<x>@</x>",
    " ",
    "@",
    "<!-- @>@<@ -->",
    "<?p @>@<@?>",
    "@<!-- @>@<@ -->",
]
IN_A_VALUE = [
    "@",
    "@",
    "@",
    "@",
    "@<b/>",
    "@<b/> ",
    " <b/>@",
    "@<!-- @>@<@ -->",
    "@<![CDATA[@]]>",
    "@<?p @>@<@?>",
    " @",
    "@ ",
]
RECORDED = [
    *(
        "<Email>@</Email>",
        "<Id>@</Id>",
        "<leadId>@</leadId>",
        "<email id='a'>@</email>",
        "<foreignSysType>@</foreignSysType>",
    ),
    "<leadAttributeList><attribute><attrName>@</attrName><attrValue>@</attrValue></attribute><attribute>"
    "<attrName>x</attrName><attrValue/></attribute></leadAttributeList>",
    *("<Email/>", "<ForeignSysPersonId xsi:nil='true'/>", "<ForeignSysPersonId href='#a'/>"),
]
BODIES = [
    *["<ns1:paramsSyncLead><leadRecord>{}</leadRecord><returnLead>@</returnLead></ns1:paramsSyncLead>"] * 4,
    "<ns1:syncLead><leadRecord>{}</leadRecord><marketoCookie>@</marketoCookie></ns1:syncLead>",
    "<ns1:paramsGetLead><leadKey><keyType>@</keyType><keyValue>@</keyValue></leadKey></ns1:paramsGetLead>",
    "<ns1:paramsDescribeMObject><objectName>@</objectName></ns1:paramsDescribeMObject>",
    "<ns1:paramsListMObjects/>",
    MEMBER.replace(">IDNUM<", ">@<").replace(">A<", ">@<"),
]
# fmt: off
NASTY = st.lists(st.sampled_from([
    "", " ", "\n", "\t", "\r", "\u00a0", "\u2028", "\x85", "\x7f", "\0", "\x01", "\x1f", "\ufffe", "\uffff", "\ufffd", "\ufeff",
    "\ue000", "\ue001", "\ue0000\ue001", "\ue0001\ue001", "\ue00099\ue001", "&amp;", "&", "&#65;", "<", ">", "]]", "]]>", "--",
    "->", "-->", "?", "?>", "!", "<b/>", "<!-- c -->", "'", '"', "href", "true", "1", "a", "\u00e4", "\U0001f99c", "x" * 200,
    "x" * 254, "</x>",
]), max_size=3).map("".join)
# fmt: on
TYPED = st.sampled_from(["true", "false", "TRUE", "1", "0", "7", "EMAIL", "IDNUM"])
FIRST = st.one_of(TYPED, st.just("true"), st.sampled_from(["a", "it's", "a b", "\u00e4", "x" * 255]))
OTHER = st.one_of(NASTY, TYPED, st.text(max_size=4), st.sampled_from(["a", "b"]))
LAYOUTS = ["", "\n", "\n  "]


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An envelope of building blocks, with `@` in the place of each value."""
    header = CREDENTIALS.format(draw(st.sampled_from(BESIDE)))
    header += draw(st.sampled_from(["", "", WORKSPACE.format(draw(st.sampled_from(BESIDE))), "<w><t>@</t>@</w>"]))
    inner = "".join(draw(st.lists(st.sampled_from(RECORDED), max_size=2, unique=True)))
    body = draw(st.sampled_from(BODIES)).format(inner)
    whole = enveloped(body, header)
    for place in draw(st.lists(st.integers(0, whole.count(">@<") - 1), max_size=1)):
        pieces = whole.split(">@<")
        one = f">{draw(st.sampled_from(IN_A_VALUE))}<"
        whole = ">@<".join(pieces[: place + 1]) + one + ">@<".join(pieces[place + 1 :])
    return draw(st.sampled_from(["", DECLARED.replace("ISO-8859-1", "utf-8")])) + whole.replace(
        "><", f">{draw(st.sampled_from(LAYOUTS))}<"
    )


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(documents(), st.data())
def test_whatever_is_sent_it_comes_to_what_reading_gives(pattern: str, data: st.DataObject) -> None:
    """One document again and again with other values; what it becomes by them is learned as well."""
    shapes = Shapes(CONTRACT.operation, LIMITS)
    pieces = pattern.split("@")
    count = len(pieces) - 1
    first = data.draw(st.lists(FIRST, min_size=count, max_size=count))
    for _ in range(3):
        changes = data.draw(st.dictionaries(st.integers(0, count - 1), OTHER, max_size=2))
        other = [changes.get(place, value) for place, value in enumerate(first)]
        for values in (first, first, other, other, other):
            sent = pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
            outcomes = send(shapes, sent)
            assert outcomes.remembered == outcomes.read
