"""The first schema: configuration, the counter row, leads with their keys and history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Makes every table."""
    op.create_table(
        "activity",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("visitor_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("attributes", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("activity_by_lead", "activity", ["subscription_id", "lead_id", "id"])
    op.create_index("activity_by_visitor", "activity", ["subscription_id", "visitor_id", "id"])
    op.create_table(
        "api_key",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", KEY_TEXT, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "user_id", "slot"),
    )
    op.create_table(
        "api_user",
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "assignment_rule",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("conditions", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "position"),
    )
    op.create_table(
        "cookie",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", KEY_TEXT, nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("visitor_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id", "token"),
        sqlite_with_rowid=False,
    )
    op.create_index("cookie_by_lead", "cookie", ["subscription_id", "lead_id"])
    op.create_table(
        "counter",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_lead_id", sa.BigInteger(), nullable=False),
        sa.Column("next_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("next_change", sa.BigInteger(), nullable=False),
        sa.Column("next_visitor_id", sa.BigInteger(), nullable=False),
        sa.Column("config_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id"),
    )
    op.create_table(
        "field",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("name", KEY_TEXT, nullable=False),
        sa.Column("soap_name", sa.Text(), nullable=True),
        sa.Column("rest_name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("max_length", sa.Integer(), nullable=True),
        sa.Column("auto", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "name"),
    )
    op.create_table(
        "foreign_id",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", KEY_TEXT, nullable=False),
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("set_change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "type", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("foreign_id_by_lead", "foreign_id", ["subscription_id", "lead_id", "type", "set_change"])
    op.create_table(
        "group_commit",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("process", KEY_TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "process"),
    )
    op.create_table(
        "lead",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", KEY_TEXT, nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("field_values", DOCUMENT, nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id", "id"),
    )
    op.create_index("lead_by_email", "lead", ["subscription_id", "email_key", "change"])
    op.create_table(
        "lead_partition",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "name"),
    )
    op.create_table(
        "master_key_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("munchkin_account", sa.Text(), nullable=False),
        sa.Column("munchkin_aliases", DOCUMENT, nullable=False),
        sa.Column("workspaces_enabled", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("policy", DOCUMENT, nullable=False),
        sa.Column("limits", DOCUMENT, nullable=False),
        sa.Column("first_lead_id", sa.Integer(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("munchkin_account"),
    )
    op.create_table(
        "visitor",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("field_values", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "id"),
    )
    op.create_index("visitor_by_lead", "visitor", ["subscription_id", "lead_id"])
    op.create_table(
        "workspace",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("primary_partition", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "name"),
    )
