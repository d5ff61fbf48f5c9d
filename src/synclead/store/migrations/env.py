"""Entry point of Alembic: runs the steps on the connection that `store.upgrade` hands over."""

from alembic import context

from synclead.store.schema import metadata

VERSION_TABLE = "synclead_schema"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
