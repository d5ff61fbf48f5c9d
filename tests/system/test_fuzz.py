"""Whatever is posted, the answer is SOAP, comes soon, and is never a defect of ours."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.contract import assert_keeps_contract
from support.envelopes import Credentials, content_name, read_answer, signature, w3c_now, wrap
from support.inside import TIMESTAMP, USER, Inside
from support.messages import MESSAGES
from support.raw import post
from support.server import Server
from synclead.leads.fields import Catalogue

STAMP = re.compile(r"2013-0[78]-\d\d[T ]\d\d:38:47[^<\s]*( \+0900)?")
FILES = [path.read_text(encoding="utf-8") for path in sorted(MESSAGES.glob("*.request.xml"))]
READ = {"successGetLead", "successListMObjects", "successDescribeMObject"}
FIELDS = [field.soap_name for field in Catalogue().fields if field.soap_name]

# The same examples in every run: a fault that this finds must be found by whoever repeats it.
thorough = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
at_server = settings(thorough, max_examples=100)

NUMBERS = "0 1 -1 7 1.0 1_0 ٣ 2147483648 1e9 NaN Infinity 1,234 $5 50%"
TIMES = "2012-02-30 2012-02-29 2013-07-31T12:38:47-07:00 0000-00-00 9999-12-31T23:59:59Z 7/31/2013"
KEYS = "a@b.c A@B.C a@@b SFDC id:100-AEK-913&token:_mch-example.com-1 _mch-example.com-1 % %25 true"
texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=12),
    st.sampled_from(["", " ", "x" * 256, "9" * 400, *NUMBERS.split(), *TIMES.split(), *KEYS.split()]),
)
names = st.sampled_from(
    [
        "leadRecord",
        "Id",
        "id",
        "leadId",
        "Email",
        "email",
        "ForeignSysPersonId",
        "foreignSysType",
        "leadAttributeList",
        "attribute",
        "attrName",
        "attrValue",
        "attrType",
        "returnLead",
        "marketoCookie",
        "ns1:Email",
        "x",
    ]
)
markup = st.sampled_from(
    [""] * 40
    + [' xsi:nil="true"', ' xsi:nil="x"', ' id="r1"', ' id="r2"', ' href="#r1"', ' href="#r2"', ' href="r"']
    + [' xsi:type="ns1:LeadRecord"', ' xsi:type=":"', ' xml:lang="en"']
)


def escaped(text: str) -> str:
    """Text as XML can carry it, noncharacters that XML forbids left in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")


def element(name: str, attributes: str, inner: str) -> str:
    """An element of a request."""
    return f"<{name}{attributes}>{inner}</{name}>"


trees = st.recursive(
    st.builds(element, names, markup, texts.map(escaped)),
    lambda inner: st.builds(element, names, markup, st.lists(inner, max_size=4).map("".join)),
    max_leaves=12,
)
attributes = st.builds(
    lambda name, value: f"<attribute><attrName>{name}</attrName><attrValue>{value}</attrValue></attribute>",
    st.sampled_from(FIELDS),
    texts.map(escaped),
)
keys = st.builds(element, st.sampled_from(["Id", "email", "ForeignSysPersonId"]), markup, texts.map(escaped))
records = st.builds(
    lambda email, key, rest, values: (
        f"<Email>{email}</Email>{key}{''.join(rest)}<leadAttributeList>{''.join(values)}</leadAttributeList>"
    ),
    st.sampled_from(["", "a@b.c", "b@b.c"]),
    st.one_of(st.just(""), keys),
    st.lists(trees, max_size=1),
    st.lists(attributes, max_size=3),
)
bodies = st.builds(
    lambda root, record, rest: f"<ns1:{root}><leadRecord>{record}</leadRecord>{''.join(rest)}</ns1:{root}>",
    st.sampled_from(["paramsSyncLead"] * 8 + ["syncLead", "paramsGetLead", "SyncLead"]),
    st.one_of(records, records, records, st.lists(trees, max_size=4).map("".join)),
    st.one_of(st.just([]), st.lists(trees, max_size=1)),
)


types = st.one_of(texts, st.sampled_from(["IDNUM", "idnum", " Email ", "COOKIE", "SFDCLEADID", "LEADOWNEREMAIL"]))
lead_keys = st.builds(
    lambda kind, key, rest: f"<leadKey>{kind}{key}{''.join(rest)}</leadKey>",
    st.builds(element, st.sampled_from(["keyType"] * 4 + ["keytype"]), markup, types.map(escaped)),
    st.builds(element, st.sampled_from(["keyValue"] * 4 + ["ns1:keyValue"]), markup, texts.map(escaped)),
    st.one_of(st.just([]), st.lists(trees, max_size=1)),
)
objects = st.builds(element, st.just("objectName"), markup, st.sampled_from(["LeadRecord", "leadrecord", "Lead", ""]))
reads = st.builds(
    lambda root, content: f"<ns1:{root}>{content}</ns1:{root}>",
    st.sampled_from(["paramsGetLead"] * 4 + ["getLead", "paramsListMObjects", "paramsDescribeMObject"]),
    st.one_of(lead_keys, lead_keys, lead_keys, objects, st.just("")),
)


@st.composite
def damaged(draw: st.DrawFn, timestamp: Callable[[], str]) -> bytes:
    """A request of a real client, signed, with a few pieces lost, doubled, turned or replaced by any bytes."""
    now = timestamp()
    text = STAMP.sub(now, draw(st.sampled_from(FILES))).replace("{signature}", signature(USER, now))
    body = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-7", "utf-8-sig"])))
    first = draw(st.sampled_from([0, body.find(b"<leadRecord>"), body.find(b"<leadRecord>")]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(max(first, 0), len(body)))
        end = min(len(body), start + draw(st.integers(0, 60)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.just(body[start:end] * 2),
                st.just(body[start:end][::-1]),
                st.text("<>&;/ abc0", max_size=3).map(str.encode),
                st.binary(max_size=6),
                st.sampled_from([b"<!--", b"-->", b"]]>", b"&#0;", b"&#xD800;", b"<![CDATA[", b"<?x?>", b"\xff\xfe"]),
            )
        )
        body = body[:start] + piece + body[end if len(piece) else start :]
    return body


def signed(body: str, timestamp: str, user: Credentials = USER) -> bytes:
    """An envelope that passes authentication, whatever its body is."""
    request = wrap(body, user, timestamp=timestamp).decode("utf-8", "surrogatepass")
    bound = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1='
    return request.replace("xmlns:ns1=", bound, 1).encode("utf-8", "surrogatepass")


def assert_is_answer(status: int, body: bytes) -> None:
    """A success or a fault in SOAP's and the WSDL's form; never one that says that we failed."""
    assert_keeps_contract(body)
    if content_name(body) in READ:
        assert status == 200
        return
    answer = read_answer(status, body)
    if answer.fault_code is None:
        assert status == 200
        assert answer.status in ("CREATED", "UPDATED")
    else:
        assert status == 500
        assert answer.fault_code not in ("10001", "20011"), answer.body


@thorough
@given(bodies)
def test_any_signed_body_is_answered_in_soap(body: str) -> None:
    """Elements in any order and number, with any text, references and nil: a lead or a fault that is the caller's."""
    reply = Inside().post(signed(body, TIMESTAMP))
    assert_is_answer(reply.status, reply.body)


@settings(thorough, max_examples=30)
@given(reads)
def test_any_reading_body_is_answered_in_soap(body: str) -> None:
    """Keys of any type and text, and objects of any name: what they find, or a fault that is the caller's."""
    reply = Inside().post(signed(body, TIMESTAMP))
    assert_is_answer(reply.status, reply.body)


@thorough
@given(damaged(lambda: TIMESTAMP), st.sampled_from(["", "", "gzip", "deflate", "br"]), st.booleans())
def test_damaged_requests_are_answered_in_soap(body: bytes, encoding: str, packed: bool) -> None:
    """Bytes that are hardly XML, in whatever encoding they claim, are refused like any other mistake."""
    headers = [(b"content-encoding", encoding.encode())] if encoding else []
    reply = Inside().post(gzip.compress(body, mtime=0) if packed and encoding else body, headers)
    assert_is_answer(reply.status, reply.body)


@thorough
@given(st.binary(max_size=200), st.binary(max_size=30).filter(lambda value: b"\n" not in value))
def test_bytes_are_answered_in_soap(body: bytes, content_type: bytes) -> None:
    """No body and no Content-Type make anything but SOAP."""
    reply = Inside().post(body, [(b"content-type", content_type)])
    assert_is_answer(reply.status, reply.body)


@pytest.fixture
def send(each_orchard: Server) -> Callable[[bytes], None]:
    """Posts bytes to the real server and judges what comes back."""

    def send_one(body: bytes) -> None:
        assert_is_answer(*post(each_orchard.port, body))

    return send_one


@at_server
@given(body=bodies)
def test_the_real_server_answers_any_signed_body(send: Callable[[bytes], None], body: str) -> None:
    """The same bodies over HTTP, into a database that remembers all of them."""
    send(signed(body, w3c_now()))


@at_server
@given(body=damaged(w3c_now))
def test_the_real_server_answers_damaged_requests(send: Callable[[bytes], None], body: bytes) -> None:
    """The same damage over HTTP."""
    send(body)
