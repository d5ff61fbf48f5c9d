"""Writes messages.py, the typed values of the contract, from the WSDL: `python -m synclead.soap.generate`."""

import sys
from pathlib import Path

from synclead.soap import schema, wsdl
from synclead.soap.tolerances import TEXT_ON_THE_WAY_IN

TARGET = Path(__file__).with_name("messages.py")
_LINE = 120

PYTHON_TYPES = {
    "xs:string": "str",
    "xs:anySimpleType": "str",
    "xs:int": "int",
    "xs:long": "int",
    "xs:integer": "int",
    "xs:boolean": "bool",
    "xs:dateTime": "datetime",
    "xs:base64Binary": "bytes",
}

_HEAD = '''"""The typed values of the contract. Made from mktows.wsdl by `make messages`, not by hand.

Every member is named as the contract's element. Absent is None, for lists the empty tuple; which
members are required is checked where they are used, since clients leave out what they must not.
A dateTime is aware, except one that was sent without an offset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """One element with children. Holds values and other messages, never itself: no garbage cycles."""

'''


def render(facts: schema.Schema) -> str:
    """The text of messages.py, formatted."""
    parts = [_HEAD]
    parts += [_enumeration(name, values) for name, values in sorted(facts.enums.items())]
    names = sorted(facts.types, key=lambda name: (facts.types[name].base is not None, name))
    parts += [_struct(facts.types[name]) for name in names]
    return "\n".join(parts) + "\n"


def _enumeration(name: str, values: tuple[str, ...]) -> str:
    quoted = [f'"{value}"' for value in values]
    line = f"{name} = Literal[{', '.join(quoted)}]"
    if len(line) <= _LINE:
        return line
    return "\n".join([f"{name} = Literal[", *(f"    {value}," for value in quoted), "]"])


def _struct(one: schema.ComplexType) -> str:
    lines = ["", "", f"class {one.name}({one.base or 'Message'}, frozen=True, gc=False):"]
    lines += [f"    {element.name}: {_annotation(one.name, element)}" for element in one.own] or ["    pass"]
    return "\n".join(lines)


def _annotation(owner: str, element: schema.Element) -> str:
    kind = TEXT_ON_THE_WAY_IN.get((owner, element.name)) or PYTHON_TYPES.get(element.type, element.type)
    return f"tuple[{kind}, ...] = ()" if element.many else f"{kind} | None = None"


def main() -> None:
    """Writes the file anew and says so."""
    TARGET.write_text(render(schema.read(wsdl.source())), encoding="utf-8")
    sys.stderr.write(f"wrote {TARGET.name}\n")


if __name__ == "__main__":
    main()
