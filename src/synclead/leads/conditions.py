"""Assignment rules as a declaration writes them, made ready to be asked."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from synclead.leads.errors import InputError
from synclead.leads.fields import EMAIL, Catalogue, Field
from synclead.leads.keys import bare_address
from synclead.leads.places import TESTS, Condition, Rule
from synclead.leads.text import quoted
from synclead.leads.values import parse_value


def read_rule(partition: str, when: Iterable[Mapping[str, object]], catalogue: Catalogue, zone: ZoneInfo) -> Rule:
    """A rule from `[{ field = "Country", is = ["Germany", "France"] }, ...]`.

    All tests of all tables must hold. Values of `is` and `is_not` take the canonical form of their
    field, so that `is = "yes"` finds a boolean; an Email that of the key. Raises ValueError, naming the value.
    """
    return Rule(partition, tuple(c for table in when for c in _read_conditions(table, catalogue, zone)))


def _read_conditions(table: Mapping[str, object], catalogue: Catalogue, zone: ZoneInfo) -> Iterable[Condition]:
    name = table.get("field")
    field = (catalogue.find(name) or catalogue.get(name)) if isinstance(name, str) else None
    if field is None:
        raise ValueError(f"assignment rule: no field is called {quoted(str(name))}")
    where = f"assignment rule, field {field.name}"
    unknown = [key for key in table if key != "field" and key not in TESTS]
    if unknown:
        raise ValueError(f"{where}: {quoted(unknown[0])} is none of {', '.join(TESTS)}")
    conditions = [
        Condition(field.name, test, _values(where, field, test, table[test], zone)) for test in TESTS if test in table
    ]
    if not conditions:
        raise ValueError(f"{where}: has none of {', '.join(TESTS)}")
    return conditions


def _values(where: str, field: Field, test: str, value: object, zone: ZoneInfo) -> tuple[str, ...]:
    """The texts that a test compares with. Raises ValueError, naming the value."""
    if test == "is_empty":
        if not isinstance(value, bool):
            raise ValueError(f"{where}: is_empty is true or false, not {quoted(str(value))}")
        return ("true",) if value else ("false",)
    texts: list[str] = []
    for text in value if isinstance(value, list | tuple) else (value,):
        if not isinstance(text, str):
            raise ValueError(f"{where}: {test} compares texts, {quoted(str(text))} is none")
        texts.append(text)
    if test in ("contains", "starts_with"):
        return tuple(texts)
    if field.name == EMAIL:
        return tuple(map(bare_address, texts))
    try:
        return tuple(parse_value(field, text, zone) or "" for text in texts)
    except InputError as fault:
        raise ValueError(f"{where}: {fault.message}") from None
