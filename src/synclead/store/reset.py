"""Forgetting all that calls have written, as a test wants it before the next one."""

from sqlalchemy import Engine, delete, select, update

from synclead.store import schema
from synclead.store.engine import lock_counter, writing

_WRITTEN_BY_CALLS = (schema.lead, schema.foreign_id, schema.cookie, schema.visitor, schema.activity)


def forget_calls(engine: Engine) -> None:
    """Every subscription is as it was declared: no leads, visitors or history, no field made by a call, Ids anew.

    A server that runs learns of it by the config version, which goes on counting.
    """
    counter, field = schema.counter, schema.field
    with writing(engine) as connection:
        for row in connection.execute(select(schema.subscription.c.id, schema.subscription.c.first_lead_id)).all():
            if lock_counter(connection, row.id) is None:
                continue  # being removed
            for table in _WRITTEN_BY_CALLS:
                connection.execute(delete(table).where(table.c.subscription_id == row.id))
            connection.execute(delete(field).where(field.c.subscription_id == row.id, field.c.auto))
            connection.execute(
                update(counter)
                .where(counter.c.subscription_id == row.id)
                .values(
                    next_lead_id=row.first_lead_id,
                    next_activity_id=1,
                    next_change=1,
                    next_visitor_id=1,
                    config_version=counter.c.config_version + 1,
                )
            )
