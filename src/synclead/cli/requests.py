"""`synclead requests`: what the programs that call asked, what came of it, and what to change."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import Refusal, say, show, show_lines, show_table, to_json
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened
from synclead.cli.logged import document_of, facts_of, row_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from synclead.store.request_log import Entry

_POLL_SECONDS = 0.5
_HEADINGS = ("ID", "Time", "Operation", "Outcome", "Lead", "Why", "What")


def requests(
    entry_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Show everything of this call, and what was asked.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new calls until Ctrl-C.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only calls that were refused.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, a call a line, with what was asked.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many of the last calls.")] = 50,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Show the last calls, the newest last: what came of each, why, and for a fault what to change.

    They are in the order of their times. A running server records every fault and the last successes, about half a
    second after the answer; the values in them only with `serve --show-values`. Calls of callers that are not known
    belong to no subscription and are shown for each, marked `unknown caller`.
    """
    from synclead.store.engine import reading
    from synclead.store.request_log import newest_id, read_entry, read_log

    with opened(database_url) as engine:
        owner = chosen(engine, subscription)
        if entry_id is not None:
            with reading(engine) as connection:
                found = read_entry(connection, owner.id, entry_id)
            if found is None:
                raise Refusal(f"no call {entry_id} is kept: `synclead requests` lists those that are")
            _show_one(found, as_json=as_json)
            return
        with reading(engine) as connection:
            newest = newest_id(connection)  # before the calls are read: else one might come between and not follow
            entries = read_log(connection, owner.id, failed_alone=failed, limit=limit)
        _show(entries, as_json=as_json)
        if not entries:
            say("no call is recorded yet" if not failed else "no refused call is recorded")
        if follow:
            last_id = max([newest, *(entry.id for entry in entries)])
            try:
                for entries in _new_entries(engine, owner.id, failed, last_id):
                    _show(entries, as_json=as_json)
            except KeyboardInterrupt:
                return


def _new_entries(engine: "Engine", subscription_id: int, failed: bool, last_id: int) -> Iterator[list["Entry"]]:
    """Every call that is recorded from now on until Ctrl-C, in the order of their times.

    What one look finds is given after the next one: of many calls that come at once the last ones may be written
    first, and each serving process writes its own.
    """
    from synclead.store.engine import reading
    from synclead.store.request_log import newest_id, read_log

    waiting: list[Entry] = []
    try:
        while True:
            with reading(engine) as connection:
                begins_again = newest_id(connection) < last_id  # where all entries were too old and are gone
                last_id = 0 if begins_again else last_id
                found = read_log(connection, subscription_id, failed_alone=failed, after=last_id, limit=1_000)
            last_id = max([last_id, *(entry.id for entry in found)])
            if begins_again:
                yield waiting
            elif waiting:
                due = waiting[-1].at
                yield sorted([*waiting, *(one for one in found if one.at <= due)], key=_place)
                found = [one for one in found if one.at > due]
            waiting = found
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        yield waiting


def _place(entry: "Entry") -> "tuple[datetime, int]":
    return entry.at, entry.id


def _show(entries: list["Entry"], *, as_json: bool) -> None:
    if as_json:
        for entry in entries:
            show(to_json(document_of(entry)))
    elif entries:
        show_table(_HEADINGS, map(row_of, entries))


def _show_one(entry: "Entry", *, as_json: bool) -> None:
    if as_json:
        show(to_json(document_of(entry)))
        return
    show_table(("Call", str(entry.id)), facts_of(entry))
    asked = entry.document.get("asked")
    if asked:
        show("")
        from synclead.soap.asked import indented

        show_lines(indented(asked))
