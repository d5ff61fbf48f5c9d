"""Applying a declaration to a real database: what changes, what is refused, what stays."""

import os

import pytest
from sqlalchemy import Engine, event, insert, select, update

from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.apply import apply_declaration
from synclead.store.declaration import read_declaration
from synclead.store.declaration_table import DeclarationError
from synclead.store.demo import DEMO_USER, add_demo
from synclead.store.engine import reading, writing
from synclead.store.errors import StoreError
from synclead.store.master_keys import MasterKeys
from synclead.store.secrets import MasterKey
from synclead.store.subscriptions import find_subscription

KEYS = MasterKeys(lambda: [MasterKey(bytes(32))])
HEAD = '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'
WHOLE = """
workspaces_enabled = true
first_lead_id = 1000001
time_zone = "Europe/Berlin"
policy = { preset = "document", bad_cookie = "ignore" }
api_users  = [ { id = "bigcorp1_46", encryption_key = "secret-1" } ]
partitions = [ "Default", "Europe" ]
workspaces = [ { name = "Default", primary_partition = "Default" }, { name = "EMEA", primary_partition = "europe" } ]
fields     = [ { name = "FavouriteColour", type = "string", label = "Favourite colour" } ]
[[subscription.assignment_rules]]
partition = "Europe"
when = [ { field = "country", is = ["Germany", "France"] }, { field = "Unsubscribed", is = "no" } ]
"""


def apply(engine: Engine, text: str, dry_run: bool = False) -> tuple[str, ...]:
    """Apply a file."""
    return apply_declaration(engine, KEYS, read_declaration(text, {}), dry_run)


def refusal(engine: Engine, text: str) -> str:
    """What a file is refused with; checks that the refusal changed nothing."""
    before = dump(engine)
    with pytest.raises(DeclarationError) as refused:
        apply(engine, text)
    assert dump(engine) == before
    return str(refused.value)


def dump(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with reading(engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in schema.metadata.sorted_tables
        }


def stored(engine: Engine, name: str = "Example Corp") -> Subscription:
    """The subscription as a server reads it."""
    with reading(engine) as connection:
        return find_subscription(connection, name)


def add_lead(engine: Engine, partition: str = "Default", values: dict[str, str] | None = None) -> None:
    """A lead, as a writer leaves it."""
    with writing(engine) as connection:
        number = connection.execute(select(schema.counter.c.next_lead_id)).scalar_one()
        connection.execute(
            insert(schema.lead).values(
                subscription_id=1,
                id=number,
                partition=partition,
                change=1,
                created_at=0,
                updated_at=0,
                field_values=values or {},
            )
        )
        connection.execute(update(schema.counter).values(next_lead_id=number + 1))


def test_a_declared_subscription_is_what_a_server_reads(engine: Engine) -> None:
    """Everything of the file reaches the rules that a server works by; each change makes a line."""
    lines = apply(engine, HEAD + WHOLE)

    assert lines == (
        "added subscription Example Corp",
        "Example Corp: added user bigcorp1_46",
        "Example Corp: added partition Default",
        "Example Corp: added partition Europe",
        "Example Corp: added workspace Default",
        "Example Corp: added workspace EMEA",
        "Example Corp: added field FavouriteColour",
        "Example Corp: changed assignment rules, there are 1 now",
    )
    subscription = stored(engine)
    assert subscription.munchkin_account == "561-HYG-937"
    assert str(subscription.time_zone) == "Europe/Berlin"
    assert subscription.policy.bad_cookie == "ignore"
    places = subscription.places
    emea = places.workspace("emea")
    assert emea is not None
    assert places.partition_for_new(emea, {}) == ("Europe", "workspace EMEA")
    assert places.partition_for_new(None, {"Country": "france", "Unsubscribed": "0"}) == ("Europe", "rule 1")
    field = subscription.catalogue.find("favouritecolour")
    assert field is not None
    assert (field.rest_name, field.label) == ("favouriteColour", "Favourite colour")
    with reading(engine) as connection:
        assert connection.execute(select(schema.counter.c.next_lead_id)).scalar_one() == 1000001


def test_keys_are_sealed(engine: Engine) -> None:
    """An encryption key is stored sealed, and opens for its own user."""
    apply(engine, HEAD + WHOLE)

    with reading(engine) as connection:
        row = connection.execute(select(schema.api_key)).one()
    assert b"secret-1" not in row.sealed
    assert KEYS.open_api_key(row.sealed, row.subscription_id, "bigcorp1_46") == b"secret-1"


def test_a_bare_subscription_has_one_default_place(engine: Engine) -> None:
    """Without partitions and workspaces there is one of each, called Default."""
    apply(engine, HEAD)

    places = stored(engine).places
    assert places.partitions == ("Default",)
    assert places.partition_for_new(None, {}) == ("Default", "the one partition")


def test_applying_again_changes_nothing(engine: Engine) -> None:
    """The same file a second time gives no line and leaves every row as it is."""
    apply(engine, HEAD + WHOLE)
    before = dump(engine)

    assert apply(engine, HEAD + WHOLE) == ()
    assert dump(engine) == before


def test_what_a_file_does_not_mention_stays(engine: Engine) -> None:
    """A file with the required keys alone takes nothing away."""
    apply(engine, HEAD + WHOLE)
    before = dump(engine)

    assert apply(engine, HEAD) == ()
    assert dump(engine) == before


def test_a_change_raises_the_config_version(engine: Engine) -> None:
    """Running servers notice a change, because the config version is one higher."""
    apply(engine, HEAD + WHOLE)
    before = stored(engine).config_version

    lines = apply(engine, HEAD + 'time_zone = "UTC"\npolicy = { unknown_id = "next_key" }')

    assert lines == (
        'Example Corp: changed time_zone from "Europe/Berlin" to "UTC"',
        'Example Corp: changed policy unknown_id from "fault" to "next_key"',
    )
    assert stored(engine).config_version == before + 1
    assert stored(engine).policy.bad_cookie == "ignore"


def test_a_table_of_limits_replaces_the_stored_one(engine: Engine) -> None:
    """Limits are what the last table said: one that it does not name is gone, and an empty table takes all away."""

    def limits() -> dict[str, int]:
        with reading(engine) as connection:
            return dict(connection.execute(select(schema.subscription.c.limits)).scalar_one())

    apply(engine, HEAD + "limits = { calls_per_day = 10000, concurrent_calls = 10 }")
    assert limits() == {"calls_per_day": 10000, "concurrent_calls": 10}
    assert apply(engine, HEAD + 'time_zone = "Europe/Berlin"') != ()
    assert limits() == {"calls_per_day": 10000, "concurrent_calls": 10}

    assert apply(engine, HEAD + "limits = { calls_per_20s = 100, concurrent_calls = 5 }") == (
        "Example Corp: changed limit calls_per_day from 10000 to none",
        "Example Corp: changed limit calls_per_20s from none to 100",
        "Example Corp: changed limit concurrent_calls from 10 to 5",
    )
    assert limits() == {"calls_per_20s": 100, "concurrent_calls": 5}
    assert len(apply(engine, HEAD + "limits = {}")) == 2
    assert limits() == {}


def test_a_preset_decides_every_choice(engine: Engine) -> None:
    """A policy with a preset is the preset and what stands beside it, whatever was stored."""
    apply(engine, HEAD + 'policy = { cookie_conflict = "update" }')

    apply(engine, HEAD + 'policy = { preset = "forgiving", unknown_id = "fault" }')

    policy = stored(engine).policy
    assert (policy.cookie_conflict, policy.unknown_id, policy.bad_value) == ("move", "fault", "skip")


@pytest.mark.parametrize("line", ['time_zone = "UTC"', "removed = true"])
def test_every_change_begins_with_the_lock(engine: Engine, line: str) -> None:
    """Before anything of a stored subscription is read or written its counter row is locked."""
    apply(engine, HEAD + WHOLE)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(" ".join(call[2].split())))

    apply(engine, HEAD + line)

    # The first readings only find out which master key is in use and which subscription is meant.
    before = {"sqlite": ["BEGIN IMMEDIATE"], "postgresql": ["SET LOCAL", "SELECT pg_advisory_xact_lock"]}
    begin = before[engine.dialect.name]
    checking, finding, locking, *others = statements[len(begin) :]
    assert all(statement.startswith(one) for statement, one in zip(statements, begin, strict=False))
    assert checking.startswith("SELECT master_key_check.sealed")
    assert finding.startswith("SELECT subscription.id, subscription.name")
    assert locking.startswith("SELECT counter.subscription_id")
    assert locking.endswith("FOR UPDATE") is (engine.dialect.name == "postgresql")
    assert any(statement.startswith(("UPDATE", "DELETE")) for statement in others)


def test_a_dry_run_says_the_same_and_writes_nothing(engine: Engine) -> None:
    """A dry run gives the lines of the real one and leaves every row as it is."""
    before = dump(engine)

    lines = apply(engine, HEAD + WHOLE, dry_run=True)

    assert dump(engine) == before
    assert lines == apply(engine, HEAD + WHOLE)


def test_the_account_finds_a_renamed_subscription(engine: Engine) -> None:
    """A known account with another name renames the subscription."""
    apply(engine, HEAD)

    lines = apply(engine, HEAD.replace("Corp", "Inc"))

    assert lines == ('Example Inc: changed name from "Example Corp" to "Example Inc"',)
    assert stored(engine, "561-hyg-937").name == "Example Inc"


def test_a_name_and_an_account_of_two_subscriptions_are_refused(engine: Engine) -> None:
    """A file cannot give one subscription the account of another."""
    apply(engine, HEAD + HEAD.replace("Corp", "Inc").replace("561", "562"))

    assert "belongs to subscription" in refusal(engine, HEAD.replace("561", "562"))


def test_keys_are_rotated_by_declaring_two(engine: Engine) -> None:
    """[new, old] keeps both keys, the new one first; the lines never show them."""
    apply(engine, HEAD + WHOLE)

    lines = apply(engine, HEAD + 'api_users = [{ id = "bigcorp1_46", encryption_keys = ["secret-2", "secret-1"] }]')

    assert lines == ("Example Corp: changed the keys of user bigcorp1_46",)
    with reading(engine) as connection:
        rows = connection.execute(select(schema.api_key).order_by(schema.api_key.c.slot)).all()
    opened = [KEYS.open_api_key(row.sealed, row.subscription_id, row.user_id) for row in rows]
    assert opened == [b"secret-2", b"secret-1"]


def test_a_user_is_disabled_and_keeps_its_keys(engine: Engine) -> None:
    """`disabled = true` without a key says nothing about the key."""
    apply(engine, HEAD + WHOLE)

    lines = apply(engine, HEAD + 'api_users = [{ id = "bigcorp1_46", disabled = true }]')

    assert lines == ("Example Corp: disabled user bigcorp1_46",)
    assert dump(engine)["api_user"] == [("bigcorp1_46", 1, True, False)]
    assert len(dump(engine)["api_key"]) == 1


def test_a_disabled_user_stays_disabled_where_the_file_does_not_say(engine: Engine) -> None:
    """As all that a file does not mention: `disabled = false` enables; who is new is enabled."""
    apply(engine, HEAD + WHOLE)
    apply(engine, HEAD + 'api_users = [{ id = "bigcorp1_46", disabled = true }]')

    assert apply(engine, HEAD + 'api_users = [{ id = "bigcorp1_46", encryption_key = "secret-1" }]') == ()
    assert dump(engine)["api_user"] == [("bigcorp1_46", 1, True, False)]
    assert apply(engine, HEAD + 'api_users = [{ id = "bigcorp1_46", disabled = false }]') == (
        "Example Corp: enabled user bigcorp1_46",
    )
    apply(engine, HEAD + 'api_users = [{ id = "new", encryption_key = "secret-2" }]')
    assert dump(engine)["api_user"] == [("bigcorp1_46", 1, False, False), ("new", 1, False, False)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('api_users = [{ id = "new" }]', 'user "new" is new and has no encryption key'),
        ('workspaces = [{ name = "EMEA", primary_partition = "Asia" }]', "'Asia'"),
        ('workspaces = [{ name = "APAC" }]', 'workspace "APAC" has no primary_partition'),
        ('workspaces = [{ name = "default", removed = true }]', "Default"),
        ('partitions = [{ name = "Europe", removed = true }]', "'Europe'"),
        ('fields = [{ name = "F", type = "integer", max_length = 5 }]', "max_length does not go with type integer"),
        ('fields = [{ name = "Shoe" }]', '"Shoe" is new and has no type'),
        ('fields = [{ name = "Shoe", type = "string", rest_name = "firstName" }]', "'firstName' is taken"),
        ('fields = [{ name = "email", type = "string" }]', "'email' is taken"),
        ('fields = [{ name = "City", removed = true }]', "standard field"),
        ('assignment_rules = [{ partition = "Asia", when = [] }]', "'Asia'"),
        ('assignment_rules = [{ partition = "Europe", when = [{ field = "Shoe", is = "x" }] }]', "'Shoe'"),
        ('assignment_rules = [{ partition = "Europe", when = [{ field = "City", is = 5 }] }]', "'5'"),
    ],
)
def test_what_does_not_fit_what_is_stored_is_refused(engine: Engine, lines: str, words: str) -> None:
    """A contradiction to the stored state is refused with subscription and value; nothing changes."""
    apply(engine, HEAD + WHOLE)

    message = refusal(engine, HEAD + lines)

    assert message.startswith("Example Corp: ")
    assert words in message


def test_the_mistakes_of_all_subscriptions_are_told_at_once(engine: Engine) -> None:
    """One refusal lists what is wrong with each subscription."""
    user = 'api_users = [{ id = "u" }]\n'

    message = refusal(engine, HEAD + user + HEAD.replace("Corp", "Inc").replace("561", "562") + user[:-6] + '2" }]')

    assert [line.split(":")[0] for line in message.splitlines()] == ["Example Corp", "Example Inc"]


def test_a_user_of_another_subscription_is_refused(engine: Engine) -> None:
    """User ids are one set for the whole database."""
    apply(engine, HEAD + WHOLE)
    other = HEAD.replace("Corp", "Inc").replace("561", "562")

    message = refusal(engine, other + 'api_users = [{ id = "bigcorp1_46", encryption_key = "k" }]')

    assert 'user "bigcorp1_46" belongs to another subscription' in message


def test_places_with_leads_are_not_removed(engine: Engine) -> None:
    """A partition goes when it is empty and unused, and is refused while leads live in it."""
    apply(engine, HEAD + 'partitions = ["Default", "Europe"]')
    add_lead(engine, "Europe")
    removal = HEAD + 'partitions = [{ name = "europe", removed = true }]'

    assert 'partition "Europe" still has 1 leads' in refusal(engine, removal)

    with writing(engine) as connection:
        connection.execute(update(schema.lead).values(partition="Default"))
    assert apply(engine, removal) == ("Example Corp: removed partition Europe",)
    assert apply(engine, removal) == ()


@pytest.mark.parametrize("name", ["Shoe", 'Sh"oe'])
def test_fields_with_values_are_not_removed(engine: Engine, name: str) -> None:
    """A field goes, or takes another type, only when no lead has a value of it."""
    apply(engine, HEAD + f"fields = [{{ name = '{name}', type = 'string' }}]")
    add_lead(engine, values={name: "43"})

    removal = HEAD + f"fields = [{{ name = '{name}', removed = true }}]"
    assert "still has values of leads and cannot be removed" in refusal(engine, removal)
    assert 'cannot become "integer"' in refusal(engine, HEAD + f"fields = [{{ name = '{name}', type = 'integer' }}]")

    with writing(engine) as connection:
        connection.execute(update(schema.lead).values(field_values={}))
    assert apply(engine, removal) == (f"Example Corp: removed field {name}",)


def test_a_field_that_a_rule_uses_is_not_removed(engine: Engine) -> None:
    """Removing a field leaves no rule about nothing."""
    rule = 'assignment_rules = [{ partition = "Default", when = [{ field = "Shoe", is_empty = true }] }]\n'
    apply(engine, HEAD + rule + 'fields = [{ name = "Shoe", type = "string" }]')
    removal = 'fields = [{ name = "Shoe", removed = true }]\n'

    assert "used by an assignment rule" in refusal(engine, HEAD + removal)
    assert apply(engine, HEAD + removal + "assignment_rules = []") == (
        "Example Corp: removed field Shoe",
        "Example Corp: changed assignment rules, there are 0 now",
    )


def test_a_subscription_with_leads_is_not_removed(engine: Engine) -> None:
    """A subscription goes with everything of it, but never with leads."""
    apply(engine, HEAD + WHOLE)
    add_lead(engine)

    assert "still has 1 leads" in refusal(engine, HEAD + "removed = true")

    with writing(engine) as connection:
        connection.execute(update(schema.lead).values(forgotten_at=1))
    assert apply(engine, HEAD + "removed = true") == ("removed subscription Example Corp",)
    assert not any(dump(engine).values())
    assert apply(engine, HEAD + "removed = true") == ()


def test_lead_ids_are_never_given_twice(engine: Engine) -> None:
    """The first Id moves anywhere while none is handed out, afterwards only above the last one."""
    apply(engine, HEAD + "first_lead_id = 100")
    apply(engine, HEAD + "first_lead_id = 50")
    add_lead(engine)

    assert "first_lead_id = 40 is too low" in refusal(engine, HEAD + "first_lead_id = 40")
    assert "give 51 or more" in refusal(engine, HEAD + "first_lead_id = 49")

    apply(engine, HEAD + "first_lead_id = 500")
    assert dump(engine)["counter"][0][1] == 500


def test_the_demo_is_added_once(engine: Engine) -> None:
    """The demo's subscription is added when it is missing; its user is marked and cannot be changed."""
    assert add_demo(engine, KEYS)
    before = dump(engine)

    assert not add_demo(engine, KEYS)
    assert dump(engine) == before
    assert [(row[0], row[3]) for row in before["api_user"]] == [(DEMO_USER, True)]
    assert stored(engine, "100-AEK-913").places.enabled is False
    head = HEAD.replace("Example Corp", "Demo").replace("561-HYG-937", "100-AEK-913")
    message = refusal(
        engine, head + f'api_users = [{{ id = "{DEMO_USER}", encryption_key = "{os.urandom(4).hex()}" }}]'
    )
    assert "cannot be changed" in message


def test_the_published_demo_key_cannot_be_declared(engine: Engine) -> None:
    """The demo's user and key open nothing but the demo."""
    line = f'api_users = [{{ id = "{DEMO_USER}", encryption_key = "27272727aa" }}]'

    assert "published demo key" in refusal(engine, HEAD + line)


def test_the_demo_does_not_take_over_a_subscription(engine: Engine) -> None:
    """A database whose own subscription has the demo's account is refused."""
    apply(engine, HEAD.replace("561-HYG-937", "100-AEK-913"))

    with pytest.raises(StoreError, match="another database"):
        add_demo(engine, KEYS)
