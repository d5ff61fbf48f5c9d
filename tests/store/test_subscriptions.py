"""Configuration as read, and the directory of API users."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from synclead.store import schema
from synclead.store.directory import Directory
from synclead.store.engine import bump_config_version, lock_counter, reading, writing
from synclead.store.errors import StoreError
from synclead.store.master_keys import MasterKeys
from synclead.store.subscriptions import find_subscription, read_subscription


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_subscription_is_read_with_its_rules(engine: Engine, declare: Callable[..., int]) -> None:
    """Policy, time zone, custom fields, workspaces and rules arrive as the domain's values."""
    declare(
        1,
        policy={"preset": "forgiving"},
        time_zone="Europe/Berlin",
        workspaces_enabled=True,
        fields=[{"name": "FavouriteColour"}],
    )
    with writing(engine) as connection:
        connection.execute(
            insert(schema.assignment_rule).values(
                subscription_id=1,
                position=0,
                partition="Default",
                conditions=[{"field": "Country", "test": "is", "values": ["Germany"]}],
            )
        )

    with reading(engine) as connection:
        found = read_subscription(connection, 1)

    assert found is not None
    assert found.policy.unknown_id == "next_key"
    assert found.time_zone.key == "Europe/Berlin"
    assert found.catalogue.find("favouritecolour") == found.catalogue.get("FavouriteColour") is not None
    assert found.places.enabled
    assert found.places.partition_for_new(None, {"Country": "Germany"}) == ("Default", "rule 1")


def test_a_missing_subscription_is_none(engine: Engine) -> None:
    """An id that nobody declared has no rules."""
    with reading(engine) as connection:
        assert read_subscription(connection, 7) is None


def test_a_subscription_is_found_by_name_or_account(engine: Engine, declare: Callable[..., int]) -> None:
    """Letter case does not matter; alone it needs no name."""
    with reading(engine) as connection, pytest.raises(StoreError, match="no subscription yet"):
        find_subscription(connection, None)
    declare(1)
    with reading(engine) as connection:
        assert find_subscription(connection, None).id == 1
    declare(2)
    with reading(engine) as connection:
        assert find_subscription(connection, "example 2").id == 2
        assert find_subscription(connection, "001-aaa-001").id == 1
        with pytest.raises(StoreError, match="Example 1, Example 2"):
            find_subscription(connection, None)
        with pytest.raises(StoreError, match="Nobody"):
            find_subscription(connection, "Nobody")


def test_the_directory_knows_users_with_their_keys(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """A user comes with its decrypted keys and its subscription; ids are case-sensitive."""
    declare(1)

    async def ask() -> None:
        directory = Directory(engine, master_keys)
        user = await directory.user("user1")
        assert user is not None
        assert (user.subscription_id, user.keys, user.subscription.name) == (1, (b"key",), "Example 1")
        assert "key" not in repr(user).replace("keys", "")
        assert await directory.user("USER1") is None
        await directory.close()

    asyncio.run(ask())


def test_changes_are_seen_within_five_seconds(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """A user that was disabled is still known as it was at once, and disabled five seconds later."""
    declare(1)
    clock = Clock()

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=clock)
        assert not (await directory.user("user1")).disabled  # type: ignore[union-attr]
        with writing(engine) as connection:
            connection.execute(update(schema.api_user).values(disabled=True))
            lock_counter(connection, 1)
            bump_config_version(connection, 1)
        clock.now += 4.9
        assert not (await directory.user("user1")).disabled  # type: ignore[union-attr]
        clock.now += 0.1
        user = await directory.user("user1")
        assert user is not None
        assert user.disabled
        assert user.subscription.config_version == 2
        await directory.close()

    asyncio.run(ask())


def test_a_new_user_is_known_a_second_later(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """An unknown name looks again, but at most once a second."""
    declare(1)
    clock = Clock()

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=clock)
        await directory.user("user1")
        declare(2)
        assert await directory.user("user2") is None
        clock.now += 1
        assert await directory.user("user2") is not None
        await directory.close()

    asyncio.run(ask())


def test_the_newest_user_is_as_known_a_second_ago(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """Whoever asks for the newest hears of a change a second later, though others still hear what was known."""
    declare(1)
    clock = Clock()

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=clock)
        await directory.user("user1")
        with writing(engine) as connection:
            connection.execute(update(schema.api_user).values(disabled=True))
        assert not (await directory.user("user1", newest=True)).disabled  # type: ignore[union-attr]
        clock.now += 1
        assert not (await directory.user("user1")).disabled  # type: ignore[union-attr]
        assert (await directory.user("user1", newest=True)).disabled  # type: ignore[union-attr]
        await directory.close()

    asyncio.run(ask())


def test_a_flood_of_unknown_names_reads_once(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """Two hundred wrong names at once cost one reading."""
    declare(1)
    readings: list[Any] = []
    event.listen(engine, "begin", readings.append)

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=Clock())
        assert not any(await asyncio.gather(*(directory.user(f"x{n}") for n in range(200))))
        await directory.close()

    asyncio.run(ask())
    assert len(readings) == 1


def test_one_broken_tenant_does_not_shut_out_the_others(
    engine: Engine, master_keys: MasterKeys, declare: Callable[..., int]
) -> None:
    """Contradicting rows, or a key sealed otherwise, cost their own subscription or key alone."""
    for subscription_id in (1, 2, 3):
        declare(subscription_id)
    with writing(engine) as connection:
        own, key = schema.subscription, schema.api_key
        connection.execute(update(own).where(own.c.id == 2).values(policy={"bad_value": "perhaps"}))
        connection.execute(update(key).where(key.c.subscription_id == 3).values(sealed=b"x" * 40))

    async def ask() -> list[Any]:
        directory = Directory(engine, master_keys)
        users = [await directory.user(f"user{n}") for n in (1, 2, 3)]
        await directory.close()
        return [None if user is None else user.keys for user in users]

    assert asyncio.run(ask()) == [(b"key",), None, ()]
