"""What a call asked, as people see it: names, and marks in the place of values."""

from pathlib import Path

import pytest

from support.envelopes import SOAP
from synclead.soap.asked import MOST_CHARACTERS, asked, mark

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
        ("<p><q>a</q><r></p>", "not well-formed"),
    ],
)
def test_what_is_shown_of_a_body(xml: str, shown: str) -> None:
    """Words of the contract stay where the contract has them; nothing else that was written does."""
    found = asked(in_body(xml), None).replace(f' xmlns:e="{SOAP}"', "")

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
    assert asked(b"Email=t@t.com", None) == "[The request is not well-formed XML (line 1, column 1)]"
    assert asked(b"<!DOCTYPE a><a/>", None) == "[A DOCTYPE is not accepted]"
    assert (
        asked(b"<a><Email>t@t.com</Email></a>", None, show_values=True)
        == "<a><Email>[address, 7 characters]</Email></a>"
    )


def test_a_long_body_is_cut() -> None:
    """What is kept is bounded, and says so."""
    shown = asked(in_body("<p>" + "<attrName>name</attrName>" * 5_000 + "</p>"), None)

    assert len(shown) < MOST_CHARACTERS + 100
    assert shown.endswith(" characters]")
    assert "[cut here: " in shown


def test_values_are_shown_where_it_was_chosen() -> None:
    """Not those that credentials have, wherever they stand."""
    shown = asked(
        in_body("<p><Email>t@t.com</Email><requestSignature>beef</requestSignature></p>"), None, show_values=True
    )

    assert "<Email>t@t.com</Email>" in shown
    assert "beef" not in shown
    assert "hidden" not in shown
