"""When a process last committed a group: the rows of those that are gone are taken out by that."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the column, without a time for the rows that are there."""
    at = sa.Column("at", sa.BigInteger(), nullable=True)
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("group_commit", at)
        return
    # SQLite would note the column at another place than in a new file. There is a row a process: few.
    rows = op.get_bind().execute(sa.text("SELECT subscription_id, process, number FROM group_commit")).all()
    op.drop_table("group_commit")
    table = op.create_table(
        "group_commit",
        sa.Column("subscription_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("process", KEY_TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        at,
        sa.PrimaryKeyConstraint("subscription_id", "process"),
    )
    op.bulk_insert(table, [dict(row._mapping) for row in rows])
