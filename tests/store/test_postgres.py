"""What is PostgreSQL's own: settings, row locks, lost connections, the shape of the statements."""

import asyncio
import errno
import json
import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
import uvloop
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, insert, select, text, update

from support.postgres import Postgres
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import errors, pipeline, schema, upgrade
from synclead.store.durability import check_durability
from synclead.store.engine import (
    bump_config_version,
    lock_counter,
    open_engine,
    opened,
    postgres_parameters,
    reading,
    writing,
)
from synclead.store.master_keys import open_master_keys
from synclead.store.observer import Observer
from synclead.store.pipeline import Command
from synclead.store.postgres import PostgresDatabase
from synclead.store.sql import load_statements
from synclead.store.transaction import DatabaseLostError, LockTimeoutError, StatementTimeoutError

Declare = Callable[..., int]
HOT = {"lead", "foreign_id", "cookie", "visitor", "activity", "counter"}


@pytest.fixture
def url(postgres: Postgres) -> str:
    """A new database with the current schema."""
    return postgres.new_database()


def test_the_writers_transaction_has_our_settings(postgres: Postgres, url: str) -> None:
    """Isolation and deadlines are set by us, whatever the server says; commits wait for the disk."""
    postgres.execute("ALTER ROLE postgres SET default_transaction_isolation = 'serializable'")

    async def ask() -> dict[str, str]:
        database = PostgresDatabase(url, lock_seconds=3, statement_seconds=7)
        names = (
            "transaction_isolation",
            "lock_timeout",
            "statement_timeout",
            "idle_in_transaction_session_timeout",
            "synchronous_commit",
            "fsync",
            "application_name",
        )
        found = {name: await database.setting(name) for name in names}
        await database.close()
        return found

    try:
        found = asyncio.run(ask())
    finally:
        postgres.execute("ALTER ROLE postgres RESET default_transaction_isolation")
    assert found == {
        "transaction_isolation": "read committed",
        "lock_timeout": "3s",
        "statement_timeout": "7s",
        "idle_in_transaction_session_timeout": "7s",
        "synchronous_commit": "on",
        "fsync": "on",
        "application_name": "synclead",
    }


async def _left_on_a_connection(database: PostgresDatabase) -> tuple[str, set[str]]:
    """What somebody finds who gets the connection after twenty transactions: a setting, and what is prepared."""
    for _ in range(20):
        async with database.transaction() as transaction:
            await transaction.run([("read_counter", {"subscription": 1})], commit=True)
    (link,) = database._idle
    (((lock_timeout,),), names) = await link.pipeline.run(
        [Command(b"SELECT current_setting('lock_timeout')"), Command(b"SELECT name FROM pg_prepared_statements")]
    )
    await database.close()
    return lock_timeout, {name for (name,) in names}


def test_on_a_connection_to_the_server_itself_all_is_prepared_once(url: str) -> None:
    """Settings and statements stay there; a statement is named after its text."""
    database = PostgresDatabase(url, lock_seconds=3)

    lock_timeout, names = asyncio.run(_left_on_a_connection(database))

    assert lock_timeout == "3s"
    assert names == {database._statements["read_counter"].name.decode()}


def test_nothing_stays_on_a_connection_that_others_may_get(url: str) -> None:
    """Settings end with their transaction, and nothing is prepared: PgBouncer may hand the connection on."""
    database = PostgresDatabase(url)
    database._prepares = False

    assert asyncio.run(_left_on_a_connection(database)) == ("0", set())


@pytest.mark.parametrize("meddling", [b"DEALLOCATE ALL", b"DISCARD ALL"])
def test_a_connection_that_others_use_too_is_found_out(
    url: str, declare: Declare, writer: Any, meddling: bytes
) -> None:
    """Where what was prepared is gone the call is done on another connection, and nothing is prepared again."""
    declare(1)

    async def calls() -> list[Any]:
        async with writer() as door:
            first = await door.sync(1, RawRecord(email="a@e.com"))
            (link,) = door._database._idle
            await link.pipeline.run([Command(meddling)])
            second = await door.sync(1, RawRecord(email="a@e.com"))
            await door.until_ready()
            (link,) = door._database._idle
            return [first.status, second.status, door._database._prepares, link.is_direct]

    assert asyncio.run(calls()) == ["CREATED", "UPDATED", False, False]


def test_where_no_file_is_left_the_database_cannot_be_reached(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection wants two. What the caller hears is what any lost database is: 20011, and not a defect."""
    monkeypatch.setattr(pipeline, "DefaultSelector", Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))

    async def read() -> None:
        async with PostgresDatabase(url).transaction() as transaction:
            await transaction.run([("read_counter", {"subscription": 1})])

    with pytest.raises(DatabaseLostError, match="Too many open files"):
        asyncio.run(read())


def test_a_connection_that_ends_at_rest_keeps_nobody_busy(url: str) -> None:
    """The event loop hears of it and goes on waiting; the next transaction finds another connection."""

    async def rest() -> float:
        database = PostgresDatabase(url)
        read = [("read_counter", {"subscription": 1})]
        async with database.transaction() as transaction:
            await transaction.run(read, commit=True)
        (link,) = database._idle
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [link.connection.info.backend_pid])
        began = time.process_time()
        await asyncio.sleep(0.5)
        busy = time.process_time() - began
        with pytest.raises(DatabaseLostError):
            async with database.transaction() as transaction:
                await transaction.run(read)
        async with database.transaction() as transaction:
            await transaction.run(read, commit=True)
        await database.close()
        return busy

    assert uvloop.run(rest()) < 0.2


def test_a_table_that_was_changed_costs_no_call(url: str, engine: Engine, declare: Declare, writer: Any) -> None:
    """A statement whose columns changed since it was prepared is prepared anew, on another connection."""
    declare(1)

    async def calls() -> list[Any]:
        async with writer() as door:
            first = await door.sync(1, RawRecord(email="a@e.com"))
            with writing(engine) as connection:
                connection.execute(text("ALTER TABLE lead ALTER COLUMN change TYPE numeric"))
            second = await door.sync(1, RawRecord(email="a@e.com"))
            return [first.status, second.status, door._database._prepares]

    assert asyncio.run(calls()) == ["CREATED", "UPDATED", True]


def test_more_than_the_buffers_hold_goes_both_ways(url: str) -> None:
    """Commands and answers of megabytes in one round trip: each side reads while it writes."""

    async def ask() -> list[int]:
        database = PostgresDatabase(url)
        async with database.transaction() as transaction:
            await transaction.run([])
            echo = Command(b"SELECT $1::text", b"x" * 3_000_000)
            answers = await transaction.link.pipeline.run([echo] * 8)
        await database.close()
        return [len(rows[0][0]) for rows in answers]

    assert asyncio.run(ask()) == [3_000_000] * 8


def test_a_url_wins_over_our_defaults() -> None:
    """What the URL says about the connection is taken; a socket's folder is a host."""
    found = postgres_parameters("postgresql://user@/db?host=/socket/dir&connect_timeout=3&host=second")

    assert (found["user"], found["dbname"], found["host"]) == ("user", "db", "/socket/dir,second")
    assert (found["connect_timeout"], found["target_session_attrs"]) == ("3", "read-write")


def test_both_databases_have_the_same_statements() -> None:
    """The adapter's own statement beside them is the one that sets its deadlines."""
    assert set(load_statements("postgres")) - set(load_statements("sqlite")) == {"set_limits"}
    assert set(load_statements("sqlite")) <= set(load_statements("postgres"))


def test_every_statement_finds_leads_by_a_whole_key(url: str) -> None:
    """With the adapter's settings no table of leads is scanned, nor all rows of a subscription."""
    statements = load_statements("postgres")
    document = json.dumps(
        {
            "subscription": 1,
            "limit": 2,
            "keys": [],
            "rows": [],
            "lock": "1s",
            "statement": "1s",
            "idle": "1s",
            "local": False,
        }
    )
    with psycopg.connect(**postgres_parameters(url)) as connection:
        cursor = psycopg.RawCursor(connection)
        cursor.execute(statements["set_limits"], (document,))
        for name, statement in statements.items():
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", (document,))
            row = cursor.fetchone()
            assert row is not None
            for node in _nodes(row[0][0]["Plan"]):
                if node.get("Relation Name") in HOT and node["Node Type"] != "ModifyTable":
                    assert "Index" in node["Node Type"] or node["Node Type"].startswith("Bitmap"), f"{name}: {node}"
                if node["Node Type"].endswith("Index Scan") and node.get("Relation Name") in HOT - {"counter"}:
                    assert " AND " in node["Index Cond"], f"{name}: {node}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def test_a_lock_is_one_subscriptions(url: str, engine: Engine, declare: Declare) -> None:
    """While one subscription is locked by hand, another one's lock is had at once; the first one's is waited for."""
    declare(1)
    declare(2)

    async def lock(subscription_id: int) -> tuple[Any, ...]:
        database = PostgresDatabase(url, lock_seconds=0.2)
        try:
            async with database.transaction() as transaction:
                rows = await transaction.run([("lock_counter", {"subscription": subscription_id})], commit=True)
                return tuple(rows[0][0][:4])
        finally:
            await database.close()

    with writing(engine) as connection:
        lock_counter(connection, 1)
        assert asyncio.run(lock(2)) == (1, 1, 1, 1)
        with pytest.raises(LockTimeoutError):
            asyncio.run(lock(1))
    assert asyncio.run(lock(1)) == (1, 1, 1, 1)


def test_what_is_read_after_the_lock_is_what_the_one_before_wrote(url: str, engine: Engine, declare: Declare) -> None:
    """Reads that travel with a lock that was waited for see the commit that freed it."""
    declare(1)

    async def ask() -> list[Any]:
        database = PostgresDatabase(url)
        row = {"subscription": 1, "limit": 2, "keys": ["tok"]}
        async with database.transaction() as transaction:
            with writing(engine) as connection:
                lock_counter(connection, 1)
                waiting = asyncio.create_task(transaction.run([("lock_counter", row), ("find_visitors", row)]))
                done, _ = await asyncio.wait((waiting,), timeout=0.2)
                assert not done
                visitor = {"subscription_id": 1, "id": 1, "created_at": 0, "field_values": {"a": "b"}}
                connection.execute(insert(schema.visitor).values(visitor))
                connection.execute(insert(schema.cookie).values(subscription_id=1, token="tok", visitor_id=1))
            answers = await waiting
        await database.close()
        return answers[1]

    assert asyncio.run(ask()) == [("tok", 1, '{"a": "b"}')]


def test_connections_that_the_server_ended_are_not_used_again(
    postgres: Postgres, url: str, engine: Engine, declare: Declare, writer: Any
) -> None:
    """After the server ended every connection at rest the next call works, and is told nothing of it."""
    declare(1)

    async def calls() -> list[str]:
        async with writer() as door:
            first = await door.sync(1, RawRecord(email="a@e.com"))
            postgres.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE application_name = 'synclead' AND datname = '{engine.url.database}'"
            )
            second = await door.sync(1, RawRecord(email="a@e.com"))
            return [first.status, second.status]

    assert asyncio.run(calls()) == ["CREATED", "UPDATED"]


def test_a_refusal_shows_no_values(declare: Declare, engine: Engine, writer: Any) -> None:
    """What is logged of a refused record names the table and the constraint, and nothing of the lead."""
    declare(1)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE lead ADD CONSTRAINT no_ada CHECK (field_values ->> 'FirstName' <> 'Ada')"))
    logged: list[str] = []

    class Log(Observer):
        def failed(self, reference: str, error: Exception | str) -> None:
            assert isinstance(error, Exception)
            logged.append("".join(traceback.format_exception(error)))

    async def calls() -> list[Any]:
        records = [
            RawRecord(email=f"{n}@e.com", attributes=(RawAttribute("FirstName", name),)) for n, name in enumerate(names)
        ]
        async with writer(observer=Log()) as door:
            return await asyncio.gather(*(door.sync(1, record) for record in records), return_exceptions=True)

    names = ("Ada", "A\0da", "Eve")
    ada, nul, eve = asyncio.run(calls())

    assert isinstance(ada, errors.InternalError)
    assert isinstance(nul, errors.InternalError)
    assert eve.status == "CREATED"
    assert "CheckViolation 23514 lead no_ada" in logged[0]
    assert "UntranslatableCharacter 22P05" in logged[1]
    assert not [entry for entry in logged if "@e.com" in entry or "FirstName" in entry]


def test_a_slow_statement_is_ended_by_the_server(url: str, engine: Engine) -> None:
    """A statement beyond its deadline is a StatementTimeoutError, and its connection serves on."""
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE counter RENAME TO counted"))
        columns = ", ".join(f"0 AS {column.name}" for column in schema.counter.columns)
        connection.execute(text(f"CREATE VIEW counter AS SELECT {columns} FROM pg_sleep(60)"))

    async def ask() -> None:
        database = PostgresDatabase(url, statement_seconds=0.1)
        with pytest.raises(StatementTimeoutError):
            async with database.transaction() as transaction:
                await transaction.run([("read_counter", {"subscription": 0})])
        async with database.transaction() as transaction:
            await transaction.run([("read_partitions", {"subscription": 1})])
        assert len(database._idle) == 1
        await database.close()

    asyncio.run(ask())


def test_a_server_that_is_away_is_a_lost_database() -> None:
    """Nobody listens: every transaction says so, and none blocks the next one."""

    async def ask() -> None:
        database = PostgresDatabase("postgresql://u@/db?host=/nowhere")
        for _ in range(database.connections + 1):
            with pytest.raises(DatabaseLostError):
                async with database.transaction() as transaction:
                    await transaction.run([])
        await database.close()

    asyncio.run(ask())


def test_migrations_give_the_declared_tables(engine: Engine) -> None:
    """Alembic finds no difference; keys are compared byte by byte, documents are JSONB."""
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": upgrade.VERSION_TABLE})
        assert compare_metadata(context, schema.metadata) == []
        columns = connection.execute(
            text("SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns")
        ).all()
    found = {(row.table_name, row.column_name): row for row in columns}
    for table in schema.metadata.sorted_tables:
        for column in table.columns:
            row = found[table.name, column.name]
            assert (row.collation_name == "C") is (column.type is schema.KeyText), row
            assert (row.data_type == "jsonb") is isinstance(column.type, schema.Document), row


def test_an_index_of_few_rows_has_those_alone(engine: Engine) -> None:
    """The conditions that the declared tables name for SQLite are those of the migrated indexes."""
    with reading(engine) as connection:
        partial = text("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%WHERE%'")
        found = {
            name: definition.partition(" WHERE ")[2].strip("()") for name, definition in connection.execute(partial)
        }

    indexes = [index for table in schema.metadata.sorted_tables for index in table.indexes]
    conditions = {index.name: index.dialect_options["sqlite"]["where"] for index in indexes}
    assert found == {name: condition.text for name, condition in conditions.items() if condition is not None}
    assert len(found) == 2


def test_keys_are_ordered_by_their_bytes(engine: Engine) -> None:
    """Capital letters before small ones, as in SQLite, whatever the database's own order."""
    with writing(engine) as connection:
        for token in ("b", "B", "a", "é"):
            connection.execute(insert(schema.cookie).values(subscription_id=1, token=token, lead_id=1))
        found = connection.execute(select(schema.cookie.c.token).order_by(schema.cookie.c.token)).scalars().all()
    assert found == ["B", "a", "b", "é"]


def test_upgrade_makes_and_keeps_a_schema(postgres: Postgres) -> None:
    """An empty database is new; a current one is left alone, also while somebody writes."""
    url = postgres.empty_database()
    with pytest.raises(errors.OldSchemaError, match="no schema yet: run `synclead db upgrade`"):
        upgrade.check(url)

    assert upgrade.upgrade(url) is True
    upgrade.check(url)
    with opened(url) as engine, writing(engine):
        assert upgrade.upgrade(url) is False


def test_several_processes_upgrade_at_once(postgres: Postgres) -> None:
    """One makes the schema, the others wait and find it made."""
    url = postgres.empty_database()

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert sorted(pool.map(upgrade.upgrade, [url] * 2, chunksize=1)) == [False, True]


def test_other_schemas_are_refused(postgres: Postgres, url: str) -> None:
    """A later release's schema is named, another program's tables stay alone."""
    with opened(url) as engine, writing(engine) as connection:
        connection.execute(text(f"UPDATE {upgrade.VERSION_TABLE} SET version_num = '9999'"))
    foreign = postgres.empty_database()
    with opened(foreign) as engine, writing(engine) as connection:
        connection.execute(text("CREATE TABLE song (id integer)"))

    for action in (upgrade.upgrade, upgrade.check):
        with pytest.raises(errors.NewerSchemaError, match="9999"):
            action(url)
        with pytest.raises(errors.ForeignDatabaseError):
            action(foreign)


def test_a_database_that_loses_commits_is_refused(postgres: Postgres, url: str) -> None:
    """synchronous_commit = off, wherever it was set, is named; what is on the disk first is fine."""
    with opened(url) as engine:
        check_durability(engine)
    name = url.partition("@/")[2].partition("?")[0]
    unsafe = pytest.raises(errors.UnsafeDurabilityError, match="synchronous_commit = off")
    with opened(postgres.url(name, "-csynchronous_commit=off")) as engine, unsafe:
        check_durability(engine)
    with opened(postgres.url(name, "-csynchronous_commit=local")) as engine:
        check_durability(engine)


def test_the_master_key_must_be_named(url: str, engine: Engine) -> None:
    """There is no file beside a PostgreSQL database: without a setting a start says which to set."""
    with pytest.raises(errors.MasterKeyError, match="SYNCLEAD_MASTER_KEY or SYNCLEAD_MASTER_KEY_FILE"):
        open_master_keys(engine, url, {})


def test_engines_are_ours(url: str) -> None:
    """The administration's transactions are READ COMMITTED too, under the name of the program."""
    engine = open_engine(url)
    with reading(engine) as connection:
        found = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("transaction_isolation", "application_name")
        ]
        connection.execute(update(schema.counter).values(config_version=1))
    engine.dispose()
    assert found == ["read committed", "synclead"]


def test_a_warning_of_a_trigger_is_no_doubt_about_a_commit(url: str, engine: Engine, declare: Declare) -> None:
    """Also where it comes with COMMIT, as that of a standby that is not waited for does."""
    declare(1)
    with writing(engine) as connection:
        connection.execute(
            text(
                "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE WARNING 'of the operator'; RETURN NULL; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON counter DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION warn()"
            )
        )

    async def commit() -> None:
        database = PostgresDatabase(url)
        async with database.transaction() as transaction:
            stored = {
                "subscription": 1,
                "next_lead_id": 2,
                "next_activity_id": 1,
                "next_change": 1,
                "config_version": 1,
            }
            await transaction.run([("store_counter", stored)], commit=True)
        await database.close()

    asyncio.run(commit())
    with writing(engine) as connection:
        bump_config_version(connection, 1)
