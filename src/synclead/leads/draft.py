"""A plan while it is made: the target, and what has been decided about it so far."""

from collections.abc import Mapping
from operator import attrgetter

from msgspec import Struct, field

from synclead.leads.fields import Field
from synclead.leads.history import ChangedValue, KeyMove
from synclead.leads.lead import Email, ForeignId, Lead, Visitor
from synclead.leads.record import Kept
from synclead.leads.resolve import Found, Row

_name_of = attrgetter("name")


class Draft(Struct):
    """One call's plan. `before` is the target as it is stored; the other members become the lead after the call."""

    found: Found
    row: Row
    before: Lead | None
    kept: Kept | None
    """How the lead stood where a file brings it under its own Id; None for every other target."""
    values: dict[str, str]
    email: Email | None
    foreign_ids: tuple[ForeignId, ...]
    cookies: int
    changed_values: list[ChangedValue] = field(default_factory=list)
    moves: list[KeyMove] = field(default_factory=list)
    losers: dict[int, Lead] = field(default_factory=dict)
    foreign_ids_set: list[ForeignId] = field(default_factory=list)
    cookies_bound: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)

    def change(self, given: Mapping[str, str | None]) -> None:
        """Set or clear fields, and note each that has another value then."""
        values, changed = self.values, self.changed_values
        for name, value in given.items():
            old = values.get(name)
            if old == value:
                continue
            if value is None:
                del values[name]
            else:
                values[name] = value
            changed.append(ChangedValue(name, old, value))

    @property
    def merged_visitors(self) -> tuple[Visitor, ...]:
        """Visitors that are merged into the target: all of a known lead, all but the one who became it otherwise."""
        return self.found.visitors if self.before else self.found.visitors[1:]

    def foreign_rows(self, first_change: int) -> tuple[tuple[ForeignId, int, bool], ...]:
        """As `Plan.foreign_ids_set`."""
        leads = self.found.foreign_leads
        return tuple([(one, first_change + place, one not in leads) for place, one in enumerate(self.foreign_ids_set)])

    def cookie_rows(self) -> tuple[tuple[str, bool], ...]:
        """As `Plan.cookies_bound`."""
        seen = {*self.found.cookie_leads, *(visitor.token for visitor in self.found.visitors)}
        return tuple([(token, token not in seen) for token in self.cookies_bound])

    @property
    def changed_names(self) -> tuple[str, ...]:
        """What the lead has another value of, or one more: fields by their names, keys by their elements'."""
        names = tuple(map(_name_of, self.changed_values))
        if self.foreign_ids_set:
            names += ("ForeignSysPersonId",)
        if self.cookies_bound:
            names += ("marketoCookie",)
        return names
