"""What the model can tell of a call without stored leads: its meaning, or the first fault (section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from support.envelopes import Call
from system.model_values import (
    BadTextError,
    RefusedError,
    canonical,
    check_email,
    given,
    has_controls,
    read_id,
    sfdc_suffix,
)

POLICY = {
    "require_foreign_sys_type": "false",
    "unknown_id": "fault",
    "cookie_conflict": "move",
    "bad_cookie": "fault",
    "workspace_mismatch": "fault",
    "unknown_fields": "fault",
    "bad_value": "fault",
}
FORGIVING = POLICY | {
    "unknown_id": "next_key",
    "bad_cookie": "ignore",
    "workspace_mismatch": "update",
    "unknown_fields": "create",
    "bad_value": "skip",
}


@dataclass(frozen=True)
class FieldKind:
    """A field of the catalogue: its name in answers, its type, and whether callers may set it."""

    name: str
    type: str
    read_only: bool = False
    soap: bool = True
    rest_name: str = ""


@dataclass(frozen=True)
class Rule:
    """An assignment rule: all (field, test, values) must hold."""

    partition: str
    when: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Setup:
    """The declaration of a subscription, as far as the rules need it."""

    account: str
    aliases: tuple[str, ...] = ()
    workspaces_enabled: bool = False
    workspaces: Mapping[str, str] = field(default_factory=lambda: {"Default": "Default"})  # primary partitions
    rules: tuple[Rule, ...] = ()
    first_lead_id: int = 1
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    policy: Mapping[str, str] = field(default_factory=lambda: POLICY)
    fields: tuple[FieldKind, ...] = ()


@dataclass
class Request:
    """What a call says, read without looking at stored leads."""

    primary: str | None  # primary partition of the workspace named, None where none is or they are not enabled
    id: int | None
    foreign: tuple[str, str] | None
    key_emails: tuple[str, ...]  # the addresses that may find leads, the first that anybody has counts
    new_email: str | None  # the address to store
    clear_email: bool
    cookie: str | None
    values: dict[FieldKind, str | None]


class Reader:
    """Reads the calls of one subscription; `created_fields` grows when callers make fields."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.created_fields: list[FieldKind] = []

    def read(self, call: Call) -> Request:
        """The call's meaning, or the first fault in the order of section 5."""
        primary = self._workspace(given(call.workspace))
        lead_id = read_id(given(call.id))
        foreign = self._foreign(given(call.foreign_id), given(call.foreign_type))
        element = given(call.email)
        if element is not None:
            check_email(element)
        attributes = self._named(call)
        values = self._values(attributes)
        others = (lead_id, foreign, element, given(call.cookie))
        attribute, clear = self._email_attribute(attributes, element, any(key is not None for key in others))
        cookie = self._cookie(given(call.cookie), (lead_id, foreign, element, attribute))
        key_emails = tuple(text for text in (attribute, element) if text is not None)
        new_email = key_emails[0] if key_emails else None
        return Request(primary, lead_id, foreign, key_emails, new_email, clear, cookie, values)

    def _workspace(self, name: str | None) -> str | None:
        if name is None:
            return None
        if not self.setup.workspaces_enabled:
            if name.lower() != "default":
                raise RefusedError(20110)
            return None
        for workspace, primary in self.setup.workspaces.items():
            if workspace.lower() == name.lower():
                return primary
        raise RefusedError(20110)

    def _foreign(self, text: str | None, kind: str | None) -> tuple[str, str] | None:
        if text is None:
            return None
        if kind is None and self.setup.policy["require_foreign_sys_type"] == "true":
            raise RefusedError(20109)
        kind = "CUSTOM" if kind is None else kind.upper()
        if kind not in ("CUSTOM", "SFDC", "NETSUITE") or len(text) > 255 or has_controls(text):
            raise RefusedError(20110)
        if kind == "SFDC" and len(text) == 15:
            text += sfdc_suffix(text)
        return kind, text

    def _named(self, call: Call) -> list[tuple[FieldKind | None, str]]:
        """The attributes with their fields, None standing for Email, or 20105."""
        named: list[tuple[FieldKind | None, str]] = []
        for name, value in call.attributes:
            name = name.strip()
            if name.lower() == "email":
                named.append((None, value))
                continue
            kind = self.field(name)
            if kind is None:
                if self.setup.policy["unknown_fields"] == "fault":
                    raise RefusedError(20105)
                kind = FieldKind(name, "string")
            elif not kind.soap and kind.read_only:
                raise RefusedError(20105)
            named.append((kind, value))
        return named

    def field(self, name: str) -> FieldKind | None:
        """A field by its name in any letter case, or by its REST name."""
        for kind in (*self.setup.fields, *self.created_fields):
            if kind.name.lower() == name.lower() or kind.rest_name == name:
                return kind
        return None

    def _values(self, attributes: list[tuple[FieldKind | None, str]]) -> dict[FieldKind, str | None]:
        values: dict[FieldKind, str | None] = {}
        for kind, text in attributes:
            if kind is None:
                continue
            try:
                values[kind] = canonical(kind.type, text, self.setup.zone)
            except BadTextError:
                if self.setup.policy["bad_value"] == "fault":
                    raise RefusedError(20110) from None
        return values

    def _email_attribute(
        self, attributes: list[tuple[FieldKind | None, str]], element: str | None, other_key: bool
    ) -> tuple[str | None, bool]:
        texts = [text.strip() for kind, text in attributes if kind is None]
        if not texts:
            return None, False
        text = texts[-1]
        if not text:
            if element is not None:
                raise RefusedError(20110)
            return None, True
        try:
            check_email(text)
        except RefusedError:
            if self.setup.policy["bad_value"] == "skip" and other_key:
                return None, False
            raise
        return text, False

    def _cookie(self, text: str | None, others: tuple[object, ...]) -> str | None:
        if text is None:
            return None
        matched = re.fullmatch(r"(?:id:([^&]*)&token:)?(_mch-[A-Za-z0-9._-]{3,240})", unquote(text))
        if matched and matched[1] in (None, self.setup.account, *self.setup.aliases):
            return matched[2]
        if self.setup.policy["bad_cookie"] == "ignore" and any(key is not None for key in others):
            return None
        raise RefusedError(20110)
