"""Where leads live: partitions, workspaces, and the rules that place a new lead."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from synclead.leads.errors import InputError
from synclead.leads.text import fold, is_blank, quoted, trim

DEFAULT_WORKSPACE = "Default"
"""The workspace that every subscription has (spec: sync-lead, section 4)."""

TARGET_WORKSPACE = "targetWorkspace"
"""The header element that names a workspace; faults name it."""

Test = Literal["is", "is_not", "contains", "starts_with", "is_empty"]
"""What a condition asks of a value."""

TESTS: tuple[Test, ...] = get_args(Test)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A named view of the subscription; new leads of its calls go to its primary partition."""

    name: str
    primary_partition: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of a lead. `conditions.read_rule` makes it from a declaration."""

    field: str
    """Canonical name (`fields.Field.name`)."""
    test: Test
    values: tuple[str, ...] = ()
    """`is`, `contains`, `starts_with`: one of them must; `is_not`: none may. `is_empty`: `("false",)`
    asks the opposite, anything else asks for an empty value. Values are canonical."""

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether it holds of canonical values by field name; an unset field is empty text."""
        text = fold(values.get(self.field, ""))
        match self.test:
            case "is":
                return any(text == fold(value) for value in self.values)
            case "is_not":
                return all(text != fold(value) for value in self.values)
            case "contains":
                return any(fold(value) in text for value in self.values)
            case "starts_with":
                return any(text.startswith(fold(value)) for value in self.values)
            case "is_empty":
                return (text == "") != (self.values == ("false",))


@dataclass(frozen=True, slots=True)
class Rule:
    """A new lead of which all conditions hold goes to the partition."""

    partition: str
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The partitions and workspaces of one subscription. Names match without regard to case.

    Partition names in workspaces and rules take the spelling of `partitions`.

    Raises ValueError, naming the value, where a name is blank, defined twice or not defined, where
    the workspace `Default` is missing, or where a rule could hold by accident.
    """

    partitions: tuple[str, ...] = ("Default",)
    workspaces: tuple[Workspace, ...] = (Workspace(DEFAULT_WORKSPACE, "Default"),)
    enabled: bool = False
    """Whether workspaces are enabled; otherwise only `Default` may be named, and rules do not apply."""
    rules: tuple[Rule, ...] = ()
    """In order: the first that holds wins."""
    default: Workspace = field(init=False, repr=False, compare=False)
    """The workspace `Default`."""

    def __post_init__(self) -> None:
        spelling = _once("partition", self.partitions)
        names = _once("workspace", (workspace.name for workspace in self.workspaces))
        if fold(DEFAULT_WORKSPACE) not in names:
            raise ValueError(f"no workspace is called {DEFAULT_WORKSPACE}")
        workspaces = tuple(
            Workspace(w.name, _defined(f"workspace {w.name}", w.primary_partition, spelling)) for w in self.workspaces
        )
        rules = tuple(
            Rule(_defined(f"assignment rule {number}", rule.partition, spelling), tuple(rule.when))
            for number, rule in enumerate(self.rules, start=1)
        )
        for number, rule in enumerate(rules, start=1):
            for condition in rule.when:
                _check_condition(f"assignment rule {number}", condition)
        object.__setattr__(self, "partitions", tuple(self.partitions))
        object.__setattr__(self, "workspaces", workspaces)
        object.__setattr__(self, "rules", rules)
        default = next(w for w in workspaces if fold(w.name) == fold(DEFAULT_WORKSPACE))
        object.__setattr__(self, "default", default)

    def workspace(self, name: str | None) -> Workspace | None:
        """The workspace that a call names; None where it names none that matters.

        Where workspaces are not enabled, naming `Default` is naming none. Raises InputError for a
        workspace that nobody defined, and for any but `Default` where they are not enabled.
        """
        if name is None or is_blank(name):
            return None
        wanted = fold(trim(name))
        if not self.enabled:
            if wanted == fold(DEFAULT_WORKSPACE):
                return None
            raise InputError(
                TARGET_WORKSPACE,
                f"workspaces are not enabled, {quoted(trim(name))} is unknown",
                why="names a workspace, and workspaces are not enabled",
            )
        found = next((w for w in self.workspaces if fold(w.name) == wanted), None)
        if found is None:
            reason = f"no workspace is called {quoted(trim(name))}"
            raise InputError(TARGET_WORKSPACE, reason, why="is the name of no workspace")
        return found

    def partition(self, name: str | None) -> str | None:
        """The partition that a row of a file names, in its defined spelling; None where it names none.

        Raises InputError for one that nobody defined.
        """
        if name is None or is_blank(name):
            return None
        wanted = fold(trim(name))
        found = next((one for one in self.partitions if fold(one) == wanted), None)
        if found is None:
            raise InputError("Partition", f"no partition is called {quoted(trim(name))}")
        return found

    def partition_for_new(self, workspace: Workspace | None, values: Mapping[str, str]) -> tuple[str, str]:
        """The partition of a lead that is new or becomes known, and what decided it.

        `values` are the lead's canonical values after the call by field name, `Email` among them.
        """
        if not self.enabled:
            return self.default.primary_partition, "the one partition"
        for number, rule in enumerate(self.rules, start=1):
            if all(condition.holds(values) for condition in rule.when):
                return rule.partition, f"rule {number}"
        chosen = workspace or self.default
        return chosen.primary_partition, f"workspace {chosen.name}"


def _once(kind: str, names: Iterable[str]) -> dict[str, str]:
    """The names by the form they are compared in. Raises ValueError for a blank or repeated one."""
    spelling: dict[str, str] = {}
    for name in names:
        if not name or name != trim(name):
            raise ValueError(f"{kind} {quoted(name)} is blank or has white space at its ends")
        if fold(name) in spelling:
            raise ValueError(f"{kind} {quoted(name)} is defined twice")
        spelling[fold(name)] = name
    return spelling


def _defined(place: str, partition: str, spelling: Mapping[str, str]) -> str:
    try:
        return spelling[fold(trim(partition))]
    except KeyError:
        raise ValueError(f"{place}: no partition is called {quoted(partition)}") from None


def _check_condition(place: str, condition: Condition) -> None:
    where = f"{place}, field {condition.field}"
    if condition.test not in TESTS:
        raise ValueError(f"{where}: {quoted(condition.test)} is none of {', '.join(TESTS)}")
    if condition.test == "is_empty":
        if condition.values not in ((), ("true",), ("false",)):
            raise ValueError(f"{where}: is_empty is true or false, not {quoted(str(condition.values))}")
        return
    if not condition.values:
        raise ValueError(f"{where}: {condition.test} has no values")
    if condition.test in ("contains", "starts_with") and "" in condition.values:
        raise ValueError(f"{where}: {condition.test} with an empty text would always hold")
