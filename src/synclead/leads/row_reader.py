"""Reads rows of a file: what `read_record` makes of them, with what depends on the columns alone done once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from synclead.leads.columns import Columns
from synclead.leads.errors import SyncleadError
from synclead.leads.fields import EMAIL, Field
from synclead.leads.file_row import has_forbidden
from synclead.leads.keys import parse_email
from synclead.leads.read import read_record
from synclead.leads.record import SyncRequest
from synclead.leads.subscription import Subscription
from synclead.leads.text import is_blank
from synclead.leads.values import parse_value


class RowReader:
    """Reads the rows under some columns by a subscription's rules.

    Only what is in order is read here: of everything else `read_record` says what is wrong, or what becomes of it.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._rules: _Rules | None = None

    def read(self, cells: Sequence[str], subscription: Subscription) -> SyncRequest:
        """The row, checked. Raises what `read_record` raises of `Columns.record`."""
        rules = self._rules
        if rules is None or rules.subscription is not subscription:
            rules = self._rules = _rules_of(self._columns, subscription)
        try:
            request = rules.read(cells)
        except SyncleadError:
            request = None
        return read_record(self._columns.record(cells), subscription) if request is None else request


@dataclass(slots=True)
class _Rules:
    """What the columns are by one subscription's rules."""

    columns: Columns
    subscription: Subscription
    email_place: int | None = None
    fields: list[tuple[int, Field]] = field(default_factory=list)
    """Cells that are values, but for the Email."""
    is_known: bool = True
    """Whether each column is a field of its own. Otherwise no row is read here."""
    keyless: SyncRequest | None = None
    """A row all of whose cells are empty; None where such a row is refused."""

    def read(self, cells: Sequence[str]) -> SyncRequest | None:
        """The row; None, or a refusal, where it is out of the ordinary."""
        if not self.is_known:
            return None
        if has_forbidden("".join(cells)):
            return None  # perhaps only in a cell that is not looked at
        request = self.keyless
        for place in self.columns.places.values():
            if cells[place]:
                request = read_record(self.columns.keys(cells), self.subscription)
                break
        if request is None:
            return None
        values: dict[str, str | None] = {}
        read_only: dict[str, str | None] = {}
        clears, zone = self.columns.options.clear_blank, self.subscription.time_zone
        for place, one in self.fields:
            value = parse_value(one, cells[place], zone)
            if value is not None or clears:
                (read_only if one.read_only else values)[one.name] = value
        email_text = "" if self.email_place is None else cells[self.email_place]
        if not is_blank(email_text):
            return replace(request, values=values, read_only=read_only, email_attribute=parse_email(email_text))
        clears_email = clears and self.email_place is not None
        return replace(request, values=values, read_only=read_only, clears_email=clears_email)


def _rules_of(columns: Columns, subscription: Subscription) -> _Rules:
    rules = _Rules(columns, subscription)
    catalogue = subscription.catalogue
    names = set()
    for place, name in columns.attributes:
        found = catalogue.find(name) or catalogue.get(name)
        if found is None or found.name in names:
            rules.is_known = False
            break
        names.add(found.name)
        if found.name == EMAIL:
            rules.email_place = place
        else:
            rules.fields.append((place, found))
    with suppress(SyncleadError):  # such as that of a row without the Id that it is to keep
        rules.keyless = read_record(columns.keys([""] * columns.width), subscription)
    return rules
