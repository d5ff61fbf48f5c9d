"""`synclead check`: what a captured request would come to, without sending it."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synclead.cli.console import Refusal, show, show_json, show_lines
from synclead.cli.database import DEFAULT_URL, DatabaseUrl, SubscriptionName, chosen, opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from synclead.cli.verdict import Checked
    from synclead.leads.outcome import Outcome
    from synclead.leads.subscription import Subscription
    from synclead.soap.captured import Captured
    from synclead.store.master_keys import MasterKeys

_HTTP = re.compile(rb"(?:[A-Z]{3,10} \S+ HTTP/\d|HTTP/\d|[A-Za-z-]{2,40}: )")
_CHARSET = re.compile(rb"""^content-type:[^\r\n]*charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE | re.MULTILINE)
_PACKED = re.compile(rb"^(?:content|transfer)-encoding:\s*(?!identity)\S", re.IGNORECASE | re.MULTILINE)


def check(
    file: Annotated[Path, typer.Argument(metavar="REQUEST.xml", help="The captured request; - reads standard input.")],
    workspace: Annotated[
        str | None, typer.Option(help="The workspace to call in, in place of the one that the request names.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    database_url: DatabaseUrl = DEFAULT_URL,
    subscription: SubscriptionName = None,
) -> None:
    """Explain a captured request without sending it; writes nothing.

    Says whether it can be read, who made it, whether the signature is right, which step and key would decide and
    what would change, or the fault and what to change. HTTP headers before the XML are passed over. Exit code 1
    where the server would refuse the request, but for the age of its timestamp, which is always old by now.
    --subscription counts where the request's user is not known.
    """
    from synclead.cli.verdict import document, lines, request

    sent, charset = _read(file)
    with opened(database_url) as engine:
        checked = _checked(engine, database_url, subscription, sent, charset, workspace)
    if as_json:
        show_json(document(checked))
    else:
        for line in lines(checked):
            show(line)
        if checked.captured.subscription is not None:
            show("")
            show_lines(request(checked))
    if checked.captured.answer is not None:
        raise typer.Exit(1)


class _NoUsers:
    """Stands where users are found, while no key of any of them can be opened."""

    async def user(self, user_id: str, *, newest: bool = False) -> None:
        """Nobody."""


def _read(file: Path) -> tuple[bytes, str | None]:
    """The request and the charset of its Content-Type. Raises Refusal."""
    try:
        sent = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    if not sent.strip():
        raise Refusal(f"{file} is empty: give the request's XML")
    if not _HTTP.match(sent):
        return sent, None
    head, _, body = sent.replace(b"\r\n", b"\n").partition(b"\n\n")
    if _PACKED.search(head):
        raise Refusal(
            f"{file} has an HTTP body in chunks or compressed: unpack it, and leave the XML alone in the file"
        )
    if not body.strip():
        raise Refusal(f"{file} has HTTP headers and no body: add the XML after an empty line")
    charset = _CHARSET.search(head)
    return body, charset[1].decode("latin-1") if charset else None


def _checked(
    engine: "Engine", url: str, name: str | None, sent: bytes, charset: str | None, workspace: str | None
) -> "Checked":
    from synclead.cli.verdict import Checked
    from synclead.store.engine import reading
    from synclead.store.errors import MasterKeyError, StoreError
    from synclead.store.master_keys import stored_master_keys
    from synclead.store.subscriptions import subscription_of_user

    no_key = "no secret is stored in this database yet"
    keys: MasterKeys | None = None
    try:
        keys = stored_master_keys(engine, url, os.environ)
    except MasterKeyError as error:
        no_key = str(error)
    try:
        fallback: Subscription | None = chosen(engine, name)
    except StoreError:
        if name is not None:
            raise
        fallback = None

    def owner(user_id: str) -> "Subscription | None":
        with reading(engine) as connection:
            return subscription_of_user(connection, user_id) or fallback

    captured, outcome, now = asyncio.run(_examined(engine, url, keys, owner, sent, charset, workspace))
    return Checked(captured, outcome, sent, charset, None if keys else no_key, now)


async def _examined(
    engine: "Engine",
    url: str,
    keys: "MasterKeys | None",
    owner: "Callable[[str], Subscription | None]",
    sent: bytes,
    charset: str | None,
    workspace: str | None,
) -> "tuple[Captured, Outcome | None, datetime]":
    from synclead.soap.captured import examine
    from synclead.soap.contract import Contract
    from synclead.soap.service import Parts
    from synclead.store.databases import open_database
    from synclead.store.directory import Directory
    from synclead.store.explain import Foreteller
    from synclead.store.reader import Reader
    from synclead.store.transaction import DatabaseError

    now = datetime.now(UTC)
    database = open_database(url)
    writer = Foreteller(database, now)
    directory = None if keys is None else Directory(engine, keys)
    reader = Reader(open_database(url))
    parts = Parts(Contract.load(), directory or _NoUsers(), writer, reader, lambda: now, timedelta.max)
    try:
        captured = await examine(
            sent, charset, parts, keys_are_known=keys is not None, owner=owner, workspace=workspace
        )
        return captured, writer.outcome, now
    except DatabaseError as error:
        raise Refusal(f"the database did not answer: {error}") from error
    finally:
        await reader.close()
        await database.close()
        if directory is not None:
            await directory.close()
