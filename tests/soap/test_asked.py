"""What a call asked, as people see it: names, and marks in the place of values."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import binary, booleans, sampled_from, text
from lxml import etree

from support.envelopes import SOAP, Call, Credentials, envelope
from synclead.soap import asked as module
from synclead.soap.asked import MOST_BYTES, MOST_CHARACTERS, asked, indented, mark

MESSAGES = Path(__file__).parents[1] / "messages"


def in_body(xml: str) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{SOAP}"><e:Header><a>hidden</a></e:Header><e:Body>{xml}</e:Body></e:Envelope>'.encode()
    )


def test_names_stay_and_values_become_marks() -> None:
    """Of the published Ruby sample the names of elements and fields are seen, and the kinds and lengths of values."""
    shown = asked((MESSAGES / "ruby-savon-sample.request.xml").read_bytes(), None)

    assert "<attrName>FirstName</attrName>" in shown
    assert "<returnLead>false</returnLead>" in shown
    assert "address, " in shown
    assert "@" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("7", "[number, 1 character]"),
        (" 2147483647 ", "[number, 10 characters]"),
        ("7x", "[text, 2 characters]"),
        ("t@t.com", "[address, 7 characters]"),
        ("of the Jungle", "[text, 13 characters]"),
        ("", "[blank, 0 characters]"),
        (" \n", "[blank, 2 characters]"),
    ],
)
def test_a_mark_says_kind_and_length(text: str, shown: str) -> None:
    """White space around a value does not count."""
    assert mark(text) == shown


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ("<p><ForeignSysType>SFDC</ForeignSysType></p>", "<p><ForeignSysType>SFDC</ForeignSysType></p>"),
        ("<p><attrValue>SFDC</attrValue></p>", "<p><attrValue>[text, 4 characters]</attrValue></p>"),
        ("<p><attrValue>true</attrValue></p>", "<p><attrValue>[text, 4 characters]</attrValue></p>"),
        ("<p><Email><![CDATA[a<b]]></Email></p>", "<p><Email>[text, 3 characters]</Email></p>"),
        ("<p><Email>a<!-- b -->c</Email></p>", "<p><Email>[text, 2 characters]</Email></p>"),
        ("<p>before<q/>after</p>", "<p>[text, 6 characters]<q/>[text, 5 characters]</p>"),
        ("<p><q a='b' c='&quot;'/></p>", '<p><q a="[text, 1 character]" c="[text, 1 character]"/></p>'),
        ("<p><Id>  </Id></p>", "<p><Id>[blank, 2 characters]</Id></p>"),
        ("<p/><q id='r'/>", '<p/>\n<q id="[text, 1 character]"/>'),
        ("", "[nothing stands in Body]"),
        ("<p>\n <q>\n</q>\n</p>", "<p><q>[blank, 1 characters]</q></p>"),
        ("<p>a &amp; b &lt;</p>", "<p>[text, 7 characters]</p>"),
        ("<p><q>a</q><r></p>", "not well-formed"),
    ],
)
def test_what_is_shown_of_a_body(xml: str, shown: str) -> None:
    """Words of the contract stay where the contract has them; nothing else that was written does."""
    found = asked(in_body(xml), None)

    assert found.endswith(shown) if "well-formed" not in shown else shown in found
    assert "hidden" not in found
    assert ">a<" not in found


@pytest.mark.parametrize("nil", ["true", "1"])
def test_nil_stays(nil: str) -> None:
    """That a value was null is no value."""
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    assert f'nil="{nil}"' in asked(in_body(f'<p xmlns:x="{xsi}"><Id x:nil="{nil}"/></p>'), None)
    assert "[text, 3 characters]" in asked(in_body(f'<p xmlns:x="{xsi}"><Id x:nil="yes"/></p>'), None)


def test_other_encodings_are_read() -> None:
    """The declaration counts, then the charset of the Content-Type."""
    text = in_body("<p><Email>é</Email></p>").decode()
    assert "[text, 1 character]" in asked(text.encode("latin-1"), "iso-8859-1")
    assert "[text, 1 character]" in asked(f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16"), None)


def test_what_is_no_xml_is_not_shown() -> None:
    """The reason stands in its place; a document that is no envelope is shown whole, and never with values."""
    assert asked(b"<!DOCTYPE a><a/>", None) == "[cannot be shown: A DOCTYPE is not accepted]"
    assert (
        asked(b"<a><Email>t@t.com</Email></a>", None, show_values=True)
        == "<a><Email>[address, 7 characters]</Email></a>"
    )


def test_a_long_body_is_cut() -> None:
    """What is kept is bounded, and says so."""
    shown = asked(in_body("<p>" + "<attrName>name</attrName>" * 5_000 + "</p>"), None)

    assert len(shown) < MOST_CHARACTERS + 100
    assert shown.endswith("<attrName>name</attrName></p>\n[cut here: 125,135 bytes were sent]")


def test_values_are_shown_where_it_was_chosen() -> None:
    """Not those that credentials have, wherever they stand."""
    shown = asked(
        in_body("<p><Email>t@t.com</Email><requestSignature>beef</requestSignature></p>"), None, show_values=True
    )

    assert "<Email>t@t.com</Email>" in shown
    assert "beef" not in shown
    assert "hidden" not in shown


def test_header_blocks_are_shown_with_marks() -> None:
    """Names and structure; their values never are, whether those of Body are shown or not: one may be a password."""
    block = (
        '<w:Security xmlns:w="urn:w" e:mustUnderstand="1" e:actor="urn:x"><w:Password>hidden</w:Password></w:Security>'
    )
    request = in_body("<p>t@t.com</p>").replace(b"<a>hidden</a>", block.encode())

    for show_values in (False, True):
        shown = asked(request, None, show_values=show_values)

        assert shown.splitlines()[0] == (
            f'<e:Header xmlns:e="{SOAP}"><w:Security xmlns:w="urn:w" e:mustUnderstand="1" e:actor="[text, 5 characters]">'
            "<w:Password>[text, 6 characters]</w:Password></w:Security></e:Header>"
        )
        assert ("t@t.com" in shown) == show_values


def test_credentials_are_never_shown() -> None:
    """Not in a header that is broken or cut, and not where values of the Body are shown."""
    user = Credentials("the-user", "the-key")
    request = envelope(Call(email="t@t.com", workspace="EMEA"), user, "2026-08-01T12:00:00Z")
    signature = request.split(b"requestSignature>")[1][:40].decode()

    for sent in (request, request.replace(b"</requestTimestamp>", b""), request[:500], request.replace(b"<", b"<x:")):
        shown = asked(sent, None, show_values=True)
        assert "<" in shown
        for secret in ("the-user", signature, "2026-08-01"):
            assert secret not in shown


def test_header_and_body_are_laid_out_for_people() -> None:
    """Each from its own line on, indented; a note of what is not shown stays the last line."""
    sent = in_body("<p><q>a</q></p><r/>")

    header = f'<e:Header xmlns:e="{SOAP}">\n  <a>[text, 6 characters]</a>\n</e:Header>\n'
    body = "<p>\n  <q>[text, 1 character]</q>\n</p>\n"
    assert indented(asked(sent, None)) == f"{header}{body}<r/>"
    cut = indented(asked(sent.replace(b"</e:Body>", b""), None))
    assert cut.startswith(f"{header}{body}<r/>\n[not all can be shown: ")
    assert indented("[cannot be shown: & <]") == "[cannot be shown: & <]"


CANNOT = "[cannot be shown: "


@pytest.mark.parametrize(
    ("sent", "charset", "shown"),
    [
        (b"", None, CANNOT),
        (b"\xef\xbb\xbf", None, CANNOT),
        (b"\xff\xfe", None, CANNOT),
        (b"\0", None, CANNOT),
        (b" \n", None, CANNOT),
        (b"Email=t@t.com", None, CANNOT),
        (b"\xff\xff", None, CANNOT),
        (b"<", None, CANNOT),
        (b"<!-- ", None, CANNOT),
        (b"<?x ?>", None, CANNOT),
        (b"\x1f\x8b\x08\0", None, CANNOT),
        (b'<?xml version="1.0" encoding="u\0"?><a/>', None, CANNOT),
        (b"<a/>", "u\0", CANNOT),
        (b"<a>caf&eacute; x</a>", None, "<a>[text, 3 characters][text, 8 characters][text, 1 character]</a>\n[not all"),
        (b"<a b='&eacute;'/>", None, '<a b="[blank, 0 characters]"/>\n[not all'),
        (b"<a>&#xD83E;</a>", None, "<a>[text, 8 characters]</a>\n[not all"),
        (b"<a b='&#55358;'>x</a>", None, '<a b="[text, 8 characters]">[text, 1 character]</a>\n[not all'),
        (b"<a>x&#xDD9C;&#xD83E;</a>", None, "<a>[text, 17 characters]</a>\n[not all"),
        (b"<a>&#0;&#xFFFF;&#x110000;&#99999999999999;x</a>", None, "<a>[text, "),
        (b"<a>\x01\xef\xbf\xbf</a>", None, "<a"),
        (b"<a>" * 5_000, None, "<a><a>"),
        (b"<a><b>x</c>", None, "<a><b>[text, 1 character]</b></a>\n[not all"),
        (b"<a x:b='1' b='2' b='3'>x</a>", None, "<a x:b="),
    ],
)
def test_whatever_was_sent_something_is_shown(sent: bytes, charset: str | None, shown: str) -> None:
    """What cannot be read says why; what is not well-formed is shown as far as it goes, with marks."""
    found = asked(sent, charset)

    assert found.startswith(shown)
    assert found.endswith("]")
    assert found == asked(sent, charset, show_values=True)  # since it is no envelope
    assert indented(found)


@given(binary(max_size=200), sampled_from([None, "utf-8", "utf-16", "iso-8859-1", "x\0y"]), booleans())
def test_no_bytes_make_it_fail(sent: bytes, charset: str | None, show_values: bool) -> None:
    """Whatever stands in an envelope, or in the place of one."""
    for whole in (sent, in_body("").replace(b"</e:Body>", sent + b"</e:Body>"), b"<" + sent + b">"):
        assert indented(asked(whole, charset, show_values=show_values))


@given(text("<>/&;#x0 ab:='\"![]-?\n", max_size=60))
def test_no_markup_makes_it_fail(sent: str) -> None:
    """Nor does anything that looks like XML."""
    assert indented(asked(f"<p>{sent}".encode(), None))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "gb18030", "shift_jis", "iso-8859-5"])
@pytest.mark.parametrize("shift", range(4))
def test_of_a_large_body_the_beginning_is_shown(encoding: str, shift: int) -> None:
    """Also where it is cut within a character or a value, whatever the encoding."""
    value = "x" * shift + "\u0416" * MOST_BYTES
    sent = f'<?xml version="1.0" encoding="{encoding}"?><a><b>{value}</b></a>'.encode(encoding)

    shown = asked(sent[:MOST_BYTES], None, size=len(sent))

    assert shown == asked(sent, None)
    assert shown.startswith("<a><b>[text, ")
    assert shown.endswith(f"</b></a>\n[cut here: {len(sent):,} bytes were sent]")


MANY = MOST_BYTES
HOSTILE = {
    "namespaces": b"<a " + b" ".join(b"xmlns:n%d='u'" % number for number in range(MANY)) + b"/>",
    "namespaces of attributes": b"<a "
    + b"".join(b" xmlns:n%d='u%d' n%d:a=''" % ((n,) * 3) for n in range(MANY))
    + b"/>",
    "nested namespaces": b"".join(b"<b xmlns:n%d='u%d' n%d:a=''>" % ((n,) * 3) for n in range(MANY)),
    "attributes": b"<a " + b" ".join(b"n%d=''" % number for number in range(MANY)) + b"/>",
    "elements": b"<a>" + b"<b/>" * MANY,
    "depth": b"<a>" * MANY,
    "comments": b"<a>" + b"<!---->" * MANY,
    "instructions": b"<a>" + b"<?x?>" * MANY,
    "CDATA": b"<a>" + b"<![CDATA[]]>" * MANY,
    "entities": b"<a>" + b"&a;" * MANY,
    "references": b"<a>" + b"&#65;" * MANY,
    "pairs": b"<a>" + b"&#xD83E;&#xDD9C;" * MANY,
    "halves": b"<a>" + b"&#xD83E;" * MANY,
    "ampersands": b"<a>" + b"&" * MANY,
    "quotes": b"<a b='" * MANY,
    "blanks": b"<?xml " + b" " * MANY * 2,
    "texts": b"<a>" + b"t<b/>" * MANY,
    "ends": b"<a>" + b"</b>" * MANY,
    "a name": b"<" + b"a" * MANY * 2,
    "a value": b"<a>" + b"x" * MANY * 2,
    "nothing": b"\0" * MANY * 2,
}


@pytest.mark.parametrize("show_values", [False, True])
@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_what_is_done_for_a_body_is_bounded(sent: bytes, show_values: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large it is and whatever stands in it, its first bytes alone are decoded and read, and little is made."""
    read: list[int] = []

    def seen(source: bytes, *arguments: Any, **options: Any) -> Any:
        read.append(len(source))
        return fromstring(source, *arguments, **options)

    fromstring = etree.fromstring
    monkeypatch.setattr(module, "etree", SimpleNamespace(fromstring=seen, XMLSyntaxError=etree.XMLSyntaxError))

    shown = asked(sent, None, show_values=show_values)

    assert shown == asked(sent[:MOST_BYTES], None, size=len(sent), show_values=show_values)
    assert max(read) <= MOST_BYTES
    assert len(shown) < 2 * MOST_CHARACTERS
