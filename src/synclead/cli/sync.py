"""`synclead sync`: one syncLead call from the command line, or what it would come to."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import Refusal, show
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.cli.reasons import explain_outcome
from synclead.cli.record import read_record

if TYPE_CHECKING:
    from synclead.leads.outcome import Outcome
    from synclead.leads.record import RawRecord


def sync(
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE",
            help="Keys are Id, Email, ForeignSysPersonId, ForeignSysType and marketoCookie; "
            "every other name is an attribute.",
        ),
    ],
    workspace: Annotated[str | None, typer.Option(help="The workspace to call in (targetWorkspace).")] = None,
    return_lead: Annotated[bool, typer.Option("--return-lead", help="Show the whole lead after the call.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Write nothing and need no key: read the database and say which lead is meant, and why.",
        ),
    ] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Create or update a lead by a signed SOAP call to a running server.

    The server is SYNCLEAD_URL, the user SYNCLEAD_API_USER and its key SYNCLEAD_API_KEY; a user without a
    key is asked for it. Without all of them: the demo server on this machine and its user. The database
    and the subscription matter to --explain alone.
    """
    raw = read_record(pairs, workspace)
    if explain:
        import asyncio

        with opened(database_url) as engine:
            owner = chosen(engine, subscription)
        for line in explain_outcome(asyncio.run(_foreseen(database_url, owner.id, raw))):
            show(line)
        return
    from synclead.cli.call import call

    call(raw, return_lead, os.environ)


async def _foreseen(url: str, subscription_id: int, raw: "RawRecord") -> "Outcome":
    from synclead.store.databases import open_database
    from synclead.store.explain import explain
    from synclead.store.transaction import DatabaseError

    database = open_database(url)
    try:
        return await explain(database, subscription_id, raw, datetime.now(UTC))
    except DatabaseError as error:
        raise Refusal(f"the database did not answer: {error}") from error
    finally:
        await database.close()
