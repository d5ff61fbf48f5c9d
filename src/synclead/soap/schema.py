"""The WSDL read into facts: types, enumerations, elements, operations. What it cannot follow it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from synclead.soap.errors import ContractError

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XS = "{http://www.w3.org/2001/XMLSchema}"

# Every construct that is followed: element -> (its attributes, its children). A construct that is not
# listed would be left out of the messages without a word, so it stops the start instead.
_LISTED: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    tag: (frozenset(attributes.split()), frozenset(children))
    for tag, attributes, children in (
        (
            f"{WSDL}definitions",
            "name targetNamespace",
            [f"{WSDL}{name}" for name in ("types", "message", "portType", "binding", "service")],
        ),
        (f"{WSDL}types", "", [f"{XS}schema"]),
        (f"{WSDL}message", "name", [f"{WSDL}part"]),
        (f"{WSDL}part", "name element", []),
        (f"{WSDL}portType", "name", [f"{WSDL}operation"]),
        (f"{WSDL}binding", "name type", [f"{SOAP}binding", f"{WSDL}operation"]),
        (f"{WSDL}operation", "name", [f"{WSDL}input", f"{WSDL}output", f"{SOAP}operation"]),
        (f"{WSDL}input", "message", [f"{SOAP}body", f"{SOAP}header"]),
        (f"{WSDL}output", "message", [f"{SOAP}body"]),
        (f"{WSDL}service", "name", [f"{WSDL}port"]),
        (f"{WSDL}port", "name binding", [f"{SOAP}address"]),
        (f"{SOAP}binding", "style transport", []),
        (f"{SOAP}operation", "soapAction", []),
        (f"{SOAP}body", "use", []),
        (f"{SOAP}header", "message part use", []),
        (f"{SOAP}address", "location", []),
        (
            f"{XS}schema",
            "targetNamespace elementFormDefault",
            [f"{XS}element", f"{XS}simpleType", f"{XS}complexType"],
        ),
        (f"{XS}element", "name type minOccurs maxOccurs nillable", []),
        (f"{XS}simpleType", "name", [f"{XS}restriction"]),
        (f"{XS}restriction", "base", [f"{XS}enumeration"]),
        (f"{XS}enumeration", "value", []),
        (f"{XS}complexType", "name", [f"{XS}sequence", f"{XS}complexContent"]),
        (f"{XS}complexContent", "", [f"{XS}extension"]),
        (f"{XS}extension", "base", [f"{XS}sequence"]),
        (f"{XS}sequence", "", [f"{XS}element"]),
    )
}
_FIXED = {"elementFormDefault": "unqualified", "style": "document", "use": "literal"}
_XS_NAMES = frozenset({"string", "anySimpleType", "int", "long", "integer", "boolean", "dateTime", "base64Binary"})


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type's sequence."""

    name: str
    type: str
    """`xs:` and a name, or the name of an enumeration or a complex type of the contract."""
    required: bool
    many: bool
    nillable: bool


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A sequence of elements, after those of the type that it extends."""

    name: str
    base: str | None
    own: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """An operation with the names of its body elements."""

    name: str
    params: str
    success: str


@dataclass(frozen=True, slots=True)
class Schema:
    """All facts of the contract, by name."""

    namespace: str
    types: Mapping[str, ComplexType]
    enums: Mapping[str, tuple[str, ...]]
    elements: Mapping[str, str]
    """Global elements and the types of them."""
    operations: Mapping[str, OperationFacts]

    def sequence(self, type_name: str) -> tuple[Element, ...]:
        """A type's elements, inherited ones first."""
        one = self.types[type_name]
        return one.own if one.base is None else self.sequence(one.base) + one.own

    def extensions(self, type_name: str) -> tuple[str, ...]:
        """The types that extend this one."""
        return tuple(name for name, one in self.types.items() if one.base == type_name)


def read(source: bytes) -> Schema:
    """The facts of a WSDL.

    Raises ContractError naming the element, attribute or reference that is not followed.
    """
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(source, parser)
    _check(root)
    schemas = root.findall(f"{WSDL}types/{XS}schema")
    if len(schemas) != 1 or schemas[0].get("targetNamespace") != root.get("targetNamespace"):
        raise ContractError("the WSDL must hold one schema, of its own target namespace")
    schema = schemas[0]
    found = Schema(
        namespace=_get(root, "targetNamespace"),
        types={_get(one, "name"): _complex_type(one) for one in schema.iterfind(f"{XS}complexType")},
        enums={
            _get(one, "name"): tuple(_get(value, "value") for value in one.iter(f"{XS}enumeration"))
            for one in schema.iterfind(f"{XS}simpleType")
        },
        elements={_get(one, "name"): _local(_get(one, "type")) for one in schema.iterfind(f"{XS}element")},
        operations=_operations(root),
    )
    _check_references(found)
    return found


def _check(node: etree._Element) -> None:
    """Refuses every construct that is not listed above, and every setting that is not the one followed."""
    tag = str(node.tag)
    attributes, children = _LISTED[tag]
    for name, value in node.attrib.items():
        if name not in attributes:
            raise ContractError(f"attribute {name!s} of {tag} on line {node.sourceline} is not followed")
        if value != _FIXED.get(str(name), value):
            raise ContractError(f"{name!s}={value!s} on line {node.sourceline} is not followed")
    if node.text and node.text.strip():
        raise ContractError(f"text in {tag} on line {node.sourceline} is not followed")
    for child in node:
        if child.tag not in children or child.tag not in _LISTED:
            raise ContractError(f"{child.tag!s} in {tag} on line {child.sourceline} is not followed")
        _check(child)


def _complex_type(node: etree._Element) -> ComplexType:
    extension = node.find(f"{XS}complexContent/{XS}extension")
    base = None if extension is None else _local(_get(extension, "base"))
    holder = node if extension is None else extension
    return ComplexType(
        _get(node, "name"), base, tuple(_element(one) for one in holder.iterfind(f"{XS}sequence/{XS}element"))
    )


def _element(node: etree._Element) -> Element:
    lowest, most = node.get("minOccurs", "1"), node.get("maxOccurs", "1")
    if (lowest, most) not in {("1", "1"), ("0", "1"), ("0", "unbounded")}:
        raise ContractError(f"{lowest} to {most} occurrences on line {node.sourceline} are not followed")
    if node.get("nillable", "true") not in {"true", "false"}:
        raise ContractError(f"nillable={node.get('nillable')} on line {node.sourceline} is not followed")
    kind = _get(node, "type")
    if kind.startswith("xs:") and kind[3:] not in _XS_NAMES:
        raise ContractError(f"type {kind} on line {node.sourceline} is not followed")
    return Element(
        name=_get(node, "name"),
        type=kind if kind.startswith("xs:") else _local(kind),
        required=lowest == "1",
        many=most == "unbounded",
        nillable=node.get("nillable") == "true",
    )


def _operations(root: etree._Element) -> dict[str, OperationFacts]:
    parts = {
        (_get(message, "name"), _get(part, "name")): _local(_get(part, "element"))
        for message in root.iterfind(f"{WSDL}message")
        for part in message.iterfind(f"{WSDL}part")
    }
    found: dict[str, OperationFacts] = {}
    for one in root.iterfind(f"{WSDL}portType/{WSDL}operation"):
        name = _get(one, "name")
        bodies = [
            [element for (message, _), element in parts.items() if message == _local(_get(side, "message"))]
            for side in one
        ]
        if [len(body) for body in bodies] != [1, 1]:
            raise ContractError(f"operation {name} needs one body part in and one out")
        found[name] = OperationFacts(name, bodies[0][0], bodies[1][0])
    return found


def _check_references(schema: Schema) -> None:
    for root, kind in schema.elements.items():
        if kind not in schema.types:
            raise ContractError(f"element {root} is of type {kind}, which nothing defines")
    for one in schema.types.values():
        if one.base is not None and (one.base not in schema.types or schema.types[one.base].base is not None):
            raise ContractError(f"type {one.name} extends {one.base}, which is not followed")
        for element in one.own:
            kind = element.type
            if not (kind.startswith("xs:") or kind in schema.types or kind in schema.enums):
                raise ContractError(f"{one.name}/{element.name} is of type {kind}, which nothing defines")
    for operation in schema.operations.values():
        for name in (operation.params, operation.success):
            if name not in schema.elements:
                raise ContractError(f"operation {operation.name} names {name}, which nothing defines")


def _get(node: etree._Element, name: str) -> str:
    value = node.get(name)
    if value is None:
        raise ContractError(f"{node.tag!s} on line {node.sourceline} needs {name}")
    return value


def _local(qname: str) -> str:
    prefix, _, name = qname.rpartition(":")
    if prefix != "tns":
        raise ContractError(f"the reference {qname} is not followed")
    return name
