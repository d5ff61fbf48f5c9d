"""Workspaces are found by name, and rules place new leads."""

from zoneinfo import ZoneInfo

import pytest

from synclead.leads.conditions import read_rule
from synclead.leads.errors import InputError
from synclead.leads.fields import Catalogue
from synclead.leads.places import Condition, Places, Rule, Workspace

UTC = ZoneInfo("UTC")
CATALOGUE = Catalogue()
PARTITIONS = ("Default", "Europe", "Asia")
WORKSPACES = (Workspace("Default", "Default"), Workspace("EMEA", "Europe"))


def europe(*when: dict[str, object]) -> Rule:
    return read_rule("europe", when, CATALOGUE, UTC)


def places(*rules: Rule, enabled: bool = True) -> Places:
    return Places(PARTITIONS, WORKSPACES, enabled, rules)


@pytest.mark.parametrize("name", [None, "", " \u3000"])
def test_no_name_is_no_workspace(name: str | None) -> None:
    """A blank header is absent, whether workspaces are enabled or not."""
    assert places().workspace(name) is None
    assert places(enabled=False).workspace(name) is None


def test_workspaces_are_named_without_regard_to_case() -> None:
    """The document's Java sample says `default`."""
    assert places().workspace("default") == WORKSPACES[0]
    assert places().workspace(" emea ") == WORKSPACES[1]


def test_default_may_be_named_where_workspaces_are_not_enabled() -> None:
    """Naming `Default` there is naming none: no lead is out of reach."""
    assert places(enabled=False).workspace("DEFAULT") is None


def test_an_undefined_workspace_is_refused() -> None:
    """A workspace that nobody defined is an input error that names it."""
    with pytest.raises(InputError, match="Bad value for targetWorkspace: no workspace is called 'APAC'"):
        places().workspace("APAC")


def test_another_workspace_is_refused_where_they_are_not_enabled() -> None:
    """Even a defined one, since workspaces are not enabled."""
    with pytest.raises(InputError, match="workspaces are not enabled, 'EMEA' is unknown"):
        places(enabled=False).workspace("EMEA")


def test_the_first_rule_that_holds_places_a_new_lead() -> None:
    """Rules are asked in order, before the named workspace's primary partition."""
    asia = read_rule("Asia", [{"field": "Country", "is": ["Japan", "Germany"]}], CATALOGUE, UTC)
    ruled = places(europe({"field": "Country", "is": ["Germany", "France"]}), asia)
    emea = ruled.workspace("EMEA")
    assert ruled.partition_for_new(emea, {"Country": "GERMANY"}) == ("Europe", "rule 1")
    assert ruled.partition_for_new(emea, {"Country": "japan"}) == ("Asia", "rule 2")
    assert ruled.partition_for_new(emea, {"Country": "Peru"}) == ("Europe", "workspace EMEA")
    assert ruled.partition_for_new(None, {}) == ("Default", "workspace Default")


def test_rules_do_not_apply_where_workspaces_are_not_enabled() -> None:
    """Every new lead goes to the one partition."""
    ruled = places(europe({"field": "Country", "is": ["Germany"]}), enabled=False)
    assert ruled.partition_for_new(None, {"Country": "Germany"}) == ("Default", "the one partition")


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        pytest.param({"is": ["x", "y"]}, {"City": "Y"}, True, id="is: one of the values, any case"),
        pytest.param({"is": ["x"]}, {"City": "xy"}, False, id="is: the whole text"),
        pytest.param({"is": ["x"]}, {}, False, id="is: an unset field has no text"),
        pytest.param({"is": [""]}, {}, True, id="is: an unset field is empty text"),
        pytest.param({"is": "x"}, {"City": "x"}, True, id="is: one value may stand alone"),
        pytest.param({"is": ["STRASSE"]}, {"City": "Straße"}, True, id="is: full case folding"),
        pytest.param({"is": ["é"]}, {"City": "É"}, True, id="is: any composition"),
        pytest.param({"is_not": ["x", "y"]}, {"City": "y"}, False, id="is_not: none of the values"),
        pytest.param({"is_not": ["x", "y"]}, {"City": "z"}, True, id="is_not: another value"),
        pytest.param({"is_not": ["x"]}, {}, True, id="is_not: an unset field"),
        pytest.param({"contains": ["ER"]}, {"City": "Berlin"}, True, id="contains: a part, any case"),
        pytest.param({"contains": ["q", "z"]}, {"City": "Berlin"}, False, id="contains: no such part"),
        pytest.param({"starts_with": ["BER"]}, {"City": "Berlin"}, True, id="starts_with: the start"),
        pytest.param({"starts_with": ["lin"]}, {"City": "Berlin"}, False, id="starts_with: not the end"),
        pytest.param({"is_empty": True}, {}, True, id="is_empty: an unset field"),
        pytest.param({"is_empty": True}, {"City": "x"}, False, id="is_empty: a set field"),
        pytest.param({"is_empty": False}, {"City": "x"}, True, id="is_empty false: a set field"),
        pytest.param({"is_empty": False}, {}, False, id="is_empty false: an unset field"),
        pytest.param({"is": ["x"], "is_empty": True}, {"City": "x"}, False, id="all tests must hold"),
    ],
)
def test_a_condition_holds(condition: dict[str, object], values: dict[str, str], holds: bool) -> None:
    """Conditions compare text without regard to case; an unset field is empty text."""
    ruled = places(europe({"field": "City", **condition}))
    placed = ruled.partition_for_new(None, values)
    assert placed == (("Europe", "rule 1") if holds else ("Default", "workspace Default"))


def test_all_conditions_of_a_rule_must_hold() -> None:
    """A rule with two conditions wants both; one with none always holds."""
    ruled = places(europe({"field": "City", "is": "x"}, {"field": "email", "contains": ["@e.de"]}))
    assert ruled.partition_for_new(None, {"City": "x", "Email": "a@E.de"})[0] == "Europe"
    assert ruled.partition_for_new(None, {"City": "x", "Email": "a@e.fr"})[0] == "Default"
    assert places(Rule("Asia", ())).partition_for_new(None, {}) == ("Asia", "rule 1")


def test_values_of_a_condition_take_the_canonical_form_of_their_field() -> None:
    """A rule that says `yes` finds a boolean, and one that says `1,000` a number."""
    ruled = europe({"field": "donotcall", "is": ["yes"]}, {"field": "LeadScore", "is_not": ["1,000", ""]})
    assert ruled.when == (
        Condition("DoNotCall", "is", ("1",)),
        Condition("LeadScore", "is_not", ("1000", "")),
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"field": "pants", "is": ["x"]}, "no field is called 'pants'"),
        ({"is": ["x"]}, "no field is called 'None'"),
        ({"field": "City"}, "field City: has none of is, is_not"),
        ({"field": "City", "ist": ["x"]}, "field City: 'ist' is none of is, is_not"),
        ({"field": "City", "is": [1]}, "field City: is compares texts, '1' is none"),
        ({"field": "City", "is_empty": "yes"}, "is_empty is true or false, not 'yes'"),
        ({"field": "LeadScore", "is": ["many"]}, "LeadScore: score 'many' is not a whole number"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(table: dict[str, object], reason: str) -> None:
    """Declarations are refused with the value that is wrong."""
    with pytest.raises(ValueError, match=reason):
        europe(table)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"partitions": ()}, "workspace Default: no partition is called 'Default'"),
        ({"partitions": ("Default", "Europe", "DEFAULT")}, "partition 'DEFAULT' is defined twice"),
        ({"partitions": ("Default", "Europe", " ")}, "partition ' ' is blank"),
        ({"workspaces": (Workspace("EMEA", "Europe"),)}, "no workspace is called Default"),
        ({"workspaces": (*WORKSPACES, Workspace("emea", "Europe"))}, "workspace 'emea' is defined twice"),
        ({"workspaces": (Workspace("Default", "Mars"),)}, "workspace Default: no partition is called 'Mars'"),
        ({"rules": (Rule("Mars", ()),)}, "assignment rule 1: no partition is called 'Mars'"),
        ({"rules": (Rule("Europe", (Condition("City", "is"),)),)}, "rule 1, field City: is has no values"),
        ({"rules": (Rule("Europe", (Condition("City", "contains", ("",)),)),)}, "would always hold"),
        ({"rules": (Rule("Europe", (Condition("City", "is_empty", ("no",)),)),)}, "is true or false"),
        ({"rules": (Rule("Europe", (Condition("City", "like", ("x",)),)),)}, "'like' is none of"),  # type: ignore[arg-type]
    ],
)
def test_places_that_contradict_themselves_are_refused(arguments: dict[str, object], reason: str) -> None:
    """Places are checked as a whole when they are made."""
    with pytest.raises(ValueError, match=reason):
        Places(**{"partitions": PARTITIONS, "workspaces": WORKSPACES, **arguments})  # type: ignore[arg-type]


def test_partitions_are_named_in_their_own_spelling() -> None:
    """Workspaces and rules may spell a partition in any case; leads get its defined name."""
    made = Places(("Default", "Europe"), (Workspace("default", "EUROPE"),), True, (Rule("dEFAULT", ()),))
    assert made.workspaces == (Workspace("default", "Europe"),)
    assert made.partition_for_new(None, {}) == ("Default", "rule 1")


def test_one_partition_and_one_workspace_are_the_default() -> None:
    """A subscription that declares neither has one of each, `Default`."""
    assert Places().partition_for_new(None, {}) == ("Default", "the one partition")
