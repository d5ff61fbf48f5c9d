"""The tables, once, for every database (SQLAlchemy Core).

Times are whole microseconds since 1970 in UTC: one representation that every database compares and
stores alike. Every table of leads has a primary key that begins with `subscription_id`, and none of
them has a foreign key to configuration (design: "The way of one call", 8).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.types import TypeEngine


class Document(TypeDecorator[Any]):
    """JSON; on PostgreSQL JSONB, whose dialect is not loaded by who serves from a file."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See TypeDecorator."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON())
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())


# Compared byte by byte everywhere; SQLite's own order (BINARY) is that already.
KeyText = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()


def _index_of_few(name: str, column: str, *others: str) -> Index:
    """An index of the rows that have a value in a column which most rows leave empty.

    On PostgreSQL too, where the migration says so: said here, it would load its dialect into who serves from a file.
    """
    return Index(name, "subscription_id", column, *others, sqlite_where=text(f"{column} IS NOT NULL"))


# --- configuration ---------------------------------------------------------------------------

subscription = Table(
    "subscription",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("munchkin_account", Text, nullable=False, unique=True),
    Column("munchkin_aliases", Document, nullable=False),
    Column("workspaces_enabled", Boolean, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("policy", Document, nullable=False),
    Column("limits", Document, nullable=False, default=dict),
    Column("first_lead_id", Integer, nullable=False),
    Column("demo", Boolean, nullable=False, default=False),
)

lead_partition = Table(
    "lead_partition",
    metadata,
    Column("subscription_id", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

workspace = Table(
    "workspace",
    metadata,
    Column("subscription_id", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("primary_partition", Text, nullable=False),
    Column("position", Integer, nullable=False),
)

assignment_rule = Table(
    "assignment_rule",
    metadata,
    Column("subscription_id", Integer, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("partition", Text, nullable=False),
    Column("conditions", Document, nullable=False),
)

field = Table(
    "field",
    metadata,
    Column("subscription_id", Integer, primary_key=True),
    Column("name", KeyText, primary_key=True),
    Column("soap_name", Text),
    Column("rest_name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("read_only", Boolean, nullable=False),
    Column("max_length", Integer),
    Column("auto", Boolean, nullable=False),
)
"""Custom fields only; the standard ones are `leads.standard_fields`."""

api_user = Table(
    "api_user",
    metadata,
    Column("id", KeyText, primary_key=True),
    Column("subscription_id", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("demo", Boolean, nullable=False, default=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("user_id", KeyText, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Encryption keys of API users, sealed by `secrets`; two slots, for rotation."""

master_key_check = Table(
    "master_key_check",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

# --- the subscription's lock ------------------------------------------------------------------

counter = Table(
    "counter",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("next_lead_id", BigInteger, nullable=False),
    Column("next_activity_id", BigInteger, nullable=False),
    Column("next_change", BigInteger, nullable=False),
    Column("next_visitor_id", BigInteger, nullable=False),
    Column("config_version", BigInteger, nullable=False),
)
"""One row a subscription: locked first by every writer, stored last."""

group_commit = Table(
    "group_commit",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("process", KeyText, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger),
)
"""Number of the last group that a process committed: tells the outcome of a lost COMMIT. `at` is when that was by the
database's clock; an older release leaves it out."""

import_progress = Table(
    "import_progress",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("file", KeyText, primary_key=True),
    Column("options", KeyText, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("refused_bytes", BigInteger, nullable=False),
    Column("counts", Document, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
"""How far a file is imported, stored with the leads of its rows. `file` and `options` are SHA-256 digests, `position`
counts rows, `refused_bytes` is the length of the file of refused rows."""

# --- leads ------------------------------------------------------------------------------------

lead = Table(
    "lead",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("partition", Text, nullable=False),
    Column("email", Text),
    Column("email_key", KeyText),
    Column("change", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("field_values", Document, nullable=False),
    Column("merged_into", Integer),
    Column("forgotten_at", BigInteger),
    Index("lead_by_email", "subscription_id", "email_key", "change"),
    _index_of_few("lead_by_survivor", "merged_into"),
)
"""`merged_into` names the survivor itself, never another merged lead; keys move with a merge."""

foreign_id = Table(
    "foreign_id",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("type", KeyText, primary_key=True),
    Column("id", KeyText, primary_key=True),
    Column("lead_id", Integer, nullable=False),
    Column("set_change", BigInteger, nullable=False),
    Index("foreign_id_by_lead", "subscription_id", "lead_id", "type", "set_change"),
    sqlite_with_rowid=False,
)

cookie = Table(
    "cookie",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("token", KeyText, primary_key=True),
    Column("lead_id", Integer),
    Column("visitor_id", BigInteger),
    Index("cookie_by_lead", "subscription_id", "lead_id"),
    sqlite_with_rowid=False,
)
"""Identifies `lead_id`; while that is null, the anonymous visitor."""

visitor = Table(
    "visitor",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", Integer),
    Column("created_at", BigInteger, nullable=False),
    Column("field_values", Document, nullable=False),
    Index("visitor_by_lead", "subscription_id", "lead_id"),
)

activity = Table(
    "activity",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", Integer),
    Column("visitor_id", BigInteger),
    Column("type", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("attributes", Document, nullable=False),
    Index("activity_by_lead", "subscription_id", "lead_id", "id"),
    _index_of_few("activity_by_visitor", "visitor_id", "id"),
    sqlite_with_rowid=False,
)

# --- what programs asked ----------------------------------------------------------------------

request_log = Table(
    "request_log",
    metadata,
    Column("subscription_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("failed", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("lead_id", Integer),
    Column("document", Document, nullable=False),
    Index("request_log_by_id", "id"),
    Index("request_log_by_kind", "subscription_id", "failed", "at", "id"),
)
"""The last calls (`request_log`). Those of nobody we know have the subscription 0; an id is given once for all."""

forgetting = Table(
    "forgetting",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
"""One row at most, of id 1: how many leads were forgotten so far, by which who keeps calls sees that one was."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """The stored form of a moment with a zone: microseconds since 1970, UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment, in UTC, that a stored number stands for."""
    return _EPOCH + timedelta(0, 0, micros)
