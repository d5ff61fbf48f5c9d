"""Reads rows of a file: what `read_record` makes of them, with what depends on the columns alone done once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache

from msgspec.structs import replace

from synclead.leads.columns import Columns, is_reason
from synclead.leads.errors import SyncleadError
from synclead.leads.fields import EMAIL, Field
from synclead.leads.file_row import has_forbidden
from synclead.leads.forms import Forms
from synclead.leads.keys import parse_email
from synclead.leads.read import read_record
from synclead.leads.record import SyncRequest
from synclead.leads.subscription import Subscription
from synclead.leads.text import is_blank
from synclead.leads.values import value_reader

_REMEMBERED = 1000
"""Values of a column."""


class RaggedRowError(SyncleadError):
    """A row has not one cell a column, so that nobody knows which cell is whose."""

    code, text = 20110, "Input error"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: a row must have a cell for each column, empty or not")


class RowReader:
    """Reads the rows under some columns by a subscription's rules.

    Only what is in order is read here: of everything else `read_record` says what is wrong, or what becomes of it.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._rules: _Rules | None = None

    def read(self, cells: Sequence[str], subscription: Subscription) -> SyncRequest:
        """The row, checked. Raises what `read_record` raises of `Columns.record`, and RaggedRowError."""
        if len(cells) != self._columns.width:
            raise RaggedRowError(f"{len(cells)} cells under {self._columns.width} columns")
        if self._columns.reason_place is not None:
            self._check_reason(cells, self._columns.reason_place)
        rules = self._rules
        if rules is None or rules.subscription is not subscription:
            rules = self._rules = _Rules(self._columns, subscription)
        try:
            request = rules.read(cells)
        except SyncleadError:
            request = None
        return read_record(self._columns.record(cells), subscription) if request is None else request

    def _check_reason(self, cells: Sequence[str], reason_place: int) -> None:
        """Refuses a ragged row to which a spreadsheet has added empty cells, so that its width is right."""
        if any(is_reason(cell) for place, cell in enumerate(cells) if place != reason_place):
            raise RaggedRowError("the reason of an earlier refusal stands in a column of values")


Parse = Callable[[str], str | None]


class _Rules:
    """What the columns are by one subscription's rules."""

    def __init__(self, columns: Columns, subscription: Subscription) -> None:
        self.subscription = subscription
        self._columns = columns
        self._clears_blank = columns.options.clear_blank
        self._key_places = tuple(columns.places.values())
        self._email_place: int | None = None
        self._values: list[tuple[int, str, Parse]] = []
        """Of each cell that is a value, but for the Email, its place, its field and what reads it."""
        self._read_only: list[tuple[int, str, Parse]] = []
        self._is_known = True
        """Whether each column is a field of its own. Otherwise no row is read here."""
        self._keyless: SyncRequest | None = None
        """A row all of whose cells are empty; None where such a row is refused."""
        names = set()
        for place, name in columns.attributes:
            found = subscription.catalogue.find(name) or subscription.catalogue.get(name)
            if found is None or found.name in names:
                self._is_known = False
                break
            names.add(found.name)
            if found.name == EMAIL:
                self._email_place = place
            else:
                kind = self._read_only if found.read_only else self._values
                kind.append((place, found.name, _parse_of(found, subscription, columns.options.forms)))
        with suppress(SyncleadError):  # such as that of a row without the Id that it is to keep
            self._keyless = read_record(columns.keys([""] * columns.width), subscription)

    def read(self, cells: Sequence[str]) -> SyncRequest | None:
        """The row; None, or a refusal, where it is out of the ordinary."""
        if not self._is_known:
            return None
        text = "".join(cells)
        if not text.isprintable() and has_forbidden(text):
            return None  # perhaps only in a cell that is not looked at
        request = self._keyless
        for place in self._key_places:
            if cells[place]:
                request = read_record(self._columns.keys(cells), self.subscription)
                break
        if request is None:
            return None
        clears = self._clears_blank
        values: dict[str, str | None] = {}
        for place, name, parse in self._values:
            value = parse(cells[place])
            if value is not None or clears:
                values[name] = value
        email, clears_email = None, False
        if self._email_place is not None:
            email_text = cells[self._email_place]
            if not is_blank(email_text):
                email = parse_email(email_text)
            else:
                clears_email = clears
        if self._read_only:
            read = ((name, parse(cells[place])) for place, name, parse in self._read_only)
            read_only = {name: value for name, value in read if value is not None or clears}
            request = replace(request, read_only=read_only)
        return replace(request, values=values, email_attribute=email, clears_email=clears_email)


def _parse_of(field: Field, subscription: Subscription, forms: Forms) -> Parse:
    """What reads the cells under a field; remembers short values, since most columns have few different ones."""
    parse = value_reader(field, subscription.time_zone, forms)
    return parse if field.type == "text" else lru_cache(_REMEMBERED)(parse)
