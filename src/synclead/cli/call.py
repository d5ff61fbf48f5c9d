"""Makes the call of `synclead sync`: to which server, as which user, and what came of it."""

import getpass
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from synclead.cli.console import Refusal, say, show, show_table
from synclead.client import (
    DEFAULT_URL,
    ClientError,
    LeadToSync,
    ReturnedLead,
    ServerUnreachableError,
    SyncleadClient,
)
from synclead.leads.keys import parse_foreign_type, parse_lead_id
from synclead.leads.record import RawRecord
from synclead.settings import is_loopback
from synclead.store.demo import DEMO_KEY, DEMO_USER
from synclead.visible import visible


def call(raw: RawRecord, return_lead: bool, environ: Mapping[str, str]) -> None:
    """Make the call and show its answer. Raises Refusal where there is none, or a fault."""
    url = environ.get("SYNCLEAD_URL") or DEFAULT_URL
    user, key = _credentials(url, environ)
    lead = LeadToSync(
        # The contract allows no other text here, so it is refused in the server's words.
        id=None if raw.id is None else parse_lead_id(raw.id),
        email=raw.email,
        foreign_id=raw.foreign_id,
        foreign_type=None if raw.foreign_type is None else parse_foreign_type(raw.foreign_type),
        cookie=raw.cookie,
        attributes={one.name: one.value or "" for one in raw.attributes if one.name is not None},
    )
    try:
        client = SyncleadClient(url, user, key)
        answer = client.sync_lead(lead, return_lead=return_lead, workspace=raw.workspace)
    except ServerUnreachableError as error:
        hint = "" if environ.get("SYNCLEAD_URL") else "; start the demo with `synclead serve --demo`"
        raise Refusal(f"{error}{hint}") from error
    except (ClientError, ValueError) as error:
        raise Refusal(str(error)) from error
    show(f"{answer.status} lead {answer.lead_id}")
    if answer.lead is not None:
        _show(answer.lead)


def _credentials(url: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """User and key: from the environment, else the demo's on this machine, else asked for."""
    user, key = environ.get("SYNCLEAD_API_USER", ""), environ.get("SYNCLEAD_API_KEY", "")
    if not user and not key and is_loopback(urlsplit(url).hostname or ""):
        return DEMO_USER, DEMO_KEY.decode()
    if user and key:
        return user, key
    missing = " and ".join(
        name for name, value in (("SYNCLEAD_API_USER", user), ("SYNCLEAD_API_KEY", key)) if not value
    )
    if not sys.stdin.isatty():
        raise Refusal(f"set {missing} in the environment")
    if not user:
        say(f"User of {url}:")
        user = sys.stdin.readline().strip()
    return user, key or getpass.getpass(f"Encryption key of {visible(user)}: ", stream=sys.stderr)


def _show(lead: ReturnedLead) -> None:
    keys = (
        ("Id", str(lead.id)),
        ("Email", lead.email or ""),
        ("ForeignSysPersonId", lead.foreign_id or ""),
        ("ForeignSysType", lead.foreign_type or ""),
    )
    show_table(("Name", "Value"), [pair for pair in (*keys, *lead.attributes.items()) if pair[1]])
