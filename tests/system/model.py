"""A small second reading of the rules of identity, places and values, for comparison with the server.

It was written from the specification's text alone and shares no code with `synclead`: where both agree, the
text was understood twice. Everything is in memory; a subscription is one `Model`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from support.envelopes import Answer, Call, Record
from system.model_reading import FieldKind, Reader, Request, Setup
from system.model_values import RefusedError, email_key, shown

NEW_LEAD, CHANGE, MERGE = "New Lead", "Change Data Value", "Merge Leads"
KEY_MOVED = "a key moved"  # stands for whatever such an activity is called


@dataclass
class Lead:
    """A known lead."""

    id: int
    partition: str
    email: str | None = None
    foreign: list[tuple[str, str]] = field(default_factory=list)  # in the order in which they were set
    cookies: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    changed: int = 0
    activities: list[str] = field(default_factory=list)


class Model:
    """One subscription: call it with what a client sends, get what the server must answer."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.reader = Reader(setup)
        self.leads: dict[int, Lead] = {}
        self.visitors: set[str] = set()  # tokens of browsers that are nobody yet
        self.next_id = setup.first_lead_id
        self._change = 0

    def sync(self, call: Call) -> Answer:
        """Plays one call; after a fault nothing has changed."""
        try:
            request = self.reader.read(call)
            return self._play(request, call.return_lead)
        except RefusedError as refused:
            return Answer(fault_code=refused.code)

    def add_visitor(self, token: str) -> None:
        """A browser came by that nobody knows."""
        self.visitors.add(token)

    def forget(self, lead_id: int) -> None:
        """The lead is gone: its keys are free, its id is not."""
        del self.leads[lead_id]

    # The target: the first that exists (section 3)

    def _target(self, request: Request) -> tuple[int, Lead | None]:
        """The step that decides and its lead; None for a lead that is yet to be made (steps 5 and 6)."""
        if request.id is not None:
            if request.id in self.leads:
                return 1, self.leads[request.id]
            if self.setup.policy["unknown_id"] == "fault":
                raise RefusedError(20103)
        found = self.owner_of_foreign(request.foreign)
        if found is not None:
            return 2, found
        shared = self.found_by_email(request)
        known = self.owner_of_cookie(request.cookie)
        if known is not None and fits(known, request.foreign) and self._same_person(known, request, shared):
            return 3, known
        fitting = [lead for lead in shared if fits(lead, request.foreign)]
        if fitting:
            return 4, max(fitting, key=lambda lead: (lead.changed, lead.id))
        if request.cookie in self.visitors:
            return 5, None
        if request.foreign is None and request.new_email is None:
            # A cookie that identifies nobody is no key: an unknown Id beside it stays the reason.
            raise RefusedError(20101 if request.id is None else 20103)
        return 6, None

    def _same_person(self, known: Lead, request: Request, shared: list[Lead]) -> bool:
        return (
            self.setup.policy["cookie_conflict"] == "update"
            or request.new_email is None
            or known in shared
            or (known.email is None and not shared)
        )

    def owner_of_foreign(self, foreign: tuple[str, str] | None) -> Lead | None:
        """The lead that a foreign id stands for."""
        return next((lead for lead in self.leads.values() if foreign in lead.foreign), None)

    def owner_of_cookie(self, token: str | None) -> Lead | None:
        """The known lead whose browser has the cookie."""
        return next((lead for lead in self.leads.values() if token in lead.cookies), None)

    def found_by_email(self, request: Request) -> list[Lead]:
        """E: the leads of the attribute's address; only when nobody has that, those of the element's."""
        for text in request.key_emails:
            found = [
                lead
                for lead in self.leads.values()
                if lead.email is not None and email_key(lead.email) == email_key(text)
            ]
            if found:
                return found
        return []

    # Then: refusals that need the target, and what is written (sections 4 and 5)

    def _play(self, request: Request, return_lead: bool) -> Answer:
        step, target = self._target(request)
        if target is not None:
            self._check_place(step, target, request)
        values = self._writable(request.values, target)
        if target is None:
            lead = self._make(request, values)
            status = "CREATED" if step == 6 else "UPDATED"
        else:
            lead, status = target, "UPDATED"
            self._update(lead, request, values)
        self._remember_fields(values)
        self._attach(lead, request, new=target is None)
        record = self.record(lead, request.foreign) if return_lead else None
        return Answer(status=status, lead_id=lead.id, record=record)

    def _check_place(self, step: int, target: Lead, request: Request) -> None:
        if request.primary is None or self.setup.policy["workspace_mismatch"] == "update":
            return
        found_by_email = step != 1 and target in self.found_by_email(request)
        if step <= 3 and not found_by_email and target.partition != request.primary:
            raise RefusedError(20106)
        loser = self.owner_of_foreign(request.foreign)
        if loser is not None and loser is not target and loser.partition != request.primary:
            raise RefusedError(20106)

    def _writable(self, values: dict[FieldKind, str | None], target: Lead | None) -> dict[FieldKind, str | None]:
        kept = {}
        for kind, value in values.items():
            if not kind.read_only:
                kept[kind] = value
            elif (target.values if target else {}).get(kind.name) == value:
                continue
            elif self.setup.policy["bad_value"] == "fault":
                raise RefusedError(20110)
        return kept

    def _make(self, request: Request, values: dict[FieldKind, str | None]) -> Lead:
        lead = Lead(self.next_id, "", None if request.clear_email else request.new_email)
        lead.values = {kind.name: value for kind, value in values.items() if value is not None}
        lead.partition = self._partition(lead, request)
        lead.activities.append(NEW_LEAD)
        lead.changed = self._changed()
        self.leads[lead.id] = lead
        self.next_id += 1
        return lead

    def _partition(self, lead: Lead, request: Request) -> str:
        if self.setup.workspaces_enabled:
            seen = {name.lower(): value for name, value in lead.values.items()} | {"email": lead.email or ""}
            for rule in self.setup.rules:
                if all(holds(seen.get(name.lower(), ""), test, texts) for name, test, texts in rule.when):
                    return rule.partition
        return request.primary or self.setup.workspaces["Default"]

    def _update(self, lead: Lead, request: Request, values: dict[FieldKind, str | None]) -> None:
        for kind, value in values.items():
            if lead.values.get(kind.name) != value:
                lead.values.pop(kind.name, None)
                if value is not None:
                    lead.values[kind.name] = value
                self._record_change(lead)
        if request.clear_email and lead.email is not None:
            lead.email = None
            self._record_change(lead)
        # On a target of step 4 this renames only where the element's address found it.
        new = request.new_email
        if new is not None and (lead.email is None or email_key(lead.email) != email_key(new)):
            lead.email = new
            self._record_change(lead)

    def _record_change(self, lead: Lead) -> None:
        lead.activities.append(CHANGE)
        lead.changed = self._changed()

    def _remember_fields(self, values: dict[FieldKind, str | None]) -> None:
        for kind, value in values.items():
            if value is not None and self.reader.field(kind.name) is None:
                self.reader.created_fields.append(kind)

    def _attach(self, lead: Lead, request: Request, *, new: bool) -> None:
        """The keys of the call become the target's."""
        if request.foreign is not None and request.foreign not in lead.foreign:
            loser = self.owner_of_foreign(request.foreign)
            if loser is not None:
                loser.foreign.remove(request.foreign)
                loser.activities.append(KEY_MOVED)
                lead.activities.append(KEY_MOVED)
            lead.foreign.append(request.foreign)
            lead.changed = self._changed()
        token = request.cookie
        if token is not None and token not in lead.cookies:
            loser = self.owner_of_cookie(token)
            if loser is not None:
                loser.cookies.remove(token)
                loser.activities.append(KEY_MOVED)
                lead.activities.append(KEY_MOVED)
            elif token in self.visitors and not new:
                lead.activities.append(MERGE)
            self.visitors.discard(token)
            lead.cookies.add(token)
            lead.changed = self._changed()

    def _changed(self) -> int:
        self._change += 1
        return self._change

    def record(self, lead: Lead, named: tuple[str, str] | None = None) -> Record:
        """The leadRecord of an answer (section 6)."""
        kind, text = named or (lead.foreign[-1] if lead.foreign else (None, None))
        attributes = []
        for name in sorted(lead.values):
            found = self.reader.field(name)
            assert found is not None
            attributes.append((name, found.type, shown(found.type, lead.values[name], self.setup.zone)))
        return Record(lead.id, lead.email, text, kind, tuple(attributes))


def fits(lead: Lead, foreign: tuple[str, str] | None) -> bool:
    """A lead fits the foreign id when none is given or it has none of that type."""
    return foreign is None or all(kind != foreign[0] for kind, _ in lead.foreign)


def holds(value: str, test: str, texts: tuple[str, ...]) -> bool:
    """Whether a condition of an assignment rule is true of a value, without regard to case."""
    value, choices = value.lower(), [text.lower() for text in texts]
    return {
        "is": value in choices,
        "is_not": value not in choices,
        "contains": any(text in value for text in choices),
        "starts_with": any(value.startswith(text) for text in choices),
        "is_empty": value == "",
    }[test]
