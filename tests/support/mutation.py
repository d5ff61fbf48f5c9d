"""A pytest plugin that takes one rule out of the program, to see whether any test notices.

`python -m pytest -p support.mutation` with the rule's name in MUTATION; without one nothing is changed. It is imported
before the rooms that take functions of `tolerances` by name, so they get the changed ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from lxml import etree

from support.envelopes import SOAP
from synclead.leads import resolve
from synclead.leads.errors import InputError
from synclead.soap import tolerances

VARIABLE = "MUTATION"


def _without_row(step: int) -> Callable[[], None]:
    def mutate() -> None:
        resolve.TABLE = tuple(row for row in resolve.TABLE if row.step != step)

    return mutate


def _without_alias(kind: str, alias: str) -> Callable[[], None]:
    def mutate() -> None:
        kept = dict(tolerances._ALIASES)
        kept[kind] = {name: meant for name, meant in kept[kind].items() if name != alias}
        tolerances._ALIASES = kept

    return mutate


def _with_exact_letters_in(kind: str) -> Callable[[], None]:
    def mutate() -> None:
        tolerances._RECORD_TYPES -= {kind}

    return mutate


def _with(name: str, strict: object) -> Callable[[], None]:
    return lambda: setattr(tolerances, name, strict)


def _qualified_name(element: etree._Element) -> str:
    parent = element.getparent()
    if parent is None or str(parent.tag).startswith(f"{{{SOAP}}}"):
        return str(element.tag).rpartition("}")[2]
    return str(element.tag)


def _blank_content(element: etree._Element, value_limit: int) -> str | None:
    return _content(element, value_limit) or element.text or ""


def _clearing_nothing(element: etree._Element, value_limit: int) -> str | None:
    return _content(element, value_limit)


def _any_text(element: etree._Element) -> bool:
    return any(element.itertext())


def _refusing(element: etree._Element, inside: str) -> None:
    raise InputError(tolerances.shown(element), f"{inside} has no such element")


def _dropping(element: etree._Element, inside: str) -> None:
    return None


def _refusing_repeats(earlier: Iterable[etree._Element], element: etree._Element) -> bool:
    raise InputError(tolerances.shown(element), "given more than once")


def _last_counts(earlier: Iterable[etree._Element], element: etree._Element) -> bool:
    return tolerances.has_content(element)


def _xsd_boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


def _exact(text: str, values: Sequence[str]) -> str | None:
    return text if text in values else None


def _declared_type(element: etree._Element, extensions: Mapping[str, frozenset[str]]) -> str | None:
    return _selector_type(element, extensions) if element.get(f"{tolerances.XSI}type") else None


def _any_declared_type(element: etree._Element, extensions: Mapping[str, frozenset[str]]) -> str | None:
    declared = (element.get(f"{tolerances.XSI}type") or "").strip().rpartition(":")[2]
    return _selector_type(element, extensions) if declared in extensions else None


def _refusing_children(element: etree._Element) -> str:
    raise InputError(tolerances.shown(element), "elements where text belongs")


_content = tolerances.content
_selector_type = tolerances.selector_type

ROWS: Mapping[str, Callable[[], None]] = {
    f"row {row.step}: {row.target}": _without_row(row.step) for row in resolve.TABLE
}
"""The table of identity without one of its rows."""

TOLERANCES: Mapping[str, Callable[[], None]] = {
    **{
        f"aliases: {kind} without {alias}": _without_alias(kind, alias)
        for kind, names in tolerances._ALIASES.items()
        for alias in names
    },
    **{
        f"accepted_names: exact letters in {kind}": _with_exact_letters_in(kind)
        for kind in sorted(tolerances._RECORD_TYPES)
    },
    "TEXT_ON_THE_WAY_IN: numbers and enumerations by the contract": _with("TEXT_ON_THE_WAY_IN", {}),
    "local_name: the namespace counts": _with("local_name", _qualified_name),
    "either_first_letter: only as in the contract": _with("either_first_letter", lambda name: (name, name)),
    "operation_names: params alone": _with("operation_names", lambda operation, params: (params, params)),
    "join_surrogates: halves of a character stay": _with("join_surrogates", lambda source: source),
    "is_nil: never": _with("is_nil", lambda element: False),
    "content: blank is a value": _with("content", _blank_content),
    "content: no blank children": _with("_text_around_blank_children", _refusing_children),
    "value_content: blank is absent": _with("value_content", _clearing_nothing),
    "has_content: blanks are content": _with("has_content", _any_text),
    "skip_unknown: blank ones are refused too": _with("skip_unknown", _refusing),
    "skip_unknown: content is lost": _with("skip_unknown", _dropping),
    "repeated: blank ones are refused too": _with("repeated", _refusing_repeats),
    "repeated: the last counts": _with("repeated", _last_counts),
    "boolean: as XML Schema has it": _with("boolean", _xsd_boolean),
    "enumerated: exact": _with("enumerated", _exact),
    "timestamp_parts: no moment at all": _with("timestamp_parts", lambda text: None),
    "selector_type: only where declared": _with("selector_type", _declared_type),
    "selector_type: any declared type": _with("selector_type", _any_declared_type),
    "refuse_bare_text: text is lost": _with("refuse_bare_text", lambda element: None),
}
"""What is read liberally, each replaced by a reader without it; and what must not be lost, lost."""

if os.environ.get(VARIABLE):
    {**ROWS, **TOLERANCES}[os.environ[VARIABLE]]()
