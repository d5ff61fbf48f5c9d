"""Names that callers make up do not stay in memory."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.samples import CONTRACT, LIMITS, REQUEST, SYNC_LEAD, enveloped, parsed
from synclead.soap import envelope, interned
from synclead.soap import messages as m
from synclead.soap.errors import RequestNotUnderstoodError

PARTS = [
    *(b"<a>", b"</a>", b"<b c='", b"'", b'"', b" d=''", b">", b"/>", b"x", b" ", b"\n", b"&amp;", b"&#1;", b"<"),
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?p", b"?>", b"<a>value</a>", b"<a>it's</a>", b"<a> y z </a>"),
]


@pytest.mark.parametrize(
    "inner",
    [
        "<b/>",
        "<a>x</a >",
        '<a b="1"/>',
        "<a b='>' c=''/>",
        '<a b="<" c=""/>',
        '<a xmlns="urn:b"/>',
        "<a/>\n\n<a/>",
        "<?b c?>",
        "<!-- ' --><a b=' > ' c=''/>",
        "<![CDATA[ \" ]]><a b='\"' c=''/>",
        "&b;",
        "<a>x</a>&c",
    ],
)
def test_new_markup_needs_room(inner: str) -> None:
    """Names of elements, attributes, namespaces, instructions and entities, and blanks between elements, are noticed."""
    met = "<a/><a>x</a><a b=' > '/><a b='\"'/><a b='>'/><!-- ' --><![CDATA[ \" ]]>&amp;"
    dictionary = interned.Dictionary(pieces=20)
    assert dictionary.admits(met.encode())
    full = interned.Dictionary(pieces=0)
    full._met = dictionary._met
    assert full.admits(met.encode())
    assert not full.admits((met + inner).encode())


@pytest.mark.parametrize(
    "inner", ["<a>y</a>", "<a>it's 5 &#62; 3 \u20ac</a>", '<a>"</a>', "<a>y\n \n z</a>", "<a>x &amp; y</a>"]
)
def test_new_text_needs_none(inner: str) -> None:
    """Values and character references are no names."""
    dictionary = interned.Dictionary(pieces=3)
    assert dictionary.admits(b"<a>x</a>&amp;")
    full = interned.Dictionary(pieces=0)
    full._met = dictionary._met
    assert full.admits(inner.encode())


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join))
@example(b"<a b='>' n1='' n2='<")
@example(b"<a b='>n1' n2='' >x<")
@example(b"<!-- > x --><![CDATA[x>y]]>z \n<a>")
def test_values_are_left_out_and_nothing_else(source: bytes) -> None:
    """Without the values that are taken out first, a document holds everything that may be remembered of it."""
    dictionary = interned.Dictionary()
    needed = set().union(*map(interned._memorable, source.split(b"<")[1:]))
    assert dictionary.admits(source)
    assert dictionary._met == needed
    # And what was admitted once is admitted again.
    assert dictionary.admits(source)
    assert dictionary._met == needed


def test_room_is_limited() -> None:
    """There is room for so many pieces; long ones and large documents are never admitted."""
    dictionary = interned.Dictionary(pieces=3)
    assert dictionary.admits(b"<a/><b/>")
    assert not dictionary.admits(b"<c/><d/>")
    assert dictionary.admits(b"<a/><b/><c/>")
    assert not dictionary.admits(b"<d/>")
    dictionary = interned.Dictionary()
    assert not dictionary.admits(b"<a " + b" " * 500 + b"/>")
    assert not dictionary.admits(b"<a/>" * 5001)


def test_new_names_are_read_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is admitted, requests are read and refused as ever, in threads that end."""
    monkeypatch.setattr(interned, "DICTIONARY", interned.Dictionary(pieces=0))
    before = threading.active_count()
    assert SYNC_LEAD.decode(parsed(REQUEST).operation_element) == m.ParamsSyncLead(
        m.LeadRecord(
            Email="t@t.com",
            leadAttributeList=m.ArrayOfAttribute(
                (m.Attribute("FirstName", None, "George"), m.Attribute("LastName", None, "of the Jungle"))
            ),
        ),
        returnLead=False,
    )
    referring = '<ns1:mergeLeads><winningLeadKeyList href="#a"/></ns1:mergeLeads><b id="a"><attribute><attrName>A</attrName></attribute></b>'
    assert CONTRACT.operations["mergeLeads"].decode(parsed(enveloped(referring)).operation_element) == (
        m.ParamsMergeLeads(m.ArrayOfAttribute((m.Attribute("A"),)))
    )
    with pytest.raises(RequestNotUnderstoodError, match="no Body"):
        parsed('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>')
    assert envelope.read_workspace(parsed(enveloped("<a/>")), LIMITS) is None
    assert threading.active_count() == before


# In a process of its own: what other tests have left behind in this one moves by megabytes too.
_FLOOD = """
import sys
from pathlib import Path

from support.samples import enveloped, parsed

PIECES = {
    "elements": lambda number: f"<n{number}{'x' * 80}/>",
    "namespaces": lambda number: f'<a xmlns="{"x" * 80}{number}"/>',
}


def flood(first):
    body = "".join(PIECES[sys.argv[1]](number) for number in range(first, first + 20_000))
    parsed(enveloped(f"<a>{body}</a>"))


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


for round_ in range(3):
    flood(round_ * 20_000)
before = resident()
for round_ in range(3, 15):
    flood(round_ * 20_000)
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory from /proc")
@pytest.mark.parametrize("names", ["elements", "namespaces"])
def test_made_up_names_do_not_stay(names: str) -> None:
    """Megabytes of names that nobody sent before leave the process no larger."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", _FLOOD, names], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert int(done.stdout) < 16 * 1024 * 1024
