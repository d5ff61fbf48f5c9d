"""Adds lead fields to a subscription."""

from sqlalchemy import Connection, Engine

from synclead.leads.fields import STANDARD, Catalogue, Field
from synclead.leads.text import quoted
from synclead.store.configuration import store_field
from synclead.store.declaration_merge import merge_field
from synclead.store.declared import DeclaredField
from synclead.store.engine import bump_config_version, lock_counter, writing
from synclead.store.errors import StoreError
from synclead.store.subscriptions import read_subscription


def add_field(engine: Engine, subscription_id: int, declared: DeclaredField) -> Field:
    """Store a new field under the counter's lock, so that no call makes one of its name meanwhile.

    Raises StoreError where a name is taken or cannot be one, or a length does not go with the type.
    """
    with writing(engine) as connection:
        try:
            field = new_field(locked_catalogue(connection, subscription_id), declared)
        except ValueError as error:
            raise StoreError(str(error)) from None
        store_field(connection, subscription_id, field.name, field)
        bump_config_version(connection, subscription_id)
    return field


def locked_catalogue(connection: Connection, subscription_id: int) -> Catalogue:
    """The fields as they are under the counter's lock, which is held to the end of the transaction.

    Raises StoreError where the subscription is gone.
    """
    lock_counter(connection, subscription_id)
    subscription = read_subscription(connection, subscription_id)
    if subscription is None:
        raise StoreError("the subscription was removed meanwhile")
    return subscription.catalogue


def new_field(catalogue: Catalogue, declared: DeclaredField) -> Field:
    """The field that is declared beside those of a catalogue.

    Raises ValueError where a name is taken or cannot be one, or a length does not go with the type.
    """
    if catalogue.bears(declared.name):
        raise ValueError(f"field name {quoted(declared.name)} is taken")
    return merge_field({one.name: one for one in catalogue.fields if one not in STANDARD}, declared)
