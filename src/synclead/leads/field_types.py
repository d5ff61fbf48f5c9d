"""The names of the types that a lead field can have."""

from typing import Final, Literal, get_args

FieldType = Literal[
    "string",
    "text",
    "integer",
    "score",
    "float",
    "currency",
    "percent",
    "boolean",
    "date",
    "datetime",
    "phone",
    "url",
    "email",
]
"""How a value is read and kept (spec: sync-lead, section 5)."""

FIELD_TYPES: Final[tuple[FieldType, ...]] = get_args(FieldType)
"""The same, for checks of configuration."""
