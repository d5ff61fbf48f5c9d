"""Whatever is sent is read or refused with a fault of the specification, never anything else."""

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.samples import CONTRACT, LIMITS, REQUEST, SYNC_LEAD, enveloped, parsed
from synclead.leads.errors import SyncleadError
from synclead.soap import envelope
from synclead.soap.messages import Message

BITS = [
    *(b"<", b">", b"/", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?x", b"?>", b"<!DOCTYPE a>", b"\0", b"\xff"),
    *(
        b'id="a"',
        b'href="#a"',
        b' xsi:nil="true"',
        b'xmlns=""',
        b"&#0;",
        b"&#x1F600;",
        b"&amp;",
        b"<a/>",
        b"<leadId>7</leadId>",
    ),
    *(b"<attrValue/>", b"<Email>a@b.c</Email>", b' encoding="utf-16"', b"\xef\xbb\xbf", "ä".encode("latin-1")),
]


def _read(body: bytes, charset: str | None = None) -> None:
    with contextlib.suppress(SyncleadError):
        read = parsed(body, charset)
        envelope.read_workspace(read, LIMITS)
        operation = CONTRACT.operation(read.operation_name) or SYNC_LEAD
        assert isinstance(operation.decode(read.operation_element), Message)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """The document's request with pieces cut, doubled and put in."""
    body = REQUEST.encode()
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 80)))
        piece = draw(st.sampled_from([b"", body[start:end] * 2, *BITS]) | st.binary(max_size=8))
        body = body[:start] + piece + body[end:]
    return body


@settings(max_examples=200, deadline=None)
@given(_mutated(), st.sampled_from([None, "utf-8", "utf-16", "iso-8859-1", "x", "\u20ac"]))
def test_mutated_envelopes_are_read_or_refused(body: bytes, charset: str | None) -> None:
    """The published request with damage gives a message or a SyncleadError."""
    _read(body, charset)


@settings(deadline=None)
@given(st.binary())
@example(b"<?xml version='1.0' encoding='\xe4'?>")
@example(b"\xff\xfe")
@example(b"\0<")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Bytes that are nothing at all give a SyncleadError."""
    _read(body)


NAMES = st.sampled_from(
    [
        "leadRecord",
        "Id",
        "leadId",
        "email",
        "leadAttributeList",
        "attribute",
        "attrName",
        "attrValue",
        "returnLead",
        "x",
    ]
)
MARKS = st.sampled_from(
    ["", "", "", ' xsi:nil="true"', ' id="a"', ' href="#a"', ' id="b"', ' href="#b"', ' xsi:type="ns1:LeadKeySelector"']
)
TREES = st.recursive(
    st.sampled_from(["", " ", "1", "text"]),
    lambda inner: st.lists(
        st.tuples(NAMES, MARKS, inner).map(lambda part: f"<{part[0]}{part[1]}>{part[2]}</{part[0]}>"), max_size=4
    ).map("".join),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["syncLead", "paramsGetMultipleLeads", "mergeLeads", "nothing"]), TREES)
def test_well_formed_trees_are_read_or_refused(name: str, inner: str) -> None:
    """Well-formed bodies of known names in any arrangement give a message or a SyncleadError."""
    _read(enveloped(f"<ns1:{name}>{inner}</ns1:{name}>").encode())
