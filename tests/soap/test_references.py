"""References inside a Body, as PHP writes an object that is used twice."""

import time

import pytest

from support.samples import decoded, enveloped, parsed
from synclead.soap import messages as m
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits

WINNER = '<winningLeadKeyList id="ref1"><attribute><attrName>IDNUM</attrName><attrValue>7</attrValue></attribute></winningLeadKeyList>'
KEYS = m.ArrayOfAttribute((m.Attribute(attrName="IDNUM", attrValue="7"),))


def _merge(inner: str) -> m.Message:
    return decoded(f"<ns1:paramsMergeLeads>{inner}</ns1:paramsMergeLeads>")


def _refusal(body: str, limits: ReadLimits | None = None) -> str:
    with pytest.raises(RequestNotUnderstoodError) as caught:
        parsed(enveloped(body), limits=limits or ReadLimits())
    return caught.value.message


@pytest.mark.parametrize("forward", [False, True])
def test_place_holds_what_its_reference_leads_to(forward: bool) -> None:
    """A reference is read as what it leads to, before or behind it, as often as it is used."""
    losers = '<losingLeadKeyLists><keyList href="#ref1"/><keyList href="#ref1"></keyList></losingLeadKeyLists>'
    inner = losers + WINNER if forward else WINNER + losers
    assert _merge(inner) == m.ParamsMergeLeads(KEYS, m.ArrayOfKeyList((KEYS, KEYS)))


def test_references_lead_to_references() -> None:
    """What a reference leads to may hold references."""
    inner = (
        '<losingLeadKeyLists id="all"><keyList href="#one"/></losingLeadKeyLists>'
        '<winningLeadKeyList id="one"><attribute href="#pair"/></winningLeadKeyList>'
    )
    aside = '<pair id="pair"><attrName>IDNUM</attrName><attrValue>7</attrValue></pair>'
    assert decoded(f"<ns1:mergeLeads>{inner}</ns1:mergeLeads>{aside}") == m.ParamsMergeLeads(
        KEYS, m.ArrayOfKeyList((KEYS,))
    )


def test_type_and_text_come_with_a_reference() -> None:
    """xsi:type, nil and text stand at the place that is referred to."""
    body = (
        '<ns1:getMultipleLeads><leadSelector href="#s"/></ns1:getMultipleLeads>'
        '<x id="s" xsi:type="ns1:LeadKeySelector"><keyValues><stringItem>a</stringItem></keyValues></x>'
    )
    assert decoded(body) == m.ParamsGetMultipleLeads(leadSelector=m.LeadKeySelector(keyValues=m.ArrayOfString(("a",))))
    body = '<ns1:syncLead><leadRecord><Email id="e">a<b/>b</Email><ForeignSysPersonId href="#e"/></leadRecord></ns1:syncLead>'
    assert decoded(body) == m.ParamsSyncLead(m.LeadRecord(Email="ab", ForeignSysPersonId="ab"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<a><b href="#x"/></a>', "#x leads to no element"),
        ('<a><b href="http://localhost/b"/></a>', "leads to no element"),
        ('<a><b href=""/></a>', "leads to no element"),
        ('<a><b href="#x"/><c id="x">1</c><d id="x">2</d></a>', "leads to several elements"),
        ('<a id="x"><b href="#x"/></a>', "leads back to itself"),
        ('<a><b id="x" href="#x"/></a>', "leads back to itself"),
        ('<a><b id="x"><c href="#y"/></b><d id="y"><e href="#x"/></d></a>', "leads back to itself"),
        ('<a><b href="#x">1</b><c id="x">2</c></a>', "a reference and content of its own"),
        ('<a><c id="x">2</c>' + '<b href="#x"/>' * 1001 + "</a>", "More than 1,000 references"),
    ],
)
def test_bad_references_are_refused(body: str, message: str) -> None:
    """References to nothing, to several or back to themselves, and too many of them, are 20012."""
    assert message in _refusal(body)


def test_a_thousand_references_are_followed() -> None:
    """As many as the limit are read."""
    keys = WINNER + "<losingLeadKeyLists>" + '<keyList href="#ref1"/>' * 1000 + "</losingLeadKeyLists>"
    assert _merge(keys) == m.ParamsMergeLeads(KEYS, m.ArrayOfKeyList((KEYS,) * 1000))


def test_reference_bombs_do_not_grow() -> None:
    """References that multiply each other are refused before they take time or memory."""
    levels = "".join(f'<b id="r{level}">' + f'<c href="#r{level + 1}"/>' * 10 + "</b>" for level in range(30))
    started = time.process_time()
    assert "larger than its limits" in _refusal(f'<a>{levels}<b id="r30"><c>x</c></b></a>')
    large = f'<a><b id="x">{"y" * 60_000}</b>' + '<c href="#x"/>' * 999 + "</a>"
    assert "larger than its limits" in _refusal(large)
    chain = "".join(f'<b id="r{level}"><c href="#r{level + 1}"/></b>' for level in range(900))
    assert "more than 64 deep" in _refusal(f'<a>{chain}<b id="r900"/></a>')
    nested = "".join(f'<b id="n{level}"><c href="#n{level + 1}"/>' for level in range(50))
    wide = '<a><n id="n50"/>' + nested + "<d/>" * 150_000 + "</b>" * 50 + "</a>"
    assert "larger than its limits" in _refusal(wide)
    assert time.process_time() - started < 10
