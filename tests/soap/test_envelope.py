"""Reading envelopes: encodings, structure, limits, hostile input."""

import contextlib
import time
from collections.abc import Callable

import pytest

from support.samples import LIMITS, REQUEST, SYNC_LEAD, enveloped, parsed
from synclead.leads.errors import InputError, SyncleadError
from synclead.soap import envelope, markup
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits

NAMED = "<ns1:getLead><leadKey><keyType>EMAIL</keyType><keyValue>é€😀</keyValue></leadKey></ns1:getLead>"


def _value(request: envelope.Envelope) -> str:
    return "".join(request.operation_element.itertext())


def _refusal(body: str | bytes, limits: ReadLimits = LIMITS, charset: str | None = None) -> RequestNotUnderstoodError:
    with pytest.raises(RequestNotUnderstoodError) as caught:
        parsed(body, charset, limits)
    assert caught.value.code == 20012
    return caught.value


def test_published_request_is_read() -> None:
    """The document's request has one header block and names syncLead."""
    read = parsed(REQUEST)
    assert [markup_name.tag for markup_name in read.headers] == ["{http://www.marketo.com/mktows/}AuthenticationHeader"]
    assert read.operation_name == "paramsSyncLead"


@pytest.mark.parametrize(
    ("prefix", "encoding", "charset"),
    [
        ("", "utf-8", None),
        ("", "utf-8-sig", None),
        ('<?xml version="1.0"?>', "utf-8", None),
        ('<?xml version="1.0" encoding="utf-8"?>', "utf-8", "iso-8859-1"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16", None),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16-le", "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16-be", None),
        ("", "utf-16", None),
        ("", "utf-16-be", None),
        ('<?xml version="1.0" encoding="utf-16"?>', "utf-8", None),
        ('<?xml version="1.0" encoding="utf-16"?>', "utf-8-sig", None),
        ('<?xml version="1.0" encoding="GB18030"?>', "gb18030", None),
        ("", "utf-32", None),
        ("", "utf-8", '"UTF-8"'),
        ("", "utf-8", " "),
    ],
)
def test_encodings_are_told_apart(prefix: str, encoding: str, charset: str | None) -> None:
    """Byte order mark, then declaration, then Content-Type, then UTF-8: every text arrives as it was sent."""
    assert _value(parsed((prefix + enveloped(NAMED)).encode(encoding), charset)) == "EMAILé€😀"


@pytest.mark.parametrize(
    "sent", ["&#xD83E;&#xDD9C;", "&#xd83e;&#xdd9c;", "&#55358;&#56732;", "&#129436;", "\U0001f99c"]
)
def test_halves_of_a_character_are_joined(sent: str) -> None:
    """Axis 1.4 writes an emoji as two references to halves of UTF-16: it arrives as the character."""
    assert _value(parsed(enveloped(f"<a>&#xFC; {sent}{sent} &#55203;</a>"))) == "\xfc \U0001f99c\U0001f99c \ud7a3"


@pytest.mark.parametrize(
    "sent", ["&#xD83E;", "&#xDD9C;&#xD83E;", "&#xD83E; &#xDD9C;", "&#xD83E;&#xD83E;", "&#55358;&#57344;"]
)
def test_half_a_character_is_no_xml(sent: str) -> None:
    """A half without the other is refused, never guessed."""
    assert "not well-formed" in _refusal(enveloped(f"<a>{sent}</a>")).message


def test_halves_in_cdata_are_text() -> None:
    """What only looks like two halves, since no reference stands there, stays as sent."""
    inner = "<![CDATA[&#xD83E;&#xDD9C;]]><!-- &#xD83E;&#xDD9C; -->&amp;#xD83E;&#xD83E;&#xDD9C;"
    assert _value(parsed(enveloped(f"<a>{inner}</a>"))) == "&#xD83E;&#xDD9C;&#xD83E;\U0001f99c"


@pytest.mark.parametrize(
    ("declared", "charset"), [("ISO-8859-1", None), (None, "iso-8859-1"), ("Windows-1252", "utf-8"), (None, "latin1")]
)
def test_single_byte_encodings_are_read(declared: str | None, charset: str | None) -> None:
    """ISO-8859-1 and its like are read by declaration, or by Content-Type where nothing is declared."""
    prefix = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = (prefix + enveloped("<ns1:getLead><a>é</a></ns1:getLead>")).encode("iso-8859-1")
    assert _value(parsed(body, charset)) == "é"


@pytest.mark.parametrize(
    ("body", "charset", "message"),
    [
        (enveloped(NAMED).encode().replace(b"\xc3", b"\xff"), None, "not valid UTF-8"),
        (enveloped("<a>x</a>").encode().replace(b"x", b"\xed\xa0\x80"), None, "not valid UTF-8"),
        (enveloped("<a/>").encode("utf-16")[:-1], None, "not valid UTF-16"),
        (b'<?xml version="1.0" encoding="klingon"?>' + enveloped(NAMED).encode(), None, "klingon is not known"),
        (b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>', None, "utf-7 is not known"),
        (enveloped(NAMED).encode(), "rot13", "rot13 is not known"),
        (enveloped("<a>\0</a>").encode(), None, "not well-formed"),
        (enveloped("<a>&#0;</a>").encode(), None, "not well-formed"),
        (enveloped("<a>\x1b</a>").encode(), None, "not well-formed"),
        (enveloped("<a>&#xFFFF;</a>").encode(), None, "not well-formed"),
        (enveloped("<a>&unknown;</a>").encode(), None, "not well-formed"),
        (enveloped("<a>Tom & Jerry</a>").encode(), None, "not well-formed"),
        (enveloped("<a><b></a></b>").encode(), None, "not well-formed"),
        (enveloped("<a/>").encode() + b"<a/>", None, "not well-formed"),
        (b"", None, "not well-formed"),
        (b"hello", None, "not well-formed"),
        (b'{"lead": 1}', None, "not well-formed"),
        (b"<", None, "not well-formed"),
        (b"\xef\xbb\xbf", None, "not well-formed"),
    ],
)
def test_what_is_no_xml_is_refused(body: bytes, charset: str | None, message: str) -> None:
    """Bytes outside their encoding, unknown encodings, forbidden characters and broken markup are 20012."""
    refusal = _refusal(body, charset=charset)
    assert message in refusal.message
    assert (refusal.http_status, refusal.faultcode) == (None, None)


def _bare(inner: str, namespace: str = "http://schemas.xmlsoap.org/soap/envelope/") -> str:
    return f'<s:Envelope xmlns:s="{namespace}">{inner}</s:Envelope>'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<html><body>login</body></html>", "html, not a SOAP Envelope"),
        (_bare(""), "no Body"),
        (_bare("<s:Header/>"), "no Body"),
        (_bare("<s:Body/>"), "Body is empty"),
        (_bare("<s:Body>  <!-- nothing --> </s:Body>"), "Body is empty"),
        (_bare("<s:Body><a/></s:Body><s:Body/>"), "two Bodies"),
        (_bare("<s:Header/><s:Header/><s:Body><a/></s:Body>"), "two Headers"),
        (enveloped("<ns1:syncLead/><ns1:getLead/>"), "two elements, syncLead and getLead"),
    ],
)
def test_what_is_no_envelope_is_refused(body: str, message: str) -> None:
    """A root that is no Envelope, and a wrong number of Bodies or operations, are 20012 with the reason."""
    refusal = _refusal(body)
    assert message in refusal.message
    assert refusal.faultcode is None


@pytest.mark.parametrize("namespace", ["http://www.w3.org/2003/05/soap-envelope", "urn:other"])
def test_envelope_of_another_namespace_is_a_version_mismatch(namespace: str) -> None:
    """SOAP 1.2 is told what is wrong in the words of SOAP."""
    refusal = _refusal(_bare("<s:Body><a/></s:Body>", namespace))
    assert refusal.faultcode == "VersionMismatch"
    assert namespace in refusal.message


def test_unknown_header_that_must_be_understood_is_refused() -> None:
    """mustUnderstand counts on unknown blocks only."""
    refusal = _refusal(enveloped("<a/>", '<x:Security xmlns:x="urn:x" s:mustUnderstand="1"/>'))
    assert refusal.faultcode == "MustUnderstand"
    assert "Security" in refusal.message
    for header in (
        '<ns1:AuthenticationHeader s:mustUnderstand="1"/>',
        '<x:Security xmlns:x="urn:x" s:mustUnderstand="0"/>',
        '<x:Security xmlns:x="urn:x" mustUnderstand="1"/>',
        "<x/>",
    ):
        assert len(parsed(enveloped("<a/>", header)).headers) == 1


@pytest.mark.parametrize(
    ("header", "workspace"),
    [
        ("", None),
        ("<ns1:MktowsContextHeader/>", None),
        ("<ns1:MktowsContextHeader><targetWorkspace> </targetWorkspace></ns1:MktowsContextHeader>", None),
        (
            "<MktowsContextHeader><ns1:targetWorkspace> EMEA\n</ns1:targetWorkspace></MktowsContextHeader>",
            "EMEA",
        ),
        ("<ns1:MktowsContextHeader><a/><targetWorkspace>ä</targetWorkspace></ns1:MktowsContextHeader>", "ä"),
    ],
)
def test_workspace_is_read_from_the_context_header(header: str, workspace: str | None) -> None:
    """The workspace is matched by local names, trimmed, and absent when blank."""
    assert envelope.read_workspace(parsed(enveloped("<a/>", header)), LIMITS) == workspace


@pytest.mark.parametrize(
    "inner",
    ["<targetWorkspace>A</targetWorkspace>" * 2, f"<targetWorkspace>{'x' * 65_536}</targetWorkspace>"],
    ids=["twice", "too long"],
)
def test_bad_workspace_is_an_input_error(inner: str) -> None:
    """Two workspaces, or one longer than any value may be, are 20110."""
    read = parsed(enveloped("<a/>", f"<ns1:MktowsContextHeader>{inner}</ns1:MktowsContextHeader>"))
    with pytest.raises(InputError, match="targetWorkspace"):
        envelope.read_workspace(read, LIMITS)


BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'http://localhost/a.dtd'>",
        BOMB,
        '<?xml version="1.0"?>\n<!-- > --><?php <a> ?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!doctype html>",
    ],
)
def test_doctype_is_refused(prolog: str, encoding: str) -> None:
    """A document type, wherever XML allows one and in whatever encoding, is refused before it is read."""
    assert "DOCTYPE" in _refusal((prolog + enveloped("<a>&c;</a>")).encode(encoding)).message


def test_doctype_inside_a_value_is_text() -> None:
    """A value may hold a web page: in CDATA, comments and escaped text a DOCTYPE means nothing."""
    read = parsed(enveloped("<a><![CDATA[<!DOCTYPE html><p>]]><!-- <!DOCTYPE b> -->&lt;!DOCTYPE&gt;</a>"))
    assert _value(read) == "<!DOCTYPE html><p><!DOCTYPE>"


def _nested(depth: int) -> str:
    return enveloped("<a>" * depth + "</a>" * depth)


def test_depth_is_limited() -> None:
    """The envelope being the first, 64 elements within each other are read, 65 are refused."""
    assert _value(parsed(_nested(62))) == ""
    for depth in (63, 200, 300, 10_000, 190_000):
        assert "more than 64 deep" in _refusal(_nested(depth)).message


def test_number_of_elements_is_limited() -> None:
    """As many elements as the limit are read; one more is refused; text that looks like elements is text."""
    limits = ReadLimits(elements=100)
    assert len(parsed(enveloped("<a>" + "<b/>" * 96 + "</a>"), limits=limits).operation_element) == 96
    assert len(parsed(enveloped("<a>" + "<b></b>" * 96 + "</a>"), limits=limits).operation_element) == 96
    assert "more than 100 elements" in _refusal(enveloped("<a>" + "<b/>" * 97 + "</a>"), limits).message
    assert "more than 100 elements" in _refusal(enveloped("<a>" + "<b></b>" * 97 + "</a>"), limits).message
    looks = "<![CDATA[" + "<b>" * 200 + "]]><!--" + "<b>" * 200 + "--><?x " + "<b>" * 200 + "?>"
    assert _value(parsed(enveloped(f"<a>{looks}</a>"), limits=limits)) == "<b>" * 200


def test_size_is_limited() -> None:
    """A body of the limit is read, one byte more is refused with HTTP status 413."""
    body = enveloped("<a/>")
    assert parsed(body, limits=ReadLimits(body=len(body))).operation_name == "a"
    refusal = _refusal(body, ReadLimits(body=len(body) - 1))
    assert refusal.http_status == 413
    assert str(len(body) - 1) in refusal.message


MIB_10 = 10 * 1024 * 1024
HOSTILE: dict[str, Callable[[], str]] = {
    "elements": lambda: enveloped("<a>" + "<b/>" * 2_000_000 + "</a>"),
    "attributes": lambda: enveloped("<a " + " ".join(f'a{n}="{n}"' for n in range(100_000)) + "/>"),
    "namespaces": lambda: enveloped("<a " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(100_000)) + "/>"),
    "open comments": lambda: enveloped("<a/>") + "<!--" * (MIB_10 // 4 - 100),
    "prolog of comments": lambda: "<!---->" * 1_400_000 + enveloped("<a/>"),
    "open comments first": lambda: "<!--" * (MIB_10 // 4),
    "open CDATA": lambda: "<![CDATA[" * 1_000_000,
    "open instructions": lambda: "<?x" * 3_000_000,
    "one long name": lambda: enveloped(f"<{'a' * 9_000_000}/>"),
    "one long value": lambda: enveloped(f"<a>{'a' * 10_400_000}</a>"),
    "only openings": lambda: "<" * MIB_10,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_is_answered_quickly(name: str) -> None:
    """Ten mebibytes of the worst markup cost less than ten seconds of CPU: the time is not that of a hang, and load does not count."""
    body = HOSTILE[name]().encode()
    started = time.process_time()
    with contextlib.suppress(SyncleadError):
        SYNC_LEAD.decode(parsed(body).operation_element)
    assert time.process_time() - started < 10


def test_refusals_do_not_repeat_the_request() -> None:
    """A message names the place of broken XML, and of the caller's names a hundred characters at most."""
    assert _refusal("<a>\n<secret-token>").message.endswith(
        "(line 2, column 15): it ends before its elements are closed"
    )
    assert len(_refusal(f"<{'x' * 5000}/>").message) < 200
    assert len(_refusal(f'<?xml version="1.0" encoding="{"x" * 99}"?><a/>').message) < 200


@pytest.mark.parametrize("blanks", [0, 1, 300, 500, 5000])
def test_declarations_of_any_length_are_read(blanks: int) -> None:
    """Blanks inside a declaration hide the encoding from nobody; what was read of one is not that of another."""
    for encoding, other in (("iso-8859-1", "cp850"), ("cp850", "iso-8859-1")) * 2:
        prefix = f'<?xml version="1.0" encoding={" " * blanks}"{encoding}"?>'
        body = (prefix + enveloped("<ns1:getLead><a>é</a></ns1:getLead>")).encode(encoding)
        assert _value(parsed(body, other)) == "é"


def test_encoding_names_are_not_remembered() -> None:
    """Names of encodings that nobody knows leave nothing behind."""
    for number in range(1000):
        _refusal(f'<?xml version="1.0" encoding="x-{number}"?><a/>')
    assert markup._known.cache_info().currsize <= 64


@pytest.mark.parametrize(
    ("declared", "charset", "sent", "read"),
    [
        # The two differ: bytes that are UTF-8 beyond ASCII are UTF-8.
        ("ISO-8859-1", "utf-8", "utf-8", "José"),
        ("ISO-8859-1", "UTF8", "utf-8", "José"),
        ("ISO-8859-1", "windows-1252", "utf-8", "José"),
        ("UTF-16", "iso-8859-1", "utf-8", "José"),
        ("utf-8", "iso-8859-1", "utf-8", "José"),
        # The two differ, and the bytes are none: the declaration counts.
        ("ISO-8859-1", "utf-8", "iso-8859-1", "José"),
        ("Windows-1252", "utf-8", "cp1252", "José"),
        # They agree, or one is silent: what is named counts, whatever the bytes could be.
        ("ISO-8859-1", "latin1", "utf-8", "JosÃ©"),
        ("ISO-8859-1", None, "utf-8", "JosÃ©"),
        (None, "iso-8859-1", "utf-8", "JosÃ©"),
        (None, None, "utf-8", "José"),
    ],
)
def test_where_declaration_and_header_differ_the_bytes_decide(
    declared: str | None, charset: str | None, sent: str, read: str
) -> None:
    """A template declares one, the HTTP library names another: UTF-8 is told by its bytes."""
    prefix = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = (prefix + enveloped("<ns1:getLead><a>José</a></ns1:getLead>")).encode(sent)
    assert _value(parsed(body, charset)) == read


@pytest.mark.parametrize(
    ("attributes", "understood"),
    [
        ('s:mustUnderstand="1"', False),
        ('s:mustUnderstand="1" s:actor=""', False),
        ('s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"', False),
        ('s:mustUnderstand="1" s:actor="http://proxy.example/role"', True),
        ('s:mustUnderstand="true" s:actor=" urn:somebody "', True),
        ('s:mustUnderstand="0"', True),
    ],
)
def test_a_block_for_somebody_else_is_passed_over(attributes: str, understood: bool) -> None:
    """Only what is addressed to us, or to whoever comes next, must be understood; the fault has its full name."""
    request = enveloped("<ns1:getLead/>", f'<w:Security xmlns:w="urn:wsse" {attributes}/>')
    if understood:
        assert parsed(request).operation_name == "getLead"
    else:
        refusal = _refusal(request)
        assert refusal.faultcode == "MustUnderstand"
        assert "The header block Security of the namespace 'urn:wsse' is not understood" in refusal.message
