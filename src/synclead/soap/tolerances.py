"""What is read more liberally than the contract says: one function each, with the client that needs it.

Liberal, never lossy: a tolerance finds a meaning for what was sent, and where there is none
the caller hears of it (spec: sync-lead section 1, soap-operations sections 2 and 4).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from lxml import etree

from synclead.leads.errors import InputError
from synclead.soap import scan
from synclead.soap.errors import LONGEST_NAME

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

# The domain owns the forms of the first two and the order in which they are refused (spec: sync-lead, section 5),
# and a bad type of a lead key has a fault of its own, so they stay text on the way in; on the way out they are what
# the contract says.
TEXT_ON_THE_WAY_IN = {
    ("LeadRecord", "Id"): "int | str",
    ("LeadRecord", "ForeignSysType"): "str",
    ("LeadKey", "keyType"): "str",
}

# Inside a record, and nowhere else, the first letter's case does not count.
_RECORD_TYPES = frozenset({"LeadRecord", "ArrayOfAttribute", "Attribute"})

_ALIASES: Mapping[str, Mapping[str, str]] = {
    "LeadRecord": {"leadId": "Id"},
    "ActivityTypeFilter": {"includeAttributes": "includeTypes", "excludeAttributes": "excludeTypes"},
    "ParamsGetCustomObjects": {"customObjKeyLists": "customObjKeyList"},
    "ParamsSyncCustomObjects": {"objectTypeName": "objTypeName", "customObjectList": "customObjList"},
    "ArrayOfCustomObj": {"customObject": "customObj"},
    "MObject": {"mObjAssociationList": "associationList"},
}

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def local_name(element: etree._Element) -> str:
    """The name without its namespace.

    JAX-WS sends `leadAttributeList` in the target namespace and its siblings in none, as the
    vendor's Java sample does; Savon and SoapUI use prefixes of their own.
    """
    return str(element.tag).rpartition("}")[2]


def children(element: etree._Element) -> Sequence[etree._Element]:
    """The elements in an element, as a list: faster than lxml's iterator.

    A list of very many is made in one step, in which no other thread runs, so those are taken one by one.
    """
    return element[:] if len(element) < _MANY else [child for child in element]  # noqa: C416, list() is one step too


_MANY = 10_000


def accepted_names(type_name: str, name: str) -> frozenset[str]:
    """Every name under which an element of a type is read."""
    names = {name, *aliases(type_name, name)}
    if type_name in _RECORD_TYPES:
        names |= {other for one in names for other in either_first_letter(one)}
    return frozenset(names)


def aliases(type_name: str, name: str) -> tuple[str, ...]:
    """Names that the published documentation and samples use where the contract has another.

    `leadId` stands in the vendor's XML and Ruby samples; a PHP client copied `mObjAssociationList`.
    """
    return tuple(alias for alias, meant in _ALIASES.get(type_name, {}).items() if meant == name)


def either_first_letter(name: str) -> tuple[str, str]:
    """Savon lowers the first letter of symbol keys: `:Email` and `:email` of the Ruby samples arrive
    as `email`; the document itself says `foreignSysPersonId`."""
    return name[0].upper() + name[1:], name[0].lower() + name[1:]


def join_surrogates(source: bytes) -> bytes:
    """The document with characters beyond U+FFFF as one reference each, where they came as two halves of UTF-16.

    Axis 1.4 writes every emoji so (`&#xD83E;&#xDD9C;`), and old Xalan in decimal; to XML neither half is a
    character. A half alone stays, and is not well-formed. In CDATA and comments it is text.
    """
    if scan.find(source, b"&#") < 0:
        return source
    return b"".join(
        [
            _PAIR.sub(_joined, window) if not is_aside and _HALF.search(window) else window
            for window, is_aside in scan.windows(source)
        ]
    )


_HALF = re.compile(rb"&#(?:[xX][Dd][89ABab]|5[56])")
_PAIR = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|&#(?:x([Dd][89ABab][0-9A-Fa-f]{2})|(5[56]\d{3}));&#(?:x([Dd][C-Fc-f][0-9A-Fa-f]{2})|(5[67]\d{3}));",
    re.DOTALL,
)


def _joined(found: re.Match[bytes]) -> bytes:
    high, low = (int(found[hexa] or b"0", 16) or int(found[decimal] or b"0") for hexa, decimal in ((1, 2), (3, 4)))
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found[0]
    return b"&#%d;" % (0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00)


def operation_names(operation: str, params: str) -> tuple[str, str]:
    """Some versions of Savon send the operation's own name, `syncLead`, as the element below Body."""
    return params, operation


def is_nil(element: etree._Element) -> bool:
    """PHP's SoapClient and JAX-WS write `xsi:nil="true"` for null members."""
    return (element.get(f"{XSI}nil") or "").strip() in {"true", "1"}


def content(element: etree._Element, value_limit: int) -> str | None:
    """The text of an element that holds a value, as sent; None when blank, which is absent.

    Hand-written Python and PHP clients send `<marketoCookie></marketoCookie>`.
    Raises InputError for child elements with content, a text beyond the limit, and nil beside content.
    """
    text = element.text
    if len(element):
        text = _text_around_blank_children(element)
    if not text or text.isspace():
        return None
    if len(text) > value_limit:
        raise InputError(shown(element), f"longer than {value_limit:,} characters")
    if element.keys() and is_nil(element):
        raise InputError(shown(element), "nil, and with content")
    return text


def value_content(element: etree._Element, value_limit: int) -> str:
    """The text of an attribute's value: blank or nil is the empty text, which clears the field.

    PHP's SoapClient sends nil for null, and forms send the fields that nobody filled in.
    """
    return content(element, value_limit) or ""


def has_content(element: etree._Element) -> bool:
    """Whether any text but white space is in an element, at any depth."""
    if not len(element):
        text = element.text
        return text is not None and text != "" and not text.isspace()
    return any(not text.isspace() for text in element.itertext() if text)


def skip_unknown(element: etree._Element, inside: str) -> None:
    """Ignores a blank element that the contract does not know: a Ruby sample of the vendor sends
    `<lastCreatedAt/>`. With content it would be lost in silence.

    Raises InputError naming it.
    """
    if has_content(element):
        raise InputError(shown(element), f"{inside} has no such element")


def repeated(earlier: Iterable[etree._Element], element: etree._Element) -> bool:
    """Whether an element that may come once, and came before, counts instead of the earlier ones.

    A blank one never counts: form clients send `<Id></Id>` beside the `leadId` they filled.
    Raises InputError naming it when both have content.
    """
    if not has_content(element):
        return False
    if any(has_content(one) for one in earlier):
        raise InputError(shown(element), "given more than once")
    return True


def boolean(text: str) -> bool | None:
    """Ruby samples of the vendor send `True` and `False`; PHP clients `1` and `0`."""
    return _BOOLEANS.get(text.strip().lower())


def enumerated(text: str, values: Sequence[str]) -> str | None:
    """An enumeration's value in another case, when it can be only one: hand-written XML has `Email`."""
    text = text.strip()
    if text in values:
        return text
    found = [value for value in values if value.lower() == text.lower()]
    return found[0] if len(found) == 1 else None


def timestamp_parts(text: str) -> re.Match[str] | None:
    """JAX-WS keeps milliseconds; Ruby's `Time#to_s` has a blank for T and no colon in the offset."""
    return _DATE_TIME.fullmatch(text.strip())


_DATE_TIME = re.compile(
    r"""(\d{4}-\d\d-\d\d)[Tt ]
        ((?:[01]\d|2[0-3]):\d\d:\d\d)(?:[.,](\d{1,30}))?  # Python 3.14 would read hour 24, those before would not
        [ ]?(?:([Zz])|([+-]\d\d):?(\d\d))?""",
    re.VERBOSE | re.ASCII,
)


def selector_type(element: etree._Element, extensions: Mapping[str, frozenset[str]]) -> str | None:
    """Which of a type's extensions an element is: what xsi:type says, else the first whose element it has.

    PHP's SoapVar, JAX-WS and Savon send xsi:type with prefixes of their own; the vendor's Ruby
    sample sends none. None when neither decides. Raises InputError for a type that is none of them.
    """
    declared = element.get(f"{XSI}type")
    if declared:
        name = declared.strip().rpartition(":")[2]
        if name not in extensions:
            reason = f"{name[:LONGEST_NAME]} is no type of it"
            raise InputError(shown(element), reason, why="is of a type that it has not")
        return name
    children = {local_name(child) for child in element}
    return next((name for name, elements in extensions.items() if elements & children), None)


def shown(element: etree._Element) -> str:
    """An element's name as a message repeats it."""
    return local_name(element)[:LONGEST_NAME]


def refuse_bare_text(element: etree._Element) -> NoReturn:
    """Raises InputError: text stands where the contract has elements, and would be lost."""
    raise InputError(shown(element), "text where elements belong")


def _text_around_blank_children(element: etree._Element) -> str:
    for child in element:
        if has_content(child):
            raise InputError(shown(element), f"element {shown(child)} where text belongs")
    return "".join(element.itertext())
