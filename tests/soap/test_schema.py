"""Reading the WSDL: whatever is not followed is refused by name."""

import pytest

from synclead.soap import schema, wsdl
from synclead.soap.errors import ContractError


def _changed(old: str, new: str) -> bytes:
    text = wsdl.source().decode()
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("<xs:sequence/>", "<xs:choice/>", "choice"),
        ("<xs:sequence/>", "<xs:sequence/><xs:attribute name='a'/>", "attribute"),
        ("<xs:sequence/>", "<xs:sequence><xs:any/></xs:sequence>", "any"),
        ('elementFormDefault="unqualified"', 'elementFormDefault="qualified"', "elementFormDefault"),
        ('elementFormDefault="unqualified"', 'attributeFormDefault="qualified"', "attributeFormDefault"),
        ('<xs:enumeration value="SALES"/>', '<xs:pattern value="S*"/>', "pattern"),
        ('type="xs:integer"', 'type="xs:duration"', "xs:duration"),
        ('type="tns:TagStatus"', 'type="tns:NoSuchType"', "NoSuchType"),
        ('base="tns:LeadSelector"', 'base="tns:NoSuchType"', "NoSuchType"),
        ('minOccurs="0" maxOccurs="unbounded"', 'minOccurs="0" maxOccurs="7"', "0 to 7"),
        ('minOccurs="0"', 'default="7"', "default"),
        ('use="literal"', 'use="encoded"', "use=encoded"),
        ('style="document"', 'style="rpc"', "style=rpc"),
        ('element="tns:paramsGetLead"', 'element="tns:paramsNothing"', "paramsNothing"),
        ("<wsdl:service ", "<wsdl:import/><wsdl:service ", "import"),
        ('nillable="true"', 'nillable="perhaps"', "nillable=perhaps"),
    ],
)
def test_construct_that_is_not_followed_is_named(old: str, new: str, named: str) -> None:
    """A WSDL or XSD construct that the compiler does not know stops the start and is named."""
    with pytest.raises(ContractError, match=named):
        schema.read(_changed(old, new))


def test_inherited_elements_come_first() -> None:
    """A type that extends another has the elements of that one before its own."""
    source = _changed(
        '<xs:complexType name="LeadSelector">\n        <xs:sequence/>',
        '<xs:complexType name="LeadSelector">\n        '
        '<xs:sequence><xs:element name="first" type="xs:int"/></xs:sequence>',
    )
    names = [element.name for element in schema.read(source).sequence("StaticListSelector")]
    assert names == ["first", "staticListName", "staticListId"]
