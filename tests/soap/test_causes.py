"""Why a request cannot be read: in the fault, and what is advised."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from support.endpoint import ANNA, STAMP, Client
from support.envelopes import Call, envelope, read_answer
from synclead.soap import causes, markup
from synclead.soap.advice import advise
from synclead.soap.causes import Cause

CALL = envelope(Call(email="a@b.example", attributes=(("City", "Ely"),)), ANNA, STAMP)
DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>'


def value(text: bytes) -> bytes:
    """The call with that as the value of a field."""
    return CALL.replace(b"Ely", text)


# fmt: off
CASES: list[tuple[str, bytes, Cause, str, str]] = [
    # (what, the request, its cause, what the fault says, what is advised)
    ("nothing", b"", Cause.EMPTY, "(line 1, column 1): nothing was sent", "without a body"),
    ("blanks", b" \r\n ", Cause.EMPTY, "nothing but blanks was sent", "without a body"),
    ("blanks before the declaration", b"\n " + CALL, Cause.TEXT_BEFORE, "2 blanks before <?xml", "before <?xml"),
    ("text before the declaration", b"Warning" + CALL, Cause.TEXT_BEFORE, "text stands before the first tag", "before <?xml"),
    ("an entity of HTML", value(b"&eacute;"), Cause.ENTITY, "the entity &eacute; is not XML's", "htmlspecialchars"),
    ("another entity", value(b"&secret;"), Cause.ENTITY, ": an entity is not XML's", "htmlspecialchars"),
    ("a bare ampersand", value(b"Salt & Pepper"), Cause.AMPERSAND, "& must be &amp;", "escape & as &amp;"),
    ("an ampersand before a word", value(b"S&P 500"), Cause.AMPERSAND, "& must be &amp;", "escape & as &amp;"),
    ("a reference without its end", value(b"S&amp P"), Cause.AMPERSAND, "& must be &amp;", "escape & as &amp;"),
    ("less than", value(b"1 < 2"), Cause.LESS_THAN, "< must be &lt;", "escape & as &amp;"),
    ("a heart", value(b"I <3 you"), Cause.LESS_THAN, "< must be &lt;", "escape & as &amp;"),
    ("a control character", value(b"\x0b"), Cause.CHARACTER, "the character U+000B is none of XML's", "control characters"),
    ("NUL", value(b"\0"), Cause.CHARACTER, "U+0000", "control characters"),
    ("no character", value("\uffff".encode()), Cause.CHARACTER, "U+FFFF", "control characters"),
    ("a control character by number", value(b"&#11;"), Cause.CHARACTER, "&#11; is no character of XML", "control characters"),
    ("half a pair", value(b"&#xD83E;"), Cause.CHARACTER, "&#xD83E; is no character of XML", "control characters"),
    ("bad UTF-8", value(b"Jos\xe9"), Cause.ENCODING, f"not valid UTF-8: byte 0xE9 at offset {CALL.index(b'Ely') + 3}", "UTF-8 in all"),
    ("an unknown encoding", CALL.replace(b"UTF-8", b"Klingon"), Cause.ENCODING, "The encoding Klingon is not known", "UTF-8 in all"),
    ("half a request", CALL[:-30], Cause.CUT_SHORT, "it ends before its elements are closed", "Content-Length"),
    ("half a tag", CALL[:-3], Cause.CUT_SHORT, "it ends before its elements are closed", "Content-Length"),
    ("a comment without an end", CALL.replace(b"Ely", b"<!-- "), Cause.CUT_SHORT, "it ends before", "Content-Length"),
    ("tags that do not fit", CALL.replace(b"</attribute>", b"</atribute>"), Cause.TAGS, "the tag </atribute> closes another element", "do not fit"),
    ("a prefix of nobody", CALL.replace(b"<Email>", b"<x:Email>").replace(b"</Email>", b"</x:Email>"), Cause.PREFIX, "a prefix of a name is declared nowhere", "xmlns"),
    ("two envelopes", CALL + CALL[len(DECLARED):], Cause.TEXT_BEHIND, "behind the end of the envelope", "nothing behind it"),
    ("JSON", b'{"email": "a@b.example"}', Cause.JSON, "this looks like JSON", "not JSON"),
    ("a list in JSON", b'[{"email": "a@b.example"}]', Cause.JSON, "this looks like JSON", "not JSON"),
    ("a form", b"Email=a%40b.example&City=Ely", Cause.FORM, "this looks like a form", "not a form"),
    ("multipart", b"--x\r\nContent-Type: text/xml\r\n\r\n" + CALL + b"\r\n--x--", Cause.MULTIPART, "this is multipart, which is not read here", "MTOM"),
    ("a page", b"<html><body/></html>", Cause.HTML, "The root element is html", "page in place of its call"),
    ("a DOCTYPE", b"<!DOCTYPE html><html/>", Cause.DOCTYPE, "A DOCTYPE is not accepted", "DOCTYPE"),
    ("SOAP 1.2", CALL.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"), Cause.SOAP_VERSION, "not of SOAP 1.1", "version 1.1"),
    ("two Bodies", CALL.replace(b"<SOAP-ENV:Body>", b"<SOAP-ENV:Body/><SOAP-ENV:Body>"), Cause.ENVELOPE, "two Bodies", "one Body"),
    ("a reference to nothing", CALL.replace(b"<Email>a@b.example</Email>", b'<Email href="#x"/>'), Cause.REFERENCE, "#x", "href"),
    ("a header block", CALL.replace(b"</SOAP-ENV:Header>", b'<w:Security xmlns:w="urn:w" SOAP-ENV:mustUnderstand="1"/></SOAP-ENV:Header>'), Cause.HEADER_BLOCK, "Security of the namespace 'urn:w'", "mustUnderstand"),
]
# fmt: on


def refused(body: bytes, encoding: str = "") -> tuple[str, dict[str, object]]:
    """The message of a request's fault, and the facts of its log line."""
    client = Client()
    response = client.post(body, content_encoding=encoding)
    answer = read_answer(response.status, response.body)
    assert answer.fault_code == "20012"
    return answer.message or "", dict(next(line for line in client.logged if line.get("outcome") == 20012))


@pytest.mark.parametrize(
    ("body", "cause", "said", "advised"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_fault_names_the_cause(body: bytes, cause: Cause, said: str, advised: str) -> None:
    """In a few words and with the place; the log has the kind of it, and the advice fits."""
    message, facts = refused(body)
    assert said in message
    assert facts["cause"] == cause.value
    assert advised in advise(20012, facts)


@pytest.mark.parametrize("body", [b'{"a": "' + b"x" * 20_000 + b'"}', b'{"a": "' + b"x" * 90_000 + b'"}'])
def test_what_is_long_is_told_too(body: bytes) -> None:
    """Where not even the Header is there, the beginning says what it is."""
    message, facts = refused(body)
    assert "this looks like JSON" in message
    assert facts["cause"] == "json"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_bytes_that_are_no_text_are_told(pack: object) -> None:
    """A compressed body that nobody announced."""
    assert callable(pack)
    message, facts = refused(pack(CALL))
    assert "Content-Encoding does not say so" in message
    assert "Content-Encoding" in advise(20012, facts)


@pytest.mark.parametrize(
    ("body", "encoding", "cause"),
    [
        (b"x", "gzip", Cause.COMPRESSION),
        (CALL, "br", Cause.COMPRESSION),
        (CALL.replace(b"Ely", b"x" * 11_000_000), "", Cause.TOO_LARGE),
        (CALL.replace(b"Ely", b"<x>" * 70 + b"</x>" * 70), "", Cause.TOO_LARGE),
    ],
)
def test_limits_and_encodings_have_causes_too(body: bytes, encoding: str, cause: Cause) -> None:
    """Each with an advice of its own."""
    assert refused(body, encoding)[1]["cause"] == cause.value


def test_every_cause_has_an_advice() -> None:
    """No two kinds but those of escaping are mended by the same words."""
    found = {cause: advise(20012, {"cause": cause.value}) for cause in Cause}
    assert all(found.values())
    escaping = {Cause.AMPERSAND, Cause.LESS_THAN, Cause.NOT_WELL_FORMED}
    assert len({text for cause, text in found.items() if cause not in escaping}) == len(Cause) - len(escaping)


@given(
    st.lists(
        st.sampled_from(["<a>", "</a>", "&", "&x;", "<", "x", "é", "\x01", "<!--", "]]>", " b='", "\n", "&#1;"]),
        max_size=12,
    ).map("".join)
)
def test_no_document_is_too_odd_for_a_cause(text: str) -> None:
    """Whatever libxml2 says of it, it gets words, and none of them repeats the document but for names."""
    source = text.encode()
    try:
        etree.fromstring(source, markup.parser())
    except etree.XMLSyntaxError as error:
        found = causes.not_well_formed(source, error.code or 0, *error.position)
        assert found.cause in Cause
        assert len(found.words) < 150
