"""From elements to typed messages: a closure for each type of the contract, compiled at start."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from lxml import etree

from synclead.leads.errors import InputError
from synclead.soap import messages, tolerances
from synclead.soap.errors import ContractError
from synclead.soap.limits import ReadLimits
from synclead.soap.messages import Message
from synclead.soap.schema import Element, Schema

Decoder = Callable[[etree._Element], Message]
Reader = Callable[[etree._Element], Any]
"""Gives None for an element that is absent for all we know: blank, or nil."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_RANGES = {"xs:int": 2**31, "xs:long": 2**63, "xs:integer": 10**40}

# Present and blank clears the field (spec: sync-lead, section 1); everywhere else blank is absent.
# One that has no name either is no attribute at all: PHP clients send such pairs.
_PAIRS = {"Attribute": ("attrName", "attrValue"), "Attrib": ("name", "value")}
# "An empty one is there, with no keys": the record's absence has a fault of its own.
_THERE_WHEN_EMPTY = frozenset({"LeadRecord"})


_Slot = tuple[int, Reader, bool]
"""Where the value of an element goes in its message, how it is read, and whether it is the text as sent."""
_Members = Callable[[etree._Element, Sequence[etree._Element]], Message]
"""Makes a message of an element and its children, where no text stands between them."""


def compile_decoders(schema: Schema, limits: ReadLimits) -> dict[str, Decoder]:
    """A decoder for each complex type, by name.

    Decoders raise InputError naming the element at fault, whatever the element holds.
    """
    members: dict[str, _Members] = {}
    for name in schema.types:
        members[name] = _members(schema, name, _slots(schema, name, members, limits), limits)
    return {name: _decoder(one) for name, one in members.items()}


def _decoder(members: _Members) -> Decoder:
    def decode(element: etree._Element) -> Message:
        _refuse_text(element, element.text or "")
        return members(element, tolerances.children(element))

    return decode


def _slots(schema: Schema, owner: str, members: Mapping[str, _Members], limits: ReadLimits) -> dict[str, _Slot]:
    """The slots of a type by the tags that are expected; other namespaces are found by local name."""
    slots: dict[str, _Slot] = {}
    for position, element in enumerate(schema.sequence(owner)):
        slot = position, _reader(schema, owner, element, members, limits), _is_text(owner, element)
        for name in tolerances.accepted_names(owner, element.name):
            slots[name] = slots[f"{{{schema.namespace}}}{name}"] = slot
    return slots


def _members(schema: Schema, name: str, slots: Mapping[Any, _Slot], limits: ReadLimits) -> _Members:
    sequence = schema.sequence(name)
    make: Callable[..., Message] = getattr(messages, name)
    if len(sequence) == 1 and sequence[0].many:
        return _items(name, make, slots, limits)
    if any(element.many for element in sequence):
        raise ContractError(f"type {name} has a list beside other elements, which is not followed")
    blank: list[Any] = [None] * len(sequence)
    longest = limits.value

    def decode(element: etree._Element, children: Sequence[etree._Element]) -> Message:
        values = blank.copy()
        for child in children:
            tail = child.tail
            if tail is not None:
                _refuse_text(element, tail)
            slot = slots.get(child.tag) or slots.get(tolerances.local_name(child))
            if slot is None:
                tolerances.skip_unknown(child, name)
                continue
            position, read, is_text = slot
            # Most elements hold a text and nothing else. All others, and all that is wrong, are the reader's.
            value = child.text if is_text and not len(child) and not child.keys() else None
            if not value or value.isspace() or len(value) > longest:
                value = read(child)
            if value is None:
                continue
            if values[position] is None or tolerances.repeated(_earlier(child, slot, slots), child):
                values[position] = value
        return make(*values)

    return decode


def _refuse_text(element: etree._Element, text: str) -> None:
    if text and not text.isspace():
        tolerances.refuse_bare_text(element)


def _earlier(child: etree._Element, slot: _Slot, slots: Mapping[Any, _Slot]) -> Iterator[etree._Element]:
    """The elements before a child that go to the same place."""
    for one in child.itersiblings(preceding=True):
        if slots.get(tolerances.local_name(one)) is slot:
            yield one


def _items(name: str, make: Callable[..., Message], slots: Mapping[Any, _Slot], limits: ReadLimits) -> _Members:
    most = limits.attributes if name in {"ArrayOfAttribute", "ArrayOfAttrib"} else None

    def decode(element: etree._Element, children: Sequence[etree._Element]) -> Message:
        items: list[Any] = []
        for child in children:
            tail = child.tail
            if tail is not None:
                _refuse_text(element, tail)
            slot = slots.get(child.tag) or slots.get(tolerances.local_name(child))
            if slot is None:
                tolerances.skip_unknown(child, name)
                continue
            value = slot[1](child)
            if value is not None:
                items.append(value)
        if most is not None and len(items) > most:
            raise InputError(tolerances.shown(element), f"more than {most:,} attributes")
        return make(tuple(items))

    return decode


def _is_text(owner: str, element: Element) -> bool:
    return (owner, element.name) in tolerances.TEXT_ON_THE_WAY_IN or element.type in {"xs:string", "xs:anySimpleType"}


def _reader(
    schema: Schema, owner: str, element: Element, members: Mapping[str, _Members], limits: ReadLimits
) -> Reader:
    kind = element.type
    if kind in schema.types:
        return _message_reader(schema, kind, members)
    limit = limits.value
    if owner in _PAIRS and element.name == _PAIRS[owner][1]:
        return partial(tolerances.value_content, value_limit=limit)
    if _is_text(owner, element):
        return partial(tolerances.content, value_limit=limit)
    parse = _enumeration(schema.enums[kind]) if kind in schema.enums else _PARSERS[kind]

    def read(child: etree._Element) -> Any:
        text = tolerances.content(child, limit)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            reason = f"{_excerpt(text)} is {error}"
            raise InputError(tolerances.shown(child), reason, why=f"is {error}") from None

    return read


def _message_reader(schema: Schema, kind: str, members: Mapping[str, _Members]) -> Reader:
    extensions = {
        name: frozenset(element.name for element in schema.sequence(name)) for name in schema.extensions(kind)
    }
    there_when_empty = kind in _THERE_WHEN_EMPTY
    name_of, value_of = map(attrgetter, _PAIRS.get(kind, ("", "")))
    pair = kind in _PAIRS

    def read(child: etree._Element) -> Message | None:
        if child.keys() and tolerances.is_nil(child):
            if tolerances.has_content(child):
                raise InputError(tolerances.shown(child), "nil, and with content")
            return None
        text, children = child.text, tolerances.children(child)
        if not children and not there_when_empty and not (text or "").strip():
            return None
        name = tolerances.selector_type(child, extensions) if extensions else kind
        if name is None and not tolerances.has_content(child):
            return None
        if text is not None:
            _refuse_text(child, text)
        found = members[name or kind](child, children)
        return None if pair and name_of(found) is None and not value_of(found) else found

    return read


def _enumeration(values: tuple[str, ...]) -> Callable[[str], str]:
    listed = ", ".join(values)

    def parse(text: str) -> str:
        found = tolerances.enumerated(text, values)
        if found is None:
            raise ValueError(f"none of {listed}")
        return found

    return parse


def _boolean(text: str) -> bool:
    found = tolerances.boolean(text)
    if found is None:
        raise ValueError("neither true nor false")
    return found


def _integer(bound: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        text = text.strip()
        if not _INTEGER.fullmatch(text):
            raise ValueError("no whole number")
        number = int(text)
        if not -bound <= number < bound:
            raise ValueError("out of range")
        return number

    return parse


def _date_time(text: str) -> datetime:
    """XML Schema's dateTime; without an offset the result is naive, for the operation to place."""
    found = tolerances.timestamp_parts(text)
    if found is None:
        raise ValueError("no date and time")
    day, time, fraction, utc, hours, minutes = found.groups()
    offset = "+00:00" if utc else f"{hours}:{minutes}" if hours else ""
    try:
        return datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{offset}")
    except ValueError:
        raise ValueError("no date and time") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    **{kind: _integer(bound) for kind, bound in _RANGES.items()},
    "xs:boolean": _boolean,
    "xs:dateTime": _date_time,
    "xs:base64Binary": _base64,
}


def _excerpt(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 100 else text[:99] + "…"
