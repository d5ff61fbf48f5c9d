"""The settings that decide where the documented rules leave a choice."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Policy:
    """One subscription's choices; the defaults are the document's (spec: sync-lead, sections 1 to 5)."""

    require_foreign_sys_type: bool = False
    """Whether a foreign id without a type is a fault; otherwise its type is CUSTOM."""
    unknown_id: Literal["fault", "next_key"] = "fault"
    """What an Id does that no lead has."""
    cookie_conflict: Literal["move", "update"] = "move"
    """What a cookie of a lead does beside another person's Email."""
    bad_cookie: Literal["fault", "ignore"] = "fault"
    """What a cookie does that cannot be read, or is of another account."""
    workspace_mismatch: Literal["fault", "update"] = "fault"
    """What happens to a lead that the named workspace does not reach."""
    unknown_fields: Literal["fault", "create"] = "fault"
    """What an attribute does that no field is called."""
    bad_value: Literal["fault", "skip"] = "fault"
    """What a value does that its field cannot have."""
    created_fields_limit: int = 500
    """Under `unknown_fields = "create"`: how many fields calls and files may make in all."""

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """Reads the table `policy` of a declaration: its keys, over those of its `preset`.

        Raises ValueError, naming key and value.
        """
        chosen: dict[str, Any] = {}
        if "preset" in mapping:
            chosen.update(_preset(mapping["preset"]))
        for key, value in mapping.items():
            if key == "preset":
                continue
            if key in _MOST:
                # By type: a bool is an int too.
                if type(value) is not int or not 0 <= value <= _MOST[key]:
                    raise ValueError(f"policy: {key} = {value!r} is no whole number from 0 to {_MOST[key]}")
                chosen[key] = value
                continue
            allowed = _CHOICES.get(key)
            if allowed is None:
                raise ValueError(f"policy: key {key!r} is none of preset, {', '.join([*_CHOICES, *_MOST])}")
            # By type too: 0 equals False, and a declaration that says 0 means something else.
            if not any(type(value) is type(choice) and value == choice for choice in allowed):
                raise ValueError(f"policy: {key} = {value!r} is none of {_listed(allowed)}")
            chosen[key] = value
        return cls(**chosen)


PRESETS: Mapping[str, Mapping[str, object]] = {
    "document": {},
    "forgiving": {
        "unknown_id": "next_key",
        "bad_cookie": "ignore",
        "workspace_mismatch": "update",
        "unknown_fields": "create",
        "bad_value": "skip",
    },
}
"""Named sets of choices: as the document says, and one that refuses as little as it can."""

_MOST: Mapping[str, int] = {"created_fields_limit": 10_000}
"""Keys that are whole numbers, and the highest that each may be."""

_CHOICES: dict[str, tuple[object, ...]] = {
    field.name: get_args(hint) or (False, True)
    for field in fields(Policy)
    for hint in (get_type_hints(Policy)[field.name],)
    if field.name not in _MOST
}


def _preset(name: object) -> Mapping[str, object]:
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"policy: preset = {name!r} is none of {_listed(tuple(PRESETS))}")
    return PRESETS[name]


def _listed(choices: tuple[object, ...]) -> str:
    return ", ".join(str(choice).lower() if isinstance(choice, bool) else repr(choice) for choice in choices)
