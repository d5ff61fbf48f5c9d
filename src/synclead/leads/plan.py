"""What a call changes once its target is known: values, keys, places and history (sync-lead, 3 to 5)."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from synclead.leads.draft import Draft
from synclead.leads.errors import FieldLimitError, InputError, LeadSyncFailedError
from synclead.leads.fields import Catalogue, Field, auto_field
from synclead.leads.file_row import check_row
from synclead.leads.history import FILE_SOURCE, SOURCE, ChangedValue, KeyMove, history_of
from synclead.leads.lead import ForeignId, Lead, Visitor
from synclead.leads.outcome import Activity, Outcome
from synclead.leads.places import Workspace
from synclead.leads.record import SyncRequest
from synclead.leads.resolve import KnownLeads, look_up, resolve
from synclead.leads.subscription import Subscription
from synclead.leads.why import explain

HIGHEST_LEAD_ID = 2**31 - 1


class Counter(Struct, frozen=True):
    """The next numbers of a subscription, as its counter row holds them under the lock."""

    next_lead_id: int
    next_activity_id: int
    next_change: int


class Known(KnownLeads, Protocol):
    """The leads that a group's keys could mean, with the counter and the fields as planning left them."""

    counter: Counter
    catalogue: Catalogue


class Plan(Struct, frozen=True):
    """What one call writes, and its outcome. Nothing is written until it is applied."""

    outcome: Outcome
    counter: Counter
    is_new: bool = False
    losers: tuple[Lead, ...] = ()
    """Other leads, after they lost a key to the target."""
    foreign_ids_set: tuple[tuple[ForeignId, int, bool], ...] = ()
    """With the number of the change that set it, and whether nobody had it. At most one, but for a row of a file."""
    cookies_bound: tuple[tuple[str, bool], ...] = ()
    """Tokens, and whether each is seen for the first time. At most one, but for a row of a file."""
    visitors: tuple[Visitor, ...] = ()
    """The visitors of which one became the target and the others were merged into it."""
    activities: tuple[Activity, ...] = ()
    fields: tuple[Field, ...] = ()


def plan(request: SyncRequest, known: Known, subscription: Subscription, now: datetime) -> Plan:
    """Decide which lead a call means and what it changes.

    `known` holds every lead that the keys of the call could mean; it is not changed. `now` is in UTC.
    Raises the SyncleadErrors of section 5 that need stored leads: 20103, 20101, 20106, and 20110 for a read-only
    field that has another value.
    """
    found = look_up(request, known, subscription.policy)
    row, target = resolve(found)
    if isinstance(target, Lead):
        values = dict(target.values)
        draft = Draft(found, row, target, None, values, target.email, target.foreign_ids, target.cookies)
    else:
        values = dict(found.visitor.values) if found.visitor else {}
        draft = Draft(found, row, None, found.kept, values, None, (), 0)
    workspace = subscription.places.workspace(request.workspace)
    if workspace is not None:
        check_reach(draft, workspace, subscription)
    if request.row is not None:
        check_row(draft, request.row, known)
    if request.read_only:
        check_read_only(draft, subscription)
    set_values(draft, known.catalogue, subscription.policy.created_fields_limit)
    set_email(draft)
    if request.foreign_id is not None:
        set_foreign_ids(draft)
    if request.cookie is not None:
        set_cookies(draft)
    return finish(draft, known, subscription, workspace, now)


def check_reach(draft: Draft, workspace: Workspace, subscription: Subscription) -> None:
    """A named workspace reaches leads of its primary partition by unique keys, and any lead by Email (section 4)."""
    if not subscription.places.enabled:
        return
    if subscription.policy.workspace_mismatch == "update":
        return
    found, lead = draft.found, draft.before
    if lead and lead.partition != workspace.primary_partition:
        by_email_too = draft.row.step in (2, 3) and found.is_found_by_email(lead)
        if draft.row.step in (1, 2, 3) and not by_email_too:
            raise LeadSyncFailedError(
                f"Lead {lead.id} is in partition {lead.partition}, which is not the primary partition of "
                f"workspace {workspace.name}"
            )
    owner = found.foreign_lead
    if lead and owner and owner.id != lead.id and owner.partition != workspace.primary_partition:
        raise LeadSyncFailedError(
            f"The ForeignSysPersonId belongs to lead {owner.id} in partition {owner.partition}, which is not the "
            f"primary partition of workspace {workspace.name}"
        )


def check_read_only(draft: Draft, subscription: Subscription) -> None:
    """A read-only field may be sent with the value that the lead has: an answer can be sent back (section 5).

    A lead that a file brings under its own Id has no value yet: it takes the file's.
    """
    read_only = draft.found.request.read_only
    if draft.kept:
        draft.values.update({name: value for name, value in read_only.items() if value is not None})
    for name, value in read_only.items():
        if draft.values.get(name) == value or draft.kept:
            continue
        reason = "the field is read-only and has another value"
        if subscription.policy.bad_value == "fault":
            raise InputError(name, reason)
        draft.skipped.append(f"{name}: {reason}")


def set_values(draft: Draft, catalogue: Catalogue, limit: int) -> None:
    """Write the fields that were sent; fields not named stay as they are (section 5). Makes no more than the limit."""
    request = draft.found.request
    draft.change(request.values)
    for name, text in request.unknown.items():
        made = catalogue.find(name)  # an earlier call of the group may have made it
        if made is None:
            if text is None:
                continue
            made = auto_field(name)
            draft.fields.append(made)
        draft.change({made.name: text})
    if draft.fields and len(draft.fields) > catalogue.room_for_created(limit):
        raise FieldLimitError([field.name for field in draft.fields], limit)
    for visitor in draft.merged_visitors if draft.found.visitors else ():
        # First-visit facts fill what is empty (munchkin, 8.1).
        draft.change({name: value for name, value in visitor.values.items() if name not in draft.values})


def set_email(draft: Draft) -> None:
    """The given Email is stored; one that is equal under the matching rule changes nothing, nor its letter case."""
    given = draft.found.email
    if draft.found.request.clears_email:
        given = None
    elif given is None or (draft.email and draft.email.key == given.key):
        return
    if given != draft.email:
        draft.changed_values.append(
            ChangedValue("Email", draft.email.text if draft.email else None, given.text if given else None)
        )
        draft.email = given


def set_foreign_ids(draft: Draft) -> None:
    """The foreign id is added; one that belongs to another lead moves (possible in step 1 alone)."""
    for given in draft.found.request.foreign_ids:
        owner = draft.found.foreign_leads.get(given)
        if owner and draft.before and owner.id == draft.before.id:
            continue
        if owner:
            loser = draft.losers.get(owner.id, owner)
            rest = tuple(other for other in loser.foreign_ids if other != given)
            draft.losers[owner.id] = replace(loser, foreign_ids=rest)
            draft.moves.append(KeyMove("Foreign Id Moved", f"{given.type} {given.id}", owner.id))
        draft.foreign_ids = (*draft.foreign_ids, given)
        draft.foreign_ids_set.append(given)


def set_cookies(draft: Draft) -> None:
    """The cookie is attached; one of another known lead moves, what that browser did before stays (section 3)."""
    for token in draft.found.request.cookies:
        owner = draft.found.cookie_leads.get(token)
        if owner and draft.before and owner.id == draft.before.id:
            continue
        if owner:
            loser = draft.losers.get(owner.id, owner)
            draft.losers[owner.id] = replace(loser, cookies=loser.cookies - 1)
            draft.moves.append(KeyMove("Cookie Moved", token[:12] + "…", owner.id))
        draft.cookies += 1
        draft.cookies_bound.append(token)


def finish(draft: Draft, known: Known, subscription: Subscription, workspace: Workspace | None, now: datetime) -> Plan:
    """Put the decisions together: the lead after the call, its history, the numbers spent."""
    before, found, counter = draft.before, draft.found, known.counter
    changed = bool(before is None or draft.changed_values or draft.foreign_ids_set or draft.cookies_bound)
    # Each foreign id has a change of its own, so that their order is kept.
    changes = (len(draft.foreign_ids_set) or 1) if changed else 0
    if before is None:
        lead_id, partition, created_at, rule = place_new(draft, subscription, workspace, counter, now)
    else:
        lead_id, partition, created_at, rule = before.id, before.partition, before.created_at, ""
    if before is not None and not changed:
        lead = before
    else:
        lead = Lead(
            id=lead_id,
            partition=partition,
            email=draft.email,
            change=(draft.kept and draft.kept.change) or counter.next_change + changes - 1,
            created_at=created_at,
            updated_at=(draft.kept and draft.kept.updated_at) or now,
            values=draft.values,
            foreign_ids=draft.foreign_ids,
            cookies=draft.cookies,
        )
    why = explain(draft, lead, known, rule)
    activities = (
        history_of(
            lead.id,
            is_new=before is None,
            changed_values=draft.changed_values,
            moves=draft.moves,
            merged=draft.merged_visitors if found.visitors else (),
            why=why,
            source=SOURCE if found.request.row is None else FILE_SOURCE,
            first_id=counter.next_activity_id,
            at=now,
        )
        if changed
        else ()
    )
    next_lead_id, next_change = counter.next_lead_id, counter.next_change + changes
    taken = lead.id if before else lead.id + 1
    if taken > next_lead_id:
        next_lead_id = taken
    # A lead that is moved in keeps the number of its change: what comes after it must have a higher one.
    if changed and lead.change >= next_change:
        next_change = lead.change + 1
    spent = Counter(next_lead_id, counter.next_activity_id + len(activities), next_change)
    shown = found.request.foreign_id
    if shown is None and lead.foreign_ids:
        shown = lead.foreign_ids[-1]
    created_fields = tuple(draft.fields)
    outcome = Outcome(
        # A visitor who becomes known existed before: the document calls that an update.
        status="CREATED" if before is None and found.visitor is None else "UPDATED",
        lead=lead,
        shown_foreign_id=shown,
        changed=changed,
        planned=counter.next_change,
        why=why,
        catalogue=known.catalogue,
        changed_names=draft.changed_names,
        created_fields=created_fields,
    )
    return Plan(
        outcome=outcome,
        counter=spent,
        is_new=before is None,
        losers=tuple(draft.losers.values()) if draft.losers else (),
        foreign_ids_set=draft.foreign_rows(counter.next_change) if draft.foreign_ids_set else (),
        cookies_bound=draft.cookie_rows() if draft.cookies_bound else (),
        visitors=found.visitors,
        activities=activities,
        fields=created_fields,
    )


def place_new(
    draft: Draft, subscription: Subscription, workspace: Workspace | None, counter: Counter, now: datetime
) -> tuple[int, str, datetime, str]:
    """Of the lead that does not exist yet: its Id, its partition, when it was made, and what decided the partition."""
    request = draft.found.request
    if request.row and request.row.partition:
        partition, rule = request.row.partition, "the column Partition"
    else:
        places, seen_by_rules = subscription.places, draft.values
        if draft.email and places.enabled:  # otherwise no rule is asked
            seen_by_rules = dict(draft.values, Email=draft.email.text)
        partition, rule = places.partition_for_new(workspace, seen_by_rules)
    lead_id = request.id if draft.kept and request.id else next_lead_id(counter)
    created_at = (draft.kept and draft.kept.created_at) or now
    return lead_id, partition, created_at, rule


def next_lead_id(counter: Counter) -> int:
    """The Id of a new lead: handed out in order, never reused, and never beyond what the contract can carry."""
    if counter.next_lead_id > HIGHEST_LEAD_ID:
        raise LeadSyncFailedError(f"No lead Id is left: the highest, {HIGHEST_LEAD_ID}, is taken")
    return counter.next_lead_id
