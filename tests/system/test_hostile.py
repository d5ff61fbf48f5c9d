"""Bad and hostile input at the real server: the right code, the value named, and nothing written."""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

import pytest

from support.contract import assert_keeps_contract
from support.database import contents, intact, leads
from support.envelopes import Call, read_answer, signature, w3c_now, wrap
from support.envelopes import envelope as plain_envelope
from support.inside import USER
from support.raw import XML, connect, exchange, post, read_all
from support.server import Server

PATH = "/soap/mktows/2_1"
MIB = 1024 * 1024


def envelope(call: Call) -> bytes:
    """A signed call."""
    return plain_envelope(call, USER)


def body(inner: str) -> bytes:
    """A signed envelope around any Body."""
    return wrap(inner, USER)


def record(inner: str, rest: str = "<returnLead>false</returnLead>") -> bytes:
    """A signed call with any leadRecord."""
    return body(f"<ns1:paramsSyncLead><leadRecord>{inner}</leadRecord>{rest}</ns1:paramsSyncLead>")


def attribute(name: str, value: str) -> bytes:
    """A signed call that sets one attribute."""
    return envelope(Call(email="nobody@orchard.example", attributes=((name, value),)))


def doctype(declaration: str, value: str = "&e;") -> bytes:
    """A call with a DOCTYPE before its envelope."""
    request = record(f"<Email>{value}@orchard.example</Email>")
    return request.replace(b"?>\n", b"?>\n" + declaration.encode(), 1)


def billion_laughs() -> bytes:
    """Ten entities, each ten times the one before."""
    entities = ['<!ENTITY e0 "ha">']
    entities += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)]
    return doctype(f"<!DOCTYPE x [{''.join(entities)}]>", "&e9;")


def href_bomb() -> bytes:
    """Twenty objects, each of them twice the one before."""
    chain = "".join(
        f'<attribute id="a{n}"><attrName href="#a{n - 1}"/><attrValue href="#a{n - 1}"/></attribute>'
        for n in range(1, 21)
    )
    return record(
        f'<leadAttributeList><attribute id="a0"><attrName>City</attrName></attribute>{chain}</leadAttributeList>'
    )


def many_attributes(count: int) -> bytes:
    """A record of that many attributes."""
    one = "<attribute><attrName>City</attrName><attrValue>Ely</attrValue></attribute>"
    return record(f"<Email>nobody@orchard.example</Email><leadAttributeList>{one * count}</leadAttributeList>")


def nested(depth: int) -> bytes:
    """Elements in elements."""
    return record("<x>" * depth + "</x>" * depth)


def with_header(user: str = USER.user, stamp: str | None = None, seal: str | None = None) -> bytes:
    """A call whose authentication header has any texts in it."""
    stamp = w3c_now() if stamp is None else stamp
    request = envelope(Call(email="nobody@orchard.example")).decode()
    start, end = request.index("<mktowsUserId>"), request.index("</ns1:AuthenticationHeader>")
    seal = signature(USER, stamp) if seal is None else seal
    parts = (("mktowsUserId", user), ("requestSignature", seal), ("requestTimestamp", stamp))
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts)
    return (request[:start] + inner + request[end:]).encode()


BAD_IDS = ["2147483648", "0", "-1", "1.0", "1_0", "٣", "+7", "0x7", "1e3", "7 7", "９", "9" * 1000]
BAD_EMAILS = ["a", "@orchard.example", "a@", "a@b@c", "a b@orchard.example", f"{'a' * 240}@orchard.example", "a\x7f@b"]

# (what is sent, the request, the fault's code, what its message names)
CASES: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("nothing", lambda: b"", "20012", "not well-formed"),
    ("no XML", lambda: b"Email=t@t.com&FirstName=George", "20012", "not well-formed"),
    ("JSON", lambda: b'{"email": "t@t.com"}', "20012", "not well-formed"),
    ("HTML", lambda: b"<html><body/></html>", "20012", "html"),
    ("half a request", lambda: record("")[:400], "20012", "not well-formed"),
    ("a DOCTYPE", lambda: doctype("<!DOCTYPE x>", "a"), "20012", "DOCTYPE"),
    ("a DOCTYPE after a comment", lambda: doctype("<!-- --><!DOCTYPE x>", "a"), "20012", "DOCTYPE"),
    ("an entity bomb", billion_laughs, "20012", "DOCTYPE"),
    ("a file as entity", lambda: doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'), "20012", "DOCTYPE"),
    ("a DTD to fetch", lambda: doctype('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', "a"), "20012", "DOCTYPE"),
    ("an entity nobody declared", lambda: record("<Email>&e;@b</Email>"), "20012", "not well-formed"),
    ("a bomb of references", href_bomb, "20012", "References|references"),
    ("a reference to itself", lambda: record('<Email id="a" href="#a"/>'), "20012", "leads back to itself"),
    ("a reference to nothing", lambda: record('<Email href="#b"/>'), "20012", "#b"),
    ("100,000 attributes", lambda: many_attributes(100_000), "20012", "200,000 elements"),
    ("1,001 attributes", lambda: many_attributes(1001), "20110", "leadAttributeList: more than 1,000"),
    ("100,000 elements that mean nothing", lambda: record("<x>1</x>" * 100_000), "20110", "Bad value for x"),
    ("10,000 levels", lambda: nested(10_000), "20012", "64 deep"),
    ("one level too many", lambda: nested(61), "20012", "64 deep"),
    ("invalid UTF-8", lambda: record("<Email>x@b</Email>").replace(b"x@b", b"\xc3\x28@b"), "20012", "not valid UTF-8"),
    ("a surrogate", lambda: record("<Email>x@b</Email>").replace(b"x@b", b"\xed\xa0\x80@b"), "20012", "not valid UTF-8"),
    ("NUL", lambda: record("<Email>x@b</Email>").replace(b"x@b", b"\0@b"), "20012", "not well-formed"),
    ("a forbidden character", lambda: record("<Email>&#1;@b</Email>"), "20012", "not well-formed"),
    ("no Body", lambda: body("").replace(b"<SOAP-ENV:Body></SOAP-ENV:Body>", b""), "20012", "no Body"),
    ("an empty Body", lambda: body(""), "20012", "Body is empty"),
    ("two Bodies", lambda: body("").replace(b"<SOAP-ENV:Body>", b"<SOAP-ENV:Body/><SOAP-ENV:Body>"), "20012", "two Bodies"),
    ("two calls in a Body", lambda: body("<ns1:paramsSyncLead/><ns1:paramsSyncLead/>"), "20012", "two elements"),
    (
        "SOAP 1.2",
        lambda: record("").replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        "20012",
        "not of SOAP 1.1",
    ),
    ("an operation nobody has", lambda: body("<ns1:paramsDropTable/>"), "20019", "paramsDropTable"),
    ("another operation of the contract", lambda: body("<ns1:paramsGetTags/>"), "20019", "paramsGetTags"),
    ("no record", lambda: body("<ns1:paramsSyncLead/>"), "20104", "leadRecord"),
    ("no key", lambda: record(""), "20101", "leadRecord needs Id, Email or ForeignSysPersonId"),
    ("Email twice", lambda: record("<Email>a@b</Email><Email>a@b</Email>"), "20110", "Bad value for Email: given more"),
    ("Id beside leadId", lambda: record("<Id>1</Id><leadId>1</leadId>"), "20110", "Bad value for leadId: given more"),
    ("two records", lambda: record("<Email>a@b</Email></leadRecord><leadRecord><Email>c@d</Email>"), "20110", "leadRecord: given more"),
    ("a misspelt element", lambda: record("<Emial>a@b</Emial>"), "20110", "Bad value for Emial"),
    ("text between elements", lambda: record("<Email>a@b</Email>Mary"), "20110", "Bad value for leadRecord"),
    ("an element in a value", lambda: record("<Email>a@<b>b</b></Email>"), "20110", "Bad value for Email"),
    ("returnLead that is neither", lambda: record("<Email>a@b</Email>", "<returnLead>2</returnLead>"), "20110", "returnLead: 2"),
    ("an Id nobody has", lambda: envelope(Call(id="2147483647")), "20103", "No lead found with ID = 2147483647"),
    ("a workspace nobody defined", lambda: envelope(Call(email="a@b.c", workspace="EMEA")), "20110", "targetWorkspace: .*'EMEA'"),
    ("an unknown field", lambda: attribute("pants", "1"), "20105", "unknown fields for import: pants"),
    ("no attrName", lambda: attribute("", "1"), "20109", "attrName"),
    ("a read-only field", lambda: attribute("AnonymousIP", "127.0.0.1"), "20110", "Bad value for AnonymousIP"),
    ("a type nobody has", lambda: envelope(Call(foreign_id="X", foreign_type="SAP")), "20110", "ForeignSysType: 'SAP'"),
    ("a cookie of another account", lambda: envelope(Call(email="a@b.c", cookie="id:1-A-2&token:_mch-b.c-1")), "20110", "marketoCookie: '1-A-2'"),
    ("a cookie that is none", lambda: envelope(Call(email="a@b.c", cookie="chocolate")), "20110", "Bad value for marketoCookie"),
    ("a user id of 256 characters", lambda: with_header(user="u" * 256), "20014", "Authentication failed"),
    ("a signature of 256 characters", lambda: with_header(seal="0" * 256), "20014", "Authentication failed"),
    ("a timestamp of 256 characters", lambda: with_header(stamp="2" * 256), "20014", "Authentication failed"),
    ("a user nobody knows", lambda: with_header(user="' OR 1=1 --"), "20014", "Authentication failed"),
    ("a timestamp that is none", lambda: with_header(stamp="yesterday"), "20014", "Authentication failed"),
    ("a day that does not exist as timestamp", lambda: with_header(stamp="2013-02-30T00:00:00Z"), "20014", "Authentication failed"),
    ("last year's timestamp", lambda: with_header(stamp="2013-07-31T12:38:47-07:00"), "20016", "Request expired"),
    ("a timestamp of the next century", lambda: with_header(stamp="2113-07-31T12:38:47-07:00"), "20016", "Request expired"),
    *((f"the Id {text[:20]}", lambda text=text: envelope(Call(id=text)), "20110", f"Bad value for Id: '{text[:5]}".replace("+", r"\+")) for text in BAD_IDS),
    *((f"the Email {text[:20]!r}", lambda text=text: envelope(Call(email=text)), "20110", f"Bad value for Email: '{text[:1]}") for text in BAD_EMAILS),
    *(
        (f"{name} {value[:20]!r}", lambda name=name, value=value: attribute(name, value), "20110", f"Bad value for {name}: {kind} ")
        for name, kind, values in (
            ("DateofBirth", "date", ("2013-02-29", "2013-13-01", "0000-01-01", "2/30/2013", "yesterday", "2013-2-1x")),
            ("NumberOfEmployees", "integer", ("2147483648", "-2147483649", "1,23", "1.5", "٣", "0x10", "NaN", "--1", "9" * 5000)),
            ("AnnualRevenue", "currency", ("1e9", "NaN", "Infinity", "1" * 31, "$", "1.2.3", "12 34")),
            ("DoNotCall", "boolean", ("maybe", "2", "-1", "truefalse")),
            ("FirstName", "string", ("x" * 256, "🍎" * 256)),
            ("Website", "url", ("x" * 256,)),
        )
        for value in values
    ),
    ("a value of 65,536 characters", lambda: attribute("UnsubscribedReason", "x" * 65_536), "20110", "Bad value for attrValue: longer than 65,535"),
    ("a foreign id of 256 characters", lambda: envelope(Call(foreign_id="x" * 256)), "20110", "Bad value for ForeignSysPersonId"),
    ("a foreign id with a control character", lambda: envelope(Call(foreign_id="x\x7fy")), "20110", "Bad value for ForeignSysPersonId"),
    ("a token of 241 characters", lambda: envelope(Call(email="a@b.c", cookie="_mch-" + "x" * 241)), "20110", "Bad value for marketoCookie"),
]  # fmt: skip


def assert_refused(
    server: Server,
    request: bytes,
    code: str,
    named: str,
    *,
    status: int = 500,
    headers: Mapping[str, str] = XML,
) -> None:
    """A fault of that code whose message matches, in SOAP's form; every row is as it was."""
    before = contents(server)
    got, answered = post(server.port, request, headers)
    assert_keeps_contract(answered)
    answer = read_answer(got, answered)
    assert (got, answer.fault_code) == (status, code), answer.body[:2000]
    message = answer.message or ""
    assert re.search(named, message), message[:500]
    assert len(message) < 33_000
    assert contents(server) == before


@pytest.mark.parametrize(("request_of", "code", "named"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_bad_input_is_refused_by_name(orchard: Server, request_of: Callable[[], bytes], code: str, named: str) -> None:
    """Each case has its code, its message says what is wrong with which value, and nothing is written."""
    assert_refused(orchard, request_of(), code, named)


def test_eleven_mebibytes_are_refused(orchard: Server) -> None:
    """The limit of 10 MiB is HTTP 413, told in SOAP, also to a client that goes on sending."""
    request = record(f"<Email>a@b</Email><x>{'x' * 11 * MIB}</x>")
    assert_refused(orchard, request, "20012", "larger than the limit of 10485760 bytes", status=413)


@pytest.mark.parametrize(("signed", "limit"), [(True, b"10485760 bytes (20012)"), (False, b"65,536 bytes")])
def test_eleven_mebibytes_in_chunks_are_refused(orchard: Server, signed: bool, limit: bytes) -> None:
    """A body whose length nobody announced stops at the limit, too; at a lower one where nobody has signed it."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    start = record("<Email>a@b</Email>").partition(b"<Email>")[0] if signed else b"<"
    first = b"%x\r\n%b\r\n" % (len(start), start)
    chunk = b"100000\r\n" + b"x" * MIB + b"\r\n"
    answered = exchange(orchard.port, head.encode() + first + chunk * 11 + b"0\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert b"larger than the limit of " + limit in answered


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)], ids=["gzip", "deflate"]
)
def test_a_compressed_bomb_stops_at_the_limit(orchard: Server, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A hundred kilobytes that would be a hundred megabytes are refused like a large body, signed or not."""
    headers = {**XML, "Content-Encoding": encoding}
    for start, named in (
        (b"", "larger than the limit"),
        (record("<Email>a@b</Email>"), "more than 200 times its size"),
    ):
        bomb = pack(start + b" " * 100 * MIB)
        assert len(bomb) < MIB
        assert_refused(orchard, bomb, "20012", named, status=413, headers=headers)


@pytest.mark.parametrize(
    ("encoding", "request_body", "named"),
    [
        ("br", b"x", "gzip or deflate"),
        ("gzip", b"x" * 20, "damaged"),
        ("gzip", b"x", "cut short"),
        ("gzip", gzip.compress(b"<a/>", mtime=0)[:-9], "cut short"),
        ("deflate", b"\x78\x9c", "cut short"),
    ],
)
def test_a_body_that_cannot_be_inflated_is_refused(
    orchard: Server, encoding: str, request_body: bytes, named: str
) -> None:
    """An unknown encoding, a damaged and an incomplete body are 20012 with the reason."""
    assert_refused(orchard, request_body, "20012", named, headers={**XML, "Content-Encoding": encoding})


def test_a_request_of_a_browser_page_is_refused(orchard: Server) -> None:
    """403 and a line of text for whatever comes with an Origin, though it is signed."""
    before = contents(orchard)
    for origin in ("https://evil.example", "null", ""):
        request = envelope(Call(email="page@orchard.example"))
        status, text = post(orchard.port, request, {**XML, "Origin": origin})
        assert status == 403
        assert text.count(b"\n") == 1
    assert contents(orchard) == before


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (f"GET {PATH}", 405),
        (f"GET {PATH}?", 405),
        (f"GET {PATH}?wsd", 405),
        (f"PUT {PATH}", 405),
        (f"DELETE {PATH}?WSDL", 405),
        (f"OPTIONS {PATH}", 405),
        (f"GET {PATH}?WSDL", 200),
        (f"GET {PATH}/?wsdl", 200),
        ("POST /soap/mktows", 404),
        ("POST /soap/mktows/2", 404),
        ("POST /soap/mktows/../mktows/2_1", 404),
        ("POST /soap/mktows/2_1/x", 404),
        ("GET /", 200),
        ("GET /soap", 404),
        ("GET /etc/passwd", 404),
    ],
)
def test_other_requests_get_the_documented_status(orchard: Server, request_line: str, status: int) -> None:
    """405 says what is allowed; a path that is none is 404; only ?WSDL is answered to GET."""
    request = f"{request_line} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    answered = exchange(orchard.port, request.encode())
    assert answered.startswith(f"HTTP/1.1 {status} ".encode()), answered[:300]
    if status == 405:
        assert b"\r\nallow: GET, POST\r\n" in answered


@pytest.mark.parametrize("sent", [1, 400])
def test_a_client_that_hangs_up_half_way_leaves_nothing(orchard: Server, sent: int) -> None:
    """What was not sent whole is not written, and the server goes on answering others."""
    request = envelope(Call(email=f"half-{sent}@orchard.example"))
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n\r\n".encode()
    with connect(orchard.port) as connection:
        connection.sendall(head + request[:sent])
    with orchard.caller(USER) as caller:
        other = caller.sync(Call(email=f"other-{sent}@orchard.example"))
    assert other.status == "CREATED"
    assert f"half-{sent}@orchard.example" not in {lead.email for lead in leads(orchard).values()}


def test_a_client_that_does_not_wait_for_its_answer_is_served(orchard: Server) -> None:
    """Two calls sent at once on a connection whose other half is closed are both written and answered."""
    request = envelope(Call(email="hasty@orchard.example"))
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n"
    both = head.encode() + b"\r\n" + request + head.encode() + b"Connection: close\r\n\r\n" + request
    with connect(orchard.port) as connection:
        connection.sendall(both)
        answered = read_all(connection)
    assert answered.count(b"HTTP/1.1 200 ") == 2
    assert answered.index(b"CREATED") < answered.index(b"UPDATED")


def test_values_at_their_limits_are_kept_whole(orchard: Server) -> None:
    """255 characters of four bytes, 65,535 of a text, the longest keys: all come back, from the database."""
    token = "_mch-" + "x" * 240
    call = Call(
        email=f"{'a' * 239}@orchard.example",
        foreign_id="🍎" * 255,
        foreign_type="netsuite",
        cookie=f"id:100-AEK-914&token:{token}",
        attributes=(
            ("AnnualRevenue", "9" * 30),
            ("DateofBirth", "2012-02-29"),
            ("FirstName", "🍎" * 255),
            ("NumberOfEmployees", "-2147483648"),
            ("UnsubscribedReason", "x" * 65_535),
        ),
    )
    assert len(call.email or "") == 255
    with orchard.caller(USER) as caller:
        first = caller.sync(call)
        assert first.status == "CREATED", first.body[:500]
        answer = caller.sync(Call(cookie=token))
    assert answer.record is not None
    assert answer.record.email == call.email
    assert (answer.record.foreign_id, answer.record.foreign_type) == (call.foreign_id, "NETSUITE")
    assert answer.record.values == dict(call.attributes)


def test_comments_inside_values_are_no_part_of_them(orchard: Server) -> None:
    """The whole text of an element is its value: around comments, instructions and in CDATA."""
    inner = (
        "<Email>com<!-- x -->ment<?x y?>s@orchard.example</Email><leadAttributeList><attribute>"
        "<attrName>First<!-- -->Name</attrName><attrValue>a<!-- b -->c<![CDATA[<d>]]>&amp;e</attrValue>"
        "</attribute></leadAttributeList>"
    )
    status, answered = post(orchard.port, record(inner, "<returnLead>true</returnLead>"))
    answer = read_answer(status, answered)
    assert answer.record is not None
    assert answer.record.email == "comments@orchard.example"
    assert answer.record.values == {"FirstName": "ac<d>&e"}


def unicode_texts() -> list[str]:
    """Every character that XML 1.0 allows, in texts as long as a value may be."""
    characters = [
        chr(point)
        for point in range(sys.maxunicode + 1)
        if point in (0x9, 0xA, 0xD) or 0x20 <= point < 0xD800 or 0xE000 <= point < 0xFFFE or point > 0xFFFF
    ]
    assert len(characters) == 3 + 0xD800 - 0x20 + 0xFFFE - 0xE000 + 0x100000
    whole = "".join(characters)
    return [whole[start : start + 65_535] for start in range(0, len(whole), 65_535)]


def test_every_unicode_text_comes_back_as_it_was_sent(orchard: Server) -> None:
    """All 1,112,031 characters, line ends and blanks at the ends included, are read back from the database."""
    special = ["\r\n\t x \r", "\u0085x\u2028", "e\u0301", "\u202eabc", "]]>&lt;", "\ufeffx", "\x7f\x80\x9f"]
    with orchard.caller(USER) as caller:
        for text in [*unicode_texts(), *special]:
            # A carriage return travels as a reference: a bare one is a line feed to every XML reader.
            escaped = escape(text, {"\r": "&#13;"})
            pair = f"<attribute><attrName>UnsubscribedReason</attrName><attrValue>{escaped}</attrValue></attribute>"
            caller.send(record(f"<Email>all@orchard.example</Email><leadAttributeList>{pair}</leadAttributeList>"))
            answer = caller.sync(Call(email="all@orchard.example"))
            assert answer.record is not None
            assert answer.record.values["UnsubscribedReason"] == text


def test_nothing_of_the_inside_reaches_a_client(orchard: Server) -> None:
    """No answer to any of these cases has a trace, a path, a statement or a module's name in it."""
    telling = re.compile(rb"Traceback|\.py\b|sqlite|SELECT|INSERT|synclead\.|lxml|libxml", re.IGNORECASE)
    for name, request_of, _, _ in CASES:
        if name not in ("100,000 attributes", "100,000 elements that mean nothing"):
            _, answered = post(orchard.port, request_of())
            assert telling.search(answered) is None, name


def test_the_database_is_whole_after_all_this(orchard: Server) -> None:
    """SQLite's own check finds nothing."""
    assert intact(orchard) == "ok"
