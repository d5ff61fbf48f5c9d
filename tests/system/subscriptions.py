"""The subscriptions of a running server, and the same declared to the model."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from support.envelopes import Caller, Credentials
from support.server import Server, ServerFailedError
from synclead.cli.main import main
from system.model_reading import FORGIVING, POLICY, FieldKind, Rule, Setup

EACH = 2  # subscriptions of a preset; every command reads all there are, so they are few
FIELDS = (
    FieldKind("FirstName", "string", rest_name="firstName"),
    FieldKind("Country", "string", rest_name="country"),
    FieldKind("Address", "text", rest_name="address"),
    FieldKind("LeadScore", "score", rest_name="leadScore"),
    FieldKind("AnnualRevenue", "currency", rest_name="annualRevenue"),
    FieldKind("Unsubscribed", "boolean", rest_name="unsubscribed"),
    FieldKind("DateofBirth", "date", rest_name="dateOfBirth"),
    FieldKind("InferredCountry", "string", read_only=True, rest_name="inferredCountry"),
    FieldKind("createdAt", "datetime", read_only=True, soap=False),
    FieldKind("Discount", "percent", rest_name="rebate"),
    FieldKind("LastVisit", "datetime", rest_name="lastVisit"),
)
CUSTOM = ("Discount", "LastVisit")
PLACES = Setup(
    "",
    workspaces_enabled=True,
    workspaces={"Default": "Default", "EMEA": "Europe", "Aloha": "Default"},
    rules=(
        Rule("South", (("Country", "is", ("Italy", "Spain")), ("LeadScore", "is_not", ("100",)))),
        Rule("Europe", (("Email", "starts_with", ("eu",)), ("FirstName", "is_empty", ()))),
        Rule("Default", (("Discount", "contains", ("7.5",)),)),
    ),
    fields=FIELDS,
)
PLAIN = Setup("", fields=FIELDS)
PRESETS = {
    "AAA": PLAIN,
    "BBB": replace(PLACES, zone=ZoneInfo("Europe/Berlin"), first_lead_id=1000001),
    "CCC": replace(PLACES, policy=FORGIVING),
    "DDD": replace(
        PLACES,
        zone=ZoneInfo("America/New_York"),
        policy=POLICY | {"require_foreign_sys_type": "true", "cookie_conflict": "update", "unknown_id": "next_key"},
    ),
    "EEE": replace(PLAIN, policy=FORGIVING | {"cookie_conflict": "update"}, first_lead_id=7),
}


@dataclass(frozen=True)
class Subscription:
    """A declared subscription: what the model knows of it, and its API user."""

    setup: Setup
    credentials: Credentials
    created_fields: list[FieldKind]  # by callers, in all examples so far


class World:
    """A server that runs with two subscriptions of each preset."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.examples = 0
        self._subscriptions: dict[tuple[str, int], Subscription] = {}

    def take(self, preset: str, place: int) -> Subscription:
        """The first (0) or second (1) subscription of a preset."""
        return self._subscriptions[preset, place]

    def declare(self) -> None:
        """Applies a file with all subscriptions."""
        tables = []
        for preset, setup in PRESETS.items():
            for place in range(EACH):
                setup = replace(setup, account=f"{place:03d}-{preset}-561", aliases=(f"{place:03d}-{preset}-999",))
                user = Credentials(f"user{place}_{preset}", f"key {place} of {preset}")
                tables.append(declaration(setup, user))
                self._subscriptions[preset, place] = Subscription(setup, user, [])
        path = self.server.directory / "subscriptions.toml"
        path.write_text("\n".join(tables), encoding="utf-8")
        self.run("apply", str(path))

    def run(self, *words: str) -> str:
        """Runs a command in this process, where it costs no start; its standard output."""
        out = io.StringIO()
        arguments = ["synclead", *words, "--database-url", self.server.database_url]
        with (
            patch.object(sys, "argv", arguments),
            patch.dict(os.environ, self.server.environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code: str | int | None = 0
            try:
                main()
            except SystemExit as ended:
                code = ended.code
        if code:
            raise ServerFailedError(f"synclead {' '.join(words)}: exit {code}\n{out.getvalue()}")
        return out.getvalue()

    def caller(self, subscription: Subscription) -> Caller:
        """A client of the subscription."""
        return self.server.caller(subscription.credentials)

    def show(self, subscription: Subscription, key: str) -> list[dict[str, Any]]:
        """The lead of an Id, or those of an Email, as `synclead lead show --json` has them."""
        shown = self.run("lead", "show", key, "--json", "--subscription", subscription.setup.account)
        found: list[dict[str, Any]] | dict[str, Any] = json.loads(shown)
        return found if isinstance(found, list) else [found]

    def add_visitor(self, subscription: Subscription, token: str) -> None:
        """An anonymous visitor of the subscription."""
        self.run("visitor", "add", token, "--subscription", subscription.setup.account)

    def forget(self, subscription: Subscription, lead_id: int) -> None:
        """The lead and its keys are erased."""
        self.run("lead", "forget", str(lead_id), "--yes", "--subscription", subscription.setup.account)


def declaration(setup: Setup, user: Credentials) -> str:
    """The TOML of one subscription."""
    partitions = dict.fromkeys([*setup.workspaces.values(), *(rule.partition for rule in setup.rules)])
    lines = [
        "[[subscription]]",
        f'name = "Subscription {setup.account}"',
        f'munchkin_account = "{setup.account}"',
        f"munchkin_aliases = {json.dumps(setup.aliases)}",
        f"workspaces_enabled = {json.dumps(setup.workspaces_enabled)}",
        f"first_lead_id = {setup.first_lead_id}",
        f'time_zone = "{setup.zone.key}"',
        f"policy = {{ {', '.join(f'{key} = {_choice(text)}' for key, text in setup.policy.items())} }}",
        f'api_users = [ {{ id = "{user.user}", encryption_key = "{user.key}" }} ]',
        f"partitions = {json.dumps(list(partitions))}",
        "workspaces = [",
        *(f'  {{ name = "{name}", primary_partition = "{primary}" }},' for name, primary in setup.workspaces.items()),
        "]",
        "fields = [",
        *(
            f'  {{ name = "{kind.name}", type = "{kind.type}", rest_name = "{kind.rest_name}" }},'
            for kind in setup.fields
            if kind.name in CUSTOM
        ),
        "]",
    ]
    for rule in setup.rules:
        conditions = ", ".join(
            f'{{ field = "{name}", {test} = {json.dumps(list(texts)) if texts else "true"} }}'
            for name, test, texts in rule.when
        )
        lines += [
            "[[subscription.assignment_rules]]",
            f'partition = "{rule.partition}"',
            f"when = [ {conditions} ]",
        ]
    return "\n".join(lines) + "\n"


def _choice(text: str) -> str:
    return text if text in ("true", "false") else json.dumps(text)
