"""Indexes of the few rows that they are for: history that was a visitor's, and leads that were merged."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes both; that of visitors' history held every line of history before."""
    op.drop_index("activity_by_visitor", "activity")
    _make("activity_by_visitor", "activity", "visitor_id", "id")
    _make("lead_by_survivor", "lead", "merged_into")


def _make(name: str, table: str, column: str, *others: str) -> None:
    has_value = sa.text(f"{column} IS NOT NULL")
    columns = ["subscription_id", column, *others]
    op.create_index(name, table, columns, sqlite_where=has_value, postgresql_where=has_value)
