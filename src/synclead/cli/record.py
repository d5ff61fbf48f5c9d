"""Reads the arguments of `synclead sync`: KEY=VALUE, keys of the record beside attributes."""

from collections.abc import Iterable
from typing import Any

import typer

from synclead.leads.record import RawAttribute, RawRecord

_KEYS = {
    "id": "id",
    "email": "email",
    "foreignsyspersonid": "foreign_id",
    "foreignsystype": "foreign_type",
    "marketocookie": "cookie",
}
"""The elements that are keys, in small letters: RawRecord's name of each."""


def read_record(pairs: Iterable[str], workspace: str | None = None) -> RawRecord:
    """The record of a call. A blank key is absent; a blank attribute clears its field.

    Raises typer.BadParameter for an argument that is not KEY=VALUE, and for a key that stands twice.
    """
    keys: dict[str, str] = {}
    attributes: list[RawAttribute] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE, like Email=t@t.com")
        key = _KEYS.get(name.lower())
        if key is None:
            attributes.append(RawAttribute(name, value))
        elif key in keys:
            raise typer.BadParameter(f"{name} stands twice; keep one")
        else:
            keys[key] = value
    given: dict[str, Any] = {key: value for key, value in keys.items() if value.strip()}
    return RawRecord(**given, attributes=tuple(attributes), workspace=workspace or None)
