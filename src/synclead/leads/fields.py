"""The field catalogue: which values a lead can have, under which names."""

from collections.abc import Iterable
from dataclasses import dataclass

from synclead.leads.field_types import FIELD_TYPES, FieldType
from synclead.leads.standard_fields import STANDARD_FIELDS
from synclead.leads.text import fold, has_control, quoted, trim

__all__ = [
    "EMAIL",
    "FIELD_TYPES",
    "STANDARD",
    "Catalogue",
    "Field",
    "FieldType",
    "auto_field",
    "rest_name_of",
]

EMAIL = "Email"
"""Canonical name of the field that is also a key; it is stored apart from the other values."""

NAME_LENGTH = 255
"""Most characters that the name of a field can have."""

TEXT_LENGTH = 65_535
"""Most characters that any value can have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a lead."""

    name: str
    """Key of stored values: the SOAP name, or the REST name where there is none."""
    soap_name: str | None
    rest_name: str
    label: str
    type: FieldType
    read_only: bool = False
    max_length: int | None = None
    """In characters; None: the limit of the type."""
    auto: bool = False
    """Made by a call under `unknown_fields = "create"`."""

    @property
    def writable_by_soap(self) -> bool:
        """Whether a SOAP call may name it: read-only fields without a SOAP name it may not."""
        return self.soap_name is not None or not self.read_only


def rest_name_of(name: str) -> str:
    """The REST name of a field that was given none: its name with a small first letter."""
    return name[:1].lower() + name[1:]


def auto_field(name: str) -> Field:
    """The string field that a call makes by naming it (spec: sync-lead, section 5)."""
    return Field(name, name, rest_name_of(name), name, "string", auto=True)


STANDARD: tuple[Field, ...] = tuple(
    Field(soap or rest, soap, rest, label, type_, read_only) for soap, rest, label, type_, read_only in STANDARD_FIELDS
)
"""The fields that every subscription has."""


class Catalogue:
    """The fields of one subscription. Immutable; a catalogue with more fields is another one."""

    __slots__ = ("_by_attr_name", "_by_name", "_by_written_name", "fields")

    fields: tuple[Field, ...]
    """Standard fields, then the subscription's own in the order they were given."""

    def __init__(self, custom: Iterable[Field] = ()) -> None:
        """Holds the standard fields and `custom`.

        Of two fields with one canonical name the first stays. Of two that one attribute name could
        mean, the one with that SOAP name is found. `check` keeps both from arising.
        """
        by_name = dict(_STANDARD_BY_NAME)
        by_attr_name = dict(_STANDARD_BY_ATTR_NAME)
        _index(custom, by_name, by_attr_name)
        self._hold(by_name, by_attr_name)

    def _hold(self, by_name: dict[str, Field], by_attr_name: dict[str, Field]) -> None:
        self._by_name = by_name
        self._by_attr_name = by_attr_name
        self._by_written_name = {name: field for name, field in by_attr_name.items() if field.writable_by_soap}
        self.fields = tuple(by_name.values())

    def find(self, attr_name: str) -> Field | None:
        """The field that an attribute of a SOAP call names: by SOAP name, else by REST name.

        Without regard to case. Read-only fields without a SOAP name are not found.
        """
        field = self._by_written_name.get(attr_name)
        return self._by_written_name.get(fold(attr_name)) if field is None else field

    def get(self, name: str) -> Field | None:
        """The field with this canonical name (`Field.name`)."""
        return self._by_name.get(name)

    def bears(self, name: str) -> bool:
        """Whether any field has this SOAP or REST name, also one that a SOAP call may not name."""
        return fold(name) in self._by_attr_name

    def room_for_created(self, limit: int) -> int:
        """How many more fields calls may make by naming them, where `limit` is how many there may be."""
        return limit - sum(field.auto for field in self.fields)

    def with_fields(self, new: Iterable[Field]) -> "Catalogue":
        """A catalogue that also has `new`."""
        by_name, by_attr_name = dict(self._by_name), dict(self._by_attr_name)
        _index(new, by_name, by_attr_name)
        grown = Catalogue.__new__(Catalogue)
        grown._hold(by_name, by_attr_name)
        return grown

    def check(self, field: Field) -> None:
        """Raises ValueError, naming the value, where `field` cannot be added."""
        for name in (field.name, field.soap_name, field.rest_name):
            if name is not None:
                check_field_name(name)
                if self.bears(name):
                    raise ValueError(f"field name {quoted(name)} is taken")
        if field.type not in FIELD_TYPES:
            raise ValueError(f"field {field.name}: type {quoted(field.type)} is none of {', '.join(FIELD_TYPES)}")
        if field.max_length is not None and not 1 <= field.max_length <= TEXT_LENGTH:
            raise ValueError(f"field {field.name}: max_length {field.max_length} is not from 1 to {TEXT_LENGTH}")


def check_field_name(name: str) -> None:
    """Raises ValueError, with the reason as text, where a field cannot be called so."""
    if name != trim(name):
        raise ValueError(f"field name {quoted(name)} has white space at its ends")
    if not name:
        raise ValueError("field name is empty")
    if len(name) > NAME_LENGTH:
        raise ValueError(f"field name {quoted(name)} has {len(name)} characters, at most {NAME_LENGTH} are allowed")
    if has_control(name):
        raise ValueError(f"field name {quoted(name)} has a control character")


def _index(fields: Iterable[Field], by_name: dict[str, Field], by_attr_name: dict[str, Field]) -> None:
    """Adds fields under their canonical names, and under every text an attribute can name them by."""
    added = []
    for field in fields:
        if by_name.setdefault(field.name, field) is field:
            added.append(field)
    for field in added:
        if field.soap_name is not None:
            _claim(field, field.soap_name, by_attr_name)
    for field in added:
        by_attr_name.setdefault(fold(field.rest_name), field)


def _claim(field: Field, soap_name: str, by_attr_name: dict[str, Field]) -> None:
    """A SOAP name goes before REST names; of two SOAP names equal but for case, the first stays."""
    key = fold(soap_name)
    holder = by_attr_name.get(key)
    if holder is None or holder.soap_name is None or fold(holder.soap_name) != key:
        by_attr_name[key] = field
        # The usual spelling is found without folding it first.
        by_attr_name.setdefault(soap_name, field)


_STANDARD_BY_NAME: dict[str, Field] = {}
_STANDARD_BY_ATTR_NAME: dict[str, Field] = {}
_index(STANDARD, _STANDARD_BY_NAME, _STANDARD_BY_ATTR_NAME)
