"""Adds the fields that a description of lead fields has and a subscription lacks (rest, section 5.7)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from synclead.leads.columns import is_key_name
from synclead.leads.fields import FIELD_TYPES, STANDARD, TEXT_LENGTH, Catalogue, Field
from synclead.leads.text import fold, quoted
from synclead.leads.values import STRING_LENGTH
from synclead.store.configuration import store_field
from synclead.store.custom_fields import locked_catalogue, new_field
from synclead.store.declaration_merge import TEXT_TYPES
from synclead.store.declared import DeclaredField
from synclead.store.engine import bump_config_version, writing


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One field of a description."""

    name: str
    """The SOAP name, or the REST name where there is none."""
    rest_name: str | None
    label: str
    type: str
    """As it is written: may be none of ours."""
    length: int | None
    """Most characters of a value; None where nothing is said."""
    read_only: bool


@dataclass(slots=True)
class FieldsAdded:
    """What a description came to."""

    added: list[Field] = field(default_factory=list)
    there: int = 0
    """How many fields there were already."""
    notes: list[str] = field(default_factory=list)
    """What was left out and why, and what differs: a line each."""


def read_described(text: str) -> list[DescribedField]:
    """The fields of the vendor's REST answer to describe, of its `result` alone, or of `fields list --json`.

    Raises ValueError, naming the place, for everything else.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    where = ""
    if isinstance(document, dict):
        if document.get("success") is False:
            raise ValueError(f"the answer is a failure, ask again: {json.dumps(document.get('errors'))}")
        document, where = document.get("result"), "result"
    if not isinstance(document, list):
        raise ValueError("neither a list of fields nor an answer to describe with its result")
    return [_described(one, f"{where}[{place}]") for place, one in enumerate(document)]


def _described(one: Any, where: str) -> DescribedField:
    if not isinstance(one, dict):
        raise ValueError(f"{where} is not the description of a field")
    if "searchableFields" in one:
        raise ValueError(f"{where} is an answer to describe2: ask for /rest/v1/leads/describe.json")
    if "rest_name" in one:  # as `fields list --json` writes it
        return DescribedField(
            name=_text(one, "name", where),
            rest_name=_text(one, "rest_name", where),
            label=_text(one, "label", where),
            type=_text(one, "type", where),
            length=_number(one, "max_length", where),
            read_only=bool(one.get("read_only")),
        )
    rest, soap = _part(one, "rest", where), _part(one, "soap", where)
    if not rest and not soap:
        raise ValueError(f"{where} has neither rest nor soap with a name")
    name = _text(soap, "name", f"{where}.soap") if soap else _text(rest, "name", f"{where}.rest")
    return DescribedField(
        name=name,
        rest_name=_text(rest, "name", f"{where}.rest") if rest else None,
        label=_text(one, "displayName", where) if one.get("displayName") else name,
        type=_text(one, "dataType", where),
        length=_number(one, "length", where),
        read_only=bool((soap or rest).get("readOnly")),
    )


def _part(one: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = one.get(key) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{where}.{key} is not an object with a name")
    return found


def _text(one: Mapping[str, Any], key: str, where: str) -> str:
    found = one.get(key)
    if not isinstance(found, str) or not found:
        raise ValueError(f"{where}.{key} is not a text")
    return found


def _number(one: Mapping[str, Any], key: str, where: str) -> int | None:
    found = one.get(key)
    if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
        raise ValueError(f"{where}.{key} is not a whole number")
    return found


def add_missing(
    engine: Engine, subscription_id: int, described: Sequence[DescribedField], *, dry_run: bool = False
) -> FieldsAdded:
    """Stores the missing fields in one transaction under the counter's lock; with `dry_run` none.

    Raises StoreError where the subscription is gone.
    """
    done = FieldsAdded()
    with writing(engine) as connection:
        catalogue = locked_catalogue(connection, subscription_id)
        for one in described:
            catalogue = _add(catalogue, one, done)
        if done.added and not dry_run:
            for new in done.added:
                store_field(connection, subscription_id, new.name, new)
            bump_config_version(connection, subscription_id)
    return done


def _add(catalogue: Catalogue, one: DescribedField, done: FieldsAdded) -> Catalogue:
    """The catalogue with the field; one that is there, or cannot be added, is noted."""
    there = _field_named(catalogue, one.name) or (_field_named(catalogue, one.rest_name) if one.rest_name else None)
    if there is not None:
        done.there += 1
        done.notes += _differences(there, one)
        return catalogue
    if is_key_name(one.name):
        done.notes.append(f"left out {one.name}: a key or a time of every lead, no field")
        return catalogue
    type_ = next((known for known in FIELD_TYPES if known == one.type), None)
    if type_ is None:
        done.notes.append(f"left out {one.name}: there are no fields of type {quoted(one.type)}")
        return catalogue
    longest = _longest(type_)
    says_more = longest is not None and one.length is not None and one.length != longest and one.length <= TEXT_LENGTH
    length = one.length if says_more else None
    try:
        new = new_field(catalogue, DeclaredField(one.name, type_, one.label, one.rest_name, length))
    except ValueError as error:
        done.notes.append(f"left out {one.name}: {error}")
        return catalogue
    done.added.append(new)
    if one.read_only:
        done.notes.append(f"{one.name} is read-only in the file and can be written here")
    return catalogue.with_fields([new])


def _field_named(catalogue: Catalogue, name: str) -> Field | None:
    """The field of a SOAP or REST name, also one that no call may name."""
    wanted = fold(name)
    return next((one for one in catalogue.fields if wanted in (fold(one.name), fold(one.rest_name))), None)


def _longest(type_: str) -> int | None:
    """Most characters that a type allows where its field says nothing; None where no length goes with it."""
    if type_ not in TEXT_TYPES:
        return None
    return TEXT_LENGTH if type_ == "text" else STRING_LENGTH


def _differences(there: Field, one: DescribedField) -> list[str]:
    """What the file says of a field otherwise than the catalogue."""
    pairs: list[tuple[str, str, str]] = [("type", there.type, one.type)]
    if there not in STANDARD:
        pairs.append(("label", there.label, one.label))
        if one.rest_name:
            pairs.append(("REST name", there.rest_name, one.rest_name))
    longest = there.max_length or _longest(there.type)
    notes = [
        f"kept {there.name}: its {what} is {own!r}, in the file {other!r}" for what, own, other in pairs if own != other
    ]
    if longest and one.length and one.length > longest:
        notes.append(f"kept {there.name}: it holds {longest} characters, in the file {one.length}")
    return notes
