"""Reading a declaration file: what is understood, and what each mistake is answered with."""

import pytest

from synclead.store.declaration import read_declaration
from synclead.store.declaration_table import DeclarationError
from synclead.store.declared import DeclaredField, DeclaredRule

WHOLE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-hyg-937"
munchkin_aliases = ["100-AAA-200"]
workspaces_enabled = true
first_lead_id = 1000001
time_zone = "Europe/Berlin"
limits = { calls_per_day = 10000, calls_per_20s = 100, concurrent_calls = 10 }
policy = { preset = "document", bad_cookie = "ignore" }
api_users  = [ { id = "bigcorp1_461839624B16E06BA2D663", encryption_key_env = "BIGCORP_KEY" } ]
partitions = [ "Default", "Europe" ]
workspaces = [ { name = "Default", primary_partition = "Default" },
               { name = "EMEA", primary_partition = "Europe" } ]
fields     = [ { name = "FavouriteColour", type = "string", label = "Favourite colour", rest_name = "favouriteColour" } ]
[[subscription.assignment_rules]]
partition = "Europe"
when = [ { field = "Country", is = ["Germany", "France"] } ]
"""
ENVIRON = {"BIGCORP_KEY": "secret-1"}


def subscription(lines: str, account: str = "561-HYG-937") -> str:
    """A file of one subscription with more lines."""
    return f'[[subscription]]\nname = "Example Corp"\nmunchkin_account = "{account}"\n{lines}\n'


def problems_of(text: str) -> tuple[str, ...]:
    """What a file is refused with."""
    with pytest.raises(DeclarationError) as refused:
        read_declaration(text, ENVIRON)
    return refused.value.problems


def test_the_documented_example_is_understood() -> None:
    """Every key of the documented example is read, the account in capitals, the key from the environment."""
    (found,) = read_declaration(WHOLE, ENVIRON)

    assert found.name == "Example Corp"
    assert found.munchkin_account == "561-HYG-937"
    assert found.munchkin_aliases == ("100-AAA-200",)
    assert found.workspaces_enabled is True
    assert found.first_lead_id == 1000001
    assert found.time_zone == "Europe/Berlin"
    assert found.limits == {"calls_per_day": 10000, "calls_per_20s": 100, "concurrent_calls": 10}
    assert found.policy == {"preset": "document", "bad_cookie": "ignore"}
    assert [(user.id, user.keys) for user in found.api_users] == [("bigcorp1_461839624B16E06BA2D663", ("secret-1",))]
    assert [partition.name for partition in found.partitions] == ["Default", "Europe"]
    assert [(one.name, one.primary_partition) for one in found.workspaces] == [
        ("Default", "Default"),
        ("EMEA", "Europe"),
    ]
    assert found.fields == (DeclaredField("FavouriteColour", "string", "Favourite colour", "favouriteColour"),)
    assert found.assignment_rules == (DeclaredRule("Europe", ({"field": "Country", "is": ["Germany", "France"]},)),)


def test_what_a_file_does_not_mention_is_none() -> None:
    """Absent keys are read as not mentioned, so that what is stored stays."""
    (found,) = read_declaration(subscription(""), {})

    assert found.time_zone is None
    assert found.policy is None
    assert found.limits is None
    assert found.assignment_rules is None
    assert found.partitions == ()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('time_zome = "UTC"', ("Example Corp", '"time_zome"', 'did you mean "time_zone"?')),
        ('time_zone = "Europe/Berlim"', ("Example Corp", '"Europe/Berlim"', "Europe/Berlin")),
        ('time_zone = "Europe"', ("time_zone", '"Europe"', "not a known time zone")),
        ("time_zone = 5", ("time_zone = 5", "must be a text")),
        ('workspaces_enabled = "yes"', ('workspaces_enabled = "yes"', "true or false")),
        ("first_lead_id = 0", ("first_lead_id = 0", "from 1 to 2147483647")),
        ("first_lead_id = true", ("first_lead_id = true", "whole number")),
        ('munchkin_aliases = ["x"]', ("munchkin_aliases", '"x"', "NNN-AAA-NNN")),
        ('policy = { preset = "strict" }', ("Example Corp", "preset", "strict")),
        ('policy = { bad_cookie = "eat" }', ("bad_cookie", "eat")),
        ("limits = { calls_per_day = 0 }", ("Example Corp, limits", "calls_per_day = 0", "whole number from 1")),
        ("limits = { calls_per_20s = 1.5 }", ("Example Corp, limits", "calls_per_20s = 1.5", "whole number")),
        ("limits = { concurrent_calls = true }", ("Example Corp, limits", "concurrent_calls = true", "whole number")),
        (
            "limits = { calls_per_dya = 5 }",
            ("Example Corp, limits", '"calls_per_dya"', 'did you mean "calls_per_day"?'),
        ),
        ("limits = 5", ("Example Corp", "limits = 5", "must be a table")),
        ('api_users = [{ encryption_key = "k" }]', ("user 1", "id is missing")),
        ('api_users = [{ id = "a b", encryption_key = "k" }]', ('user "a b"', "without blanks")),
        ('api_users = [{ id = "u", encryption_keys = ["a", "b", "c"] }]', ('user "u"', "[new, old]")),
        ('api_users = [{ id = "u", encryption_key_env = "NO_KEY" }]', ('user "u"', "NO_KEY", "set it")),
        ('api_users = [{ id = "u", encryption_key = "a", encryption_keys = ["b"] }]', ("keep one",)),
        ('api_users = [{ id = "u" }, { id = "u" }]', ('user "u" stands twice',)),
        ('partitions = ["Europe", "europe"]', ('partition "Europe" stands twice',)),
        ('partitions = [" Europe"]', ('" Europe"', "white space")),
        ('workspaces = [{ name = "A" }, { name = "a" }]', ('workspace "A" stands twice',)),
        ('workspaces = ["A"]', ("entry 1 of workspaces must be a table",)),
        ('fields = [{ name = "F", type = "colour" }]', ('field "F"', '"colour"', "string, text")),
        ('fields = [{ name = "F", type = "string", max_length = 0 }]', ('field "F"', "max_length = 0")),
        (
            'assignment_rules = [{ partition = "Default", when = [{ field = "City" }] }]',
            ("rule 1", '"City"', "needs one of is, is_not"),
        ),
        (
            'assignment_rules = [{ partition = "Default", when = [{ field = "City", ist = "x" }] }]',
            ("rule 1", 'did you mean "is"?', "needs one of"),
        ),
        ("assignment_rules = [{ when = [] }]", ("rule 1", "partition is missing")),
    ],
)
def test_a_mistake_is_named_with_its_place_and_value(lines: str, words: tuple[str, ...]) -> None:
    """Each mistake is answered by a sentence that names the place, the key, the value and what to do."""
    problem = "; ".join(problems_of(subscription(lines)))

    for word in words:
        assert word in problem


@pytest.mark.parametrize("account", ["561HYG937", "561-HYG-93", "\u066561-HYG-937", "561-HY1-937"])
def test_a_bad_account_is_refused(account: str) -> None:
    """An account that is not NNN-AAA-NNN is refused with the form to use."""
    (problem,) = problems_of(subscription("", account))

    assert account in problem
    assert "NNN-AAA-NNN" in problem


def test_all_mistakes_are_told_at_once() -> None:
    """Mistakes of several subscriptions are listed together."""
    problems = problems_of('[[subscription]]\nname = "A"\n[[subscription]]\nmunchkin_account = "100-AAA-100"\nx = 1\n')

    assert [problem.split(";")[0] for problem in problems] == [
        "A: munchkin_account is missing",
        "subscription 2: name is missing",
        'subscription 2: unknown key "x"',
    ]


def test_one_name_or_account_or_user_in_two_subscriptions_is_refused() -> None:
    """Subscription names and accounts, in any letter case, and user ids stand once in a file."""
    user = 'api_users = [{ id = "u", encryption_key = "k" }]\n'
    problems = problems_of(subscription(user) + subscription(user).replace("Corp", "corp").replace("HYG", "hyg"))

    assert problems == (
        'file: subscription "Example Corp" stands twice; keep one',
        'file: munchkin_account "561-HYG-937" stands twice; keep one',
        'file: user "u" stands in two subscriptions; keep one',
    )


@pytest.mark.parametrize(
    "line",
    [
        "encryption_key = 27272727",
        'encryption_key = " 27272727"',
        'encryption_keys = ["27272727", 5]',
        'encryption_key = "27272727\\u0007"',
        'encryption_keys = ["27272727", "27272727"]',
        'encryption_kay = "27272727"',
    ],
)
def test_a_refusal_never_shows_a_key(line: str) -> None:
    """No message has the value of an encryption key in it."""
    problems = problems_of(subscription(f'api_users = [{{ id = "u", {line} }}]'))

    assert len(problems) == 1
    assert "27272727" not in problems[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[subscription]", "not a TOML file"),
        ("", "declares nothing"),
        ("x = " + "[" * 5000, "nested too deep"),
        ("[subscription]\nname = 'x'", "[[subscription]]"),
        ("[[subscriptions]]\nname = 'x'", 'did you mean "subscription"?'),
    ],
)
def test_a_file_that_is_no_declaration_is_refused(text: str, words: str) -> None:
    """A file without subscriptions, or no TOML at all, is refused with what to write."""
    problems = problems_of(text)

    assert len(problems) == 1
    assert words in problems[0]
