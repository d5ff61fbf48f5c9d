"""The order of recorded calls is that of their times; and how many leads were forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the table, and an index of the log, which is small, in the place of another."""
    op.create_table(
        "forgetting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.drop_index("request_log_by_kind", "request_log")
    op.create_index("request_log_by_kind", "request_log", ["subscription_id", "failed", "at", "id"])
