"""`synclead visitor`: anonymous browsers."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from synclead.cli.console import show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.leads.keys import parse_cookie

visitor = typer.Typer(no_args_is_help=True, help="Anonymous visitors: browsers that a call can make a known lead of.")


@visitor.command("add")
def add(
    token: Annotated[str, typer.Argument(help="The Munchkin cookie, id:ACCOUNT&token:TOKEN, or its token alone.")],
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Add an anonymous visitor, who becomes a known lead when a call names the cookie."""
    from synclead.store.engine import writing
    from synclead.store.visitors import add_visitor

    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        bare = parse_cookie(token, frozenset({owner.munchkin_account, *owner.munchkin_aliases}))
        with writing(engine) as connection:
            number = add_visitor(connection, owner.id, bare, datetime.now(UTC))
    show(f"added visitor {number}")
