"""The demo's subscription: the one that the document's Java sample calls."""

from sqlalchemy import Engine, or_, select

from synclead.leads.places import DEFAULT_WORKSPACE, Workspace
from synclead.store import schema
from synclead.store.configuration import Configuration, UserSettings, add_subscription, store_changes
from synclead.store.engine import lock_configuration, writing
from synclead.store.errors import StoreError
from synclead.store.master_keys import MasterKeys

DEMO_ACCOUNT = "100-AEK-913"
DEMO_NAME = "Demo"
DEMO_USER = "demo17_1_809934544BFABAE58E5D27"
DEMO_KEY = b"27272727aa"
"""Published, so it opens nothing but a process started with `--demo`."""


def add_demo(engine: Engine, keys: MasterKeys) -> bool:
    """Add the demo subscription and its user where they are missing; True when anything was added.

    Raises StoreError where the account, the name or the user belongs to a subscription that is not the demo.
    """
    subscriptions, users = schema.subscription, schema.api_user
    with writing(engine) as connection:
        lock_configuration(connection)
        taken = connection.execute(
            select(subscriptions.c.demo).where(
                or_(
                    subscriptions.c.munchkin_account == DEMO_ACCOUNT,
                    subscriptions.c.name == DEMO_NAME,
                    subscriptions.c.id.in_(select(users.c.subscription_id).where(users.c.id == DEMO_USER)),
                )
            )
        ).all()
        if any(not row.demo for row in taken):
            raise StoreError(
                f"a subscription of this database has the demo's name, account ({DEMO_ACCOUNT}) or user: "
                "name another database for --demo"
            )
        if taken:
            return False
        bare = Configuration(DEMO_NAME, DEMO_ACCOUNT, demo=True)
        whole = Configuration(
            DEMO_NAME,
            DEMO_ACCOUNT,
            demo=True,
            partitions=("Default",),
            workspaces=(Workspace(DEFAULT_WORKSPACE, "Default"),),
            users={DEMO_USER: UserSettings(DEMO_USER, demo=True, keys=(DEMO_KEY,))},
        )
        store_changes(connection, keys.in_use(connection), add_subscription(connection, whole), bare, whole)
        return True
