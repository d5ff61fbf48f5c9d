"""Adds a lead field to a subscription."""

from sqlalchemy import Engine

from synclead.leads.fields import FIELD_TYPES, Field, rest_name_of
from synclead.store.configuration import store_field
from synclead.store.declaration_table import TEXT_TYPES
from synclead.store.engine import bump_config_version, lock_counter, writing
from synclead.store.errors import StoreError
from synclead.store.subscriptions import read_subscription


def new_field(name: str, type_name: str, label: str | None, rest_name: str | None, max_length: int | None) -> Field:
    """A custom field with the defaults of a declaration. Raises StoreError naming what is wrong."""
    kind = next((known for known in FIELD_TYPES if known == type_name), None)
    if kind is None:
        raise StoreError(f"{type_name} is not a field type: use one of {', '.join(FIELD_TYPES)}")
    if max_length is not None and kind not in TEXT_TYPES:
        raise StoreError(f"max_length does not go with type {kind}: leave it out")
    return Field(name, name, rest_name or rest_name_of(name), label or name, kind, max_length=max_length)


def add_custom_field(engine: Engine, subscription_id: int, field: Field) -> None:
    """Store a field under the counter's lock, so that no call makes one of its name meanwhile.

    Raises StoreError where a name is taken or cannot be one.
    """
    with writing(engine) as connection:
        lock_counter(connection, subscription_id)
        subscription = read_subscription(connection, subscription_id)
        if subscription is None:
            raise StoreError("the subscription was removed meanwhile")
        try:
            subscription.catalogue.check(field)
        except ValueError as error:
            raise StoreError(str(error)) from None
        store_field(connection, subscription_id, field.name, field)
        bump_config_version(connection, subscription_id)
