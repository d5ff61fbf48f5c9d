"""From typed messages to XML: a closure for each type of the contract, compiled at start."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import chain
from operator import call
from typing import Any

from msgspec.structs import astuple

from synclead.soap import messages
from synclead.soap.errors import AnswerError
from synclead.soap.messages import Message
from synclead.soap.schema import Element, Schema

Encoder = Callable[[Message], str]
"""Gives the children of an element of the type, without the element itself."""
_Writer = Callable[[Any], str]
"""Writes one member of a message: its elements in order, nil, or nothing."""
_Text = Callable[[Any], str]

# Markup; a carriage return, which a reader would turn into a line feed; and what XML 1.0 section 2.2 forbids.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

_TEXTS = frozenset({"xs:string", "xs:anySimpleType"})
_BOUNDS = {"xs:int": 2**31, "xs:long": 2**63, "xs:integer": None}


def compile_encoders(schema: Schema) -> dict[str, Encoder]:
    """An encoder for each complex type, by name. Encoders raise AnswerError for what does not fit."""
    encoders: dict[str, Encoder] = {}
    for name in schema.types:
        encoders[name] = _encoder(schema, name, encoders)
    return encoders


def envelope(namespace: str, header: str, body: str) -> str:
    """A whole message. Clients index parsed answers by these prefixes (spec: soap-operations, section 1.3)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:ns1="{namespace}">{header}<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>\n'
    )


def escaped(text: str) -> str:
    """Text as the content of an element, exactly as a reader will see it again.

    Raises AnswerError for characters that XML cannot carry.
    """
    return text if _is_plain(text) else _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    escape = _ESCAPES.get(found[0])
    if escape is None:
        raise AnswerError(f"XML cannot carry the character U+{ord(found[0]):04X}")
    return escape


def _encoder(schema: Schema, name: str, encoders: Mapping[str, Encoder]) -> Encoder:
    kind = getattr(messages, name)
    sequence = schema.sequence(name)
    writers = tuple(_writer(schema, name, element, encoders) for element in sequence)

    def encode(message: Message) -> str:
        if not isinstance(message, kind):
            raise AnswerError(f"{type(message).__name__} stands where {name} belongs")
        # The members come in the contract's order, which is that of the generated classes.
        return "".join(map(call, writers, astuple(message)))

    return encode


def _writer(schema: Schema, owner: str, element: Element, encoders: Mapping[str, Encoder]) -> _Writer:
    name, place = element.name, f"{owner}/{element.name}"
    if element.many:
        return _list_writer(schema, element, place, encoders)
    absent = f'<{name} xsi:nil="true"/>' if element.nillable else None if element.required else ""
    return _element_writer(schema, element, place, encoders, absent)


def _list_writer(schema: Schema, element: Element, place: str, encoders: Mapping[str, Encoder]) -> _Writer:
    write = _element_writer(schema, element, place, encoders, None)

    def write_each(values: Any) -> str:
        return "".join(map(write, values))

    if not _holds_only_texts(schema, element.type):
        return write_each
    kind = getattr(messages, element.type)
    members = "".join([f"<{one.name}>%s</{one.name}>" for one in schema.sequence(element.type)])
    template = f"<{element.name}>{members}</{element.name}>"

    def write_all(values: Any) -> str:
        """Many attributes at once, where their texts are written as they are: most lists have nothing else."""
        if set(map(type, values)) != {kind}:
            return write_each(values)
        texts = tuple(chain.from_iterable(map(astuple, values)))
        return template * len(values) % texts if _are_plain(texts) else write_each(values)

    return write_all


def _holds_only_texts(schema: Schema, kind: str) -> bool:
    if kind not in schema.types or schema.extensions(kind):
        return False
    return all(one.type in _TEXTS and not one.many for one in schema.sequence(kind))


def _are_plain(texts: Iterable[Any]) -> bool:
    """Whether all are texts that are written as they are, which most are."""
    try:
        together = "".join(texts)
    except TypeError:  # one of them is absent, or no text: for the writers
        return False
    return _is_plain(together)


def _is_plain(text: str) -> bool:
    # What can be printed has no control characters and no halves of others: cheaper asked than searched for.
    return text.isprintable() and "&" not in text and "<" not in text and ">" not in text


def _element_writer(
    schema: Schema, element: Element, place: str, encoders: Mapping[str, Encoder], absent: str | None
) -> _Writer:
    """Writes one element. `absent` is what stands for None; with None, that is refused."""
    name, kind = element.name, element.type
    start, end = f"<{name}>", f"</{name}>"

    def write_absent() -> str:
        if absent is None:
            raise AnswerError(f"{place} is required")
        return absent

    if kind not in schema.types:
        text = _text_writer(schema, kind, place)
        return lambda value: write_absent() if value is None else f"{start}{text(value)}{end}"
    if not schema.extensions(kind):
        # Looked up when called: types refer to each other in any order.
        return lambda value: write_absent() if value is None else f"{start}{encoders[kind](value)}{end}"

    def write_extension(value: Any) -> str:
        if value is None:
            return write_absent()
        actual = type(value).__name__
        if actual not in schema.extensions(kind):
            raise AnswerError(f"{actual} stands in {place}")
        return f'<{name} xsi:type="ns1:{actual}">{encoders[actual](value)}{end}'

    return write_extension


def _text_writer(schema: Schema, kind: str, place: str) -> _Text:
    if kind in schema.enums:
        return _enumeration(frozenset(schema.enums[kind]), place)
    if kind in _BOUNDS:
        return _integer(_BOUNDS[kind], place)
    return {
        **dict.fromkeys(_TEXTS, lambda value: escaped(_checked(value, str, place))),
        "xs:boolean": lambda value: "true" if _checked(value, bool, place) else "false",
        "xs:dateTime": lambda value: _date_time(_checked(value, datetime, place), place),
        "xs:base64Binary": lambda value: base64.b64encode(_checked(value, bytes, place)).decode(),
    }[kind]


def _checked(value: Any, kind: type, place: str) -> Any:
    if not isinstance(value, kind):
        raise AnswerError(f"{place} is of type {type(value).__name__}")
    return value


def _enumeration(values: frozenset[str], place: str) -> _Text:
    def text(value: Any) -> str:
        if value not in values:
            raise AnswerError(f"{place} has no value {value!r}")
        return str(value)

    return text


def _integer(bound: int | None, place: str) -> _Text:
    def text(value: Any) -> str:
        if type(value) is not int or (bound is not None and not -bound <= value < bound):
            raise AnswerError(f"{place} is {value!r}, which is no number of the contract's")
        return str(value)

    return text


def _date_time(moment: datetime, place: str) -> str:
    """Whole seconds and a numeric offset (spec: soap-operations, section 1.3)."""
    offset = moment.utcoffset()
    if offset is None:
        raise AnswerError(f"{place} has no offset")
    if offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")
