"""The WSDL against the facts of the contract, and as clients load it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree

from synclead.soap import wsdl

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("mktows-contract.json").read_text())
XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
ROOT = etree.fromstring(wsdl.source())


def _schema() -> etree._Element:
    schema = ROOT.find(f"{WSDL}types/{XS}schema")
    assert schema is not None
    return schema


def _elements(parent: etree._Element) -> list[dict[str, Any]]:
    """The elements of a type in the form of the facts file."""
    return [
        {
            "name": one.get("name"),
            "type": one.get("type"),
            "min": int(one.get("minOccurs", "1")),
            "max": "unbounded" if one.get("maxOccurs") == "unbounded" else int(one.get("maxOccurs", "1")),
            "nillable": one.get("nillable") == "true",
        }
        for one in parent.iterfind(f".//{XS}sequence/{XS}element")
    ]


def _expected(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "beyond"} for one in facts["elements"]]


def _types() -> Iterator[etree._Element]:
    return _schema().iterfind(f"{XS}complexType")


def test_types_are_those_of_the_contract() -> None:
    """The schema has every complex type of the contract and no other."""
    assert sorted(str(one.get("name")) for one in _types()) == sorted(FACTS["types"])


@pytest.mark.parametrize("name", FACTS["types"])
def test_type_has_the_elements_of_the_contract(name: str) -> None:
    """A type's elements agree with the contract in name, order, type, occurrence and nillability."""
    (one,) = (one for one in _types() if one.get("name") == name)
    facts = FACTS["types"][name]
    assert _elements(one) == _expected(facts)
    extension = one.find(f"{XS}complexContent/{XS}extension")
    assert (None if extension is None else extension.get("base")) == facts.get("extends")


def test_enumerations_are_those_of_the_contract() -> None:
    """Every enumeration has exactly the contract's values, in order."""
    found = {
        str(one.get("name")): [str(value.get("value")) for value in one.iter(f"{XS}enumeration")]
        for one in _schema().iterfind(f"{XS}simpleType")
    }
    assert found == FACTS["enums"]


def test_each_type_has_one_global_element() -> None:
    """Params, success and header types are each referred to by one global element alone."""
    expected = {
        "AuthenticationHeader": "AuthenticationHeaderInfo",
        "MktowsContextHeader": "MktowsContextHeaderInfo",
    }
    for operation in FACTS["operations"].values():
        for side in ("input", "output"):
            name = operation[side]["element"]
            expected[name] = name[0].upper() + name[1:]
    found = {str(one.get("name")): str(one.get("type")) for one in _schema().iterfind(f"{XS}element")}
    assert found == {name: f"tns:{kind}" for name, kind in expected.items()}
    uses = Counter(str(one.get("type")) for one in _schema().iter(f"{XS}element"))
    assert {uses[f"tns:{kind}"] for kind in expected.values()} == {1}


def test_schema_leaves_local_elements_unqualified() -> None:
    """Descendants of the body element are in no namespace."""
    assert _schema().get("elementFormDefault") == FACTS["elementFormDefault"] == "unqualified"
    assert _schema().get("targetNamespace") == FACTS["targetNamespace"] == ROOT.get("targetNamespace")


def test_port_type_binding_and_service_bear_the_contract_names() -> None:
    """JAX-WS clients look up service, port, port type and binding by name."""
    names = {
        "portType": ROOT.find(f"{WSDL}portType"),
        "binding": ROOT.find(f"{WSDL}binding"),
        "service": ROOT.find(f"{WSDL}service"),
        "port": ROOT.find(f"{WSDL}service/{WSDL}port"),
    }
    assert {key: None if one is None else one.get("name") for key, one in names.items()} == {
        key: FACTS[key] for key in names
    }


@pytest.mark.parametrize("name", FACTS["operations"])
def test_operation_is_bound_as_the_contract_says(name: str) -> None:
    """An operation's action, messages, parts and headers are the contract's, authentication first."""
    facts = FACTS["operations"][name]
    parts = {
        (str(message.get("name")), str(part.get("name"))): str(part.get("element")).removeprefix("tns:")
        for message in ROOT.iterfind(f"{WSDL}message")
        for part in message.iterfind(f"{WSDL}part")
    }
    (port,) = ROOT.findall(f"{WSDL}portType/{WSDL}operation[@name='{name}']")
    for side in ("input", "output"):
        (one,) = port.findall(f"{WSDL}{side}")
        message = str(one.get("message")).removeprefix("tns:")
        found = {part: element for (owner, part), element in parts.items() if owner == message}
        assert found == {facts[side]["part"]: facts[side]["element"]}
    assert port.find(f"{WSDL}fault") is None
    (bound,) = ROOT.findall(f"{WSDL}binding/{WSDL}operation[@name='{name}']")
    action = bound.find(f"{SOAP}operation")
    assert action is not None
    assert action.get("soapAction") == facts["soapAction"]
    headers = [
        {
            "element": parts[str(one.get("message")).removeprefix("tns:"), str(one.get("part"))],
            "part": one.get("part"),
        }
        for one in bound.iterfind(f"{WSDL}input/{SOAP}header")
    ]
    assert headers == facts["headers"]
    bodies = list(bound.iter(f"{SOAP}body"))
    assert [dict(one.attrib) for one in bodies] == [{"use": "literal"}] * 2


def test_there_are_as_many_operations_as_in_the_contract() -> None:
    """Port type and binding have all 23 operations and no other."""
    for place in ("portType", "binding"):
        found = [str(one.get("name")) for one in ROOT.iterfind(f"{WSDL}{place}/{WSDL}operation")]
        assert sorted(found) == sorted(FACTS["operations"])
        assert len(found) == 23


def test_served_address_is_escaped() -> None:
    """The served WSDL names the URL it was asked under, whatever is in it; all else is the file."""
    url = "https://a.example/soap/mktows/3_1?x=1&y=\"<'"
    served = wsdl.serve(url)
    address = etree.fromstring(served).find(f".//{SOAP}address")
    assert address is not None
    assert address.get("location") == url
    assert wsdl.serve(wsdl.PLACEHOLDER) == wsdl.source()


def test_zeep_loads_the_wsdl(tmp_path: Path) -> None:
    """A strict SOAP client reads all operations, with the request's parts as parameters."""
    path = tmp_path / "mktows.wsdl"
    path.write_bytes(wsdl.serve("http://127.0.0.1:1/soap/mktows/2_7"))
    client = zeep.Client(str(path))
    service = client.wsdl.services[FACTS["service"]]
    port = service.ports[FACTS["port"]]
    assert sorted(port.binding.all()) == sorted(FACTS["operations"])
    assert "leadRecord: ns0:LeadRecord" in port.binding.get("syncLead").input.signature()
