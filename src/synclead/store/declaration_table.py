"""Checked access to one table of a declaration file: every mistake is collected, none stops the reading."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from synclead.leads.text import has_control, trim
from synclead.store.errors import StoreError

SECRET_KEYS = frozenset({"encryption_key", "encryption_keys"})
"""Their values never appear in a message."""


class DeclarationError(StoreError):
    """A declaration that cannot be applied; `problems` has one sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    @property
    def lines(self) -> tuple[str, ...]:
        """See StoreError."""
        return self.problems


def shown(value: object) -> str:
    """A value as a TOML file would have it, shortened."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = f'"{text}"' if isinstance(value, str) else text
    return text if len(text) <= 80 else f"{text[:77]}..."


def name_problem(text: str) -> str | None:
    """Why a text cannot be a name: 1 to 255 characters, no controls, no white space around it."""
    if not trim(text):
        return "is blank"
    if text != trim(text):
        return "has white space around it"
    if len(text) > 255:
        return "is longer than 255 characters"
    if has_control(text):
        return "contains a control character"
    return None


class Table:
    """One table of the file. Reading a key takes note of it, so that `finish` knows the unknown ones."""

    def __init__(self, raw: Mapping[str, object], where: str, problems: list[str]) -> None:
        self.where = where
        self.raw = raw
        self._problems = problems
        self._known: list[str] = []

    def refuse(self, key: str, reason: str) -> None:
        """Note that the value of a key is bad; names the place, the key and the value."""
        value = self.raw.get(key)
        named = key if key in SECRET_KEYS or value is None else f"{key} = {shown(value)}"
        self._problems.append(f"{self.where}: {named} {reason}")

    def note(self, problem: str) -> None:
        """Note a mistake that is not about a single key."""
        self._problems.append(f"{self.where}: {problem}")

    def has(self, key: str) -> bool:
        """Whether the file mentions the key."""
        self._known.append(key)
        return key in self.raw

    def text(self, key: str, required: bool = False) -> str | None:
        """A name-like text, or None where it is absent or bad."""
        value = self._value(key, required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(key, "must be a text in quotes")
            return None
        if problem := name_problem(value):
            self.refuse(key, f"{problem}; give 1 to 255 characters")
            return None
        return value

    def flag(self, key: str) -> bool | None:
        """A truth value, or None where it is absent or bad."""
        value = self._value(key)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(key, "must be true or false")
        return None

    def number(self, key: str, low: int, high: int) -> int | None:
        """A whole number between the limits, or None where it is absent or bad."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(key, f"must be a whole number from {low} to {high}")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts as they stand, or None where it is absent or bad."""
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(key, 'must be a list of texts, like ["one", "two"]')
            return None
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, object] | None:
        """A table as it stands, or None where it is absent or bad."""
        value = self._value(key)
        if value is None or isinstance(value, dict):
            return value
        self.refuse(key, "must be a table, like { key = value }")
        return None

    def table(self, key: str) -> "Table | None":
        """A table to be read key by key, or None where it is absent or bad."""
        raw = self.mapping(key)
        return None if raw is None else Table(raw, f"{self.where}, {key}", self._problems)

    def tables(self, key: str, what: str, name_key: str, bare_names: bool = False) -> "list[Table] | None":
        """A list of tables, or None where it is absent or bad.

        `what` and the value of `name_key` say in messages which table it is. With `bare_names` a
        text stands for a table of a name alone.
        """
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.refuse(key, "must be a list of tables")
            return None
        found: list[Table] = []
        for place, raw in enumerate(value, start=1):
            item = {name_key: raw} if bare_names and isinstance(raw, str) else raw
            if not isinstance(item, dict):
                self.note(f"entry {place} of {key} must be a table, like {{ {name_key} = ... }}")
                continue
            name = item.get(name_key)
            label = shown(name) if isinstance(name, str) else str(place)
            found.append(Table(item, f"{self.where}, {what} {label}", self._problems))
        return found

    def finish(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self.raw:
            if key not in self._known:
                close = get_close_matches(key, self._known, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"known keys: {', '.join(self._known)}"
                self.note(f"unknown key {shown(key)}; {hint}")

    def _value(self, key: str, required: bool = False) -> object:
        self._known.append(key)
        value = self.raw.get(key)
        if value is None and required:
            self.note(f"{key} is missing; add it")
        return value
