"""The contract at work: operations and header blocks with what reads and writes their messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from synclead.soap import schema, tolerances, wsdl
from synclead.soap.decode import Decoder, compile_decoders
from synclead.soap.encode import Encoder, compile_encoders, envelope
from synclead.soap.errors import InvalidRequestError
from synclead.soap.limits import ReadLimits
from synclead.soap.messages import Message


@dataclass(frozen=True, slots=True)
class BodyElement:
    """One element that stands below Body, or a header block."""

    name: str
    namespace: str
    decode: Decoder
    """From the element to its message. Raises InputError naming what is wrong inside."""
    _encode: Encoder

    def encode(self, message: Message) -> str:
        """The element with the message in it. Raises AnswerError when the message does not fit."""
        return f"<ns1:{self.name}>{self._encode(message)}</ns1:{self.name}>"


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the 23 operations."""

    name: str
    params: BodyElement
    success: BodyElement

    def decode(self, element: etree._Element) -> Message:
        """The request's message from the element below Body.

        Raises InputError (20110) naming the element at fault, and InvalidRequestError when the whole is
        no message at all.
        """
        if not len(element) and (element.text or "").strip():
            raise InvalidRequestError(f"{tolerances.shown(element)} holds text and no elements")
        return self.params.decode(element)

    def encode(self, message: Message) -> bytes:
        """The answer: a whole envelope in UTF-8. Raises AnswerError when the message does not fit."""
        return _envelope(self.success, message, "")

    def encode_request(self, message: Message, headers: Mapping[BodyElement, Message]) -> bytes:
        """A request as a client sends it: a whole envelope in UTF-8 with the header blocks given."""
        blocks = "".join([block.encode(content) for block, content in headers.items()])
        header = f"<SOAP-ENV:Header>{blocks}</SOAP-ENV:Header>" if blocks else ""
        return _envelope(self.params, message, header)

    def decode_answer(self, element: etree._Element) -> Message:
        """The answer's message from the element below Body. Raises InputError when it cannot be read."""
        return self.success.decode(element)


class Contract:
    """Everything that mktows.wsdl says, compiled. Immutable; shared by all calls."""

    def __init__(self, facts: schema.Schema, limits: ReadLimits) -> None:
        decoders, encoders = compile_decoders(facts, limits), compile_encoders(facts)
        elements = {
            name: BodyElement(name, facts.namespace, decoders[kind], encoders[kind])
            for name, kind in facts.elements.items()
        }
        self.operations: Mapping[str, Operation] = {
            one.name: Operation(one.name, elements[one.params], elements[one.success])
            for one in facts.operations.values()
        }
        self._by_element = {
            name: self.operations[one.name]
            for one in facts.operations.values()
            for name in tolerances.operation_names(one.name, one.params)
        }
        self._elements = elements

    @classmethod
    def load(cls, limits: ReadLimits | None = None) -> Contract:
        """Compiles the WSDL; takes tens of milliseconds, so once a process.

        Raises ContractError naming a construct of the WSDL that is not followed.
        """
        return cls(schema.read(wsdl.source()), limits or ReadLimits())

    def operation(self, local_name: str) -> Operation | None:
        """The operation that an element below Body means, by `params…` or by its own name."""
        return self._by_element.get(local_name)

    def header(self, name: str) -> BodyElement:
        """The header block of that name. Raises KeyError: names are ours."""
        return self._elements[name]


def _envelope(element: BodyElement, message: Message, header: str) -> bytes:
    return envelope(element.namespace, header, element.encode(message)).encode()
