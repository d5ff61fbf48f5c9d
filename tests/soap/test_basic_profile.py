"""The rules of WS-I Basic Profile 1.1 that a WSDL of document/literal style and its answers can break, by number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from synclead.soap import wsdl

NAMES = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "env": "http://schemas.xmlsoap.org/soap/envelope/",
}
ROOT = etree.fromstring(wsdl.source())
ANSWERS = sorted(Path(__file__).parents[1].glob("messages/*.response.xml"))

# fmt: off
NOTHING = {
    "R2001, R2002, R2007: it imports nothing": "//wsdl:import | //xs:import | //xs:include",
    "R2022, R2023: types stand before everything else": "/wsdl:definitions/*[not(self::wsdl:documentation)][1][not(self::wsdl:types)]",
    "R2026: no extension is required": "//*[@wsdl:required]",
    "R2105: every schema has a target namespace": "//xs:schema[not(@targetNamespace)]",
    "R2110: nothing is a SOAP array": "//@*[contains(., 'soapenc:') or contains(., 'schemas.xmlsoap.org/soap/encoding')]",
    "R2111: no array has a type of WSDL's": "//@wsdl:arrayType",
    "R2204, R2205: parts of messages name elements": "//wsdl:part[not(@element)]",
    "R2201: a body has one part": "//wsdl:message[@name != 'requestHeaders'][count(wsdl:part) != 1]",
    "R2204, R2205: none names a type": "//wsdl:part[@type]",
    "R2303: no operation begins with its answer": "//wsdl:portType/wsdl:operation/wsdl:input[preceding-sibling::wsdl:output]",
    "R2303: every operation asks and answers": "//wsdl:portType/wsdl:operation[count(wsdl:input) != 1 or count(wsdl:output) != 1]",
    "R2401: bindings are SOAP's": "//wsdl:binding[not(soap:binding)]",
    "R2701, R2702: the transport is HTTP": "//soap:binding[@transport != 'http://schemas.xmlsoap.org/soap/http' or not(@transport)]",
    "R2705: one style": "//soap:operation[@style and @style != 'document'] | //soap:binding[@style != 'document']",
    "R2706: everything is literal": "//soap:body[@use != 'literal'] | //soap:header[@use != 'literal']",
    "R2716: document style names no namespace": "//soap:body[@namespace] | //soap:header[@namespace] | //soap:fault[@namespace]",
    "R2720: headers name one part": "//soap:header[not(@part) or @parts or contains(@part, ' ')]",
    "R2744: there is a SOAPAction that clients can send": "//wsdl:binding/wsdl:operation/soap:operation[not(@soapAction)]",
}
# fmt: on


@pytest.mark.parametrize("rule", NOTHING)
def test_the_wsdl_breaks_no_rule(rule: str) -> None:
    """Nothing in the WSDL is what the rule forbids."""
    assert ROOT.xpath(NOTHING[rule], namespaces=NAMES) == []


def test_parts_name_elements_that_exist() -> None:
    """R2206: every element that a part names is a global one of the schema."""
    named = {str(name).partition(":")[2] for name in ROOT.xpath("//wsdl:part/@element", namespaces=NAMES)}
    assert named <= {str(name) for name in ROOT.xpath("//xs:schema/xs:element/@name", namespaces=NAMES)}


def test_operations_differ_on_the_wire() -> None:
    """R2304, R2710, R2718: names and body elements are unique, and the binding has the port type's operations."""
    operations = [str(name) for name in ROOT.xpath("//wsdl:portType/wsdl:operation/@name", namespaces=NAMES)]
    bound = [str(name) for name in ROOT.xpath("//wsdl:binding/wsdl:operation/@name", namespaces=NAMES)]
    bodies = ROOT.xpath("//wsdl:message[@name != 'requestHeaders']/wsdl:part/@element", namespaces=NAMES)
    assert len(operations) > 20
    assert sorted(operations) == sorted(bound) == sorted(set(operations))
    assert max(Counter(bodies).values()) == 1


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.name.removesuffix(".response.xml"))
def test_an_answer_breaks_no_rule(path: Path) -> None:
    """R1000, R1001, R1004 to R1012, R1014, R9981: what an envelope and its fault may hold."""
    document = etree.parse(path)
    root = document.getroot()
    assert document.docinfo.encoding == "UTF-8"
    assert document.docinfo.internalDTD is None
    assert (
        root.xpath("//processing-instruction() | //@env:encodingStyle | //@env:mustUnderstand", namespaces=NAMES) == []
    )
    assert [child.tag for child in root] == [f"{{{NAMES['env']}}}Body"]
    (content,) = root[0]
    assert etree.QName(content).namespace is not None
    assert len(content.attrib) == 0
    if content.tag == f"{{{NAMES['env']}}}Fault":
        assert [child.tag for child in content] in (
            ["faultcode", "faultstring", "detail"],
            ["faultcode", "faultstring"],
        )
        code = content.findtext("faultcode") or ""
        assert code.partition(":")[2] in {"VersionMismatch", "MustUnderstand", "Client", "Server"}
        assert content.nsmap[code.partition(":")[0]] == NAMES["env"]
