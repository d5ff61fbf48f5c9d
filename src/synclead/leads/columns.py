"""The columns of a file of leads: what each header means, and the record that a row of cells is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from synclead.leads.fields import Catalogue, Field, check_field_name
from synclead.leads.forms import USUAL, Forms
from synclead.leads.record import RawAttribute, RawFileRow, RawRecord
from synclead.leads.subscription import Subscription
from synclead.leads.text import fold, is_blank, quoted, trim
from synclead.pasted import option

REASON: Final = "Refused because"
"""The column that a file of refused rows has beside those of its source."""
_IS_REASON = re.compile(r"row [0-9]+: .*\([0-9]{5}\)", re.DOTALL)

_KEYS: Final = {
    "id": "Id",
    "foreignsyspersonid": "ForeignSysPersonId",
    "foreignsystype": "ForeignSysType",
    "cookie": "Cookie",
    "marketocookie": "Cookie",
    "partition": "Partition",
}
_KEPT: Final = {
    "createdat": "createdAt",
    "created at": "createdAt",
    "updatedat": "updatedAt",
    "updated at": "updatedAt",
    "lastchange": "lastChange",
    "last change": "lastChange",
}
"""What only a lead that keeps its Id can be given."""


def is_reason(cell: str) -> bool:
    """Whether a cell is what a refused row has under `REASON`."""
    return _IS_REASON.fullmatch(cell) is not None


def is_key_name(name: str) -> bool:
    """Whether a column of this name is a key, or where or when a lead was: no field can be given in it."""
    return fold(name) in _KEYS or fold(name) in _KEPT


class ColumnsError(ValueError):
    """The columns of a file cannot be understood; the message is a sentence that names them."""


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What a person chose for all rows of a file."""

    keep_ids: bool = False
    """Whether an Id that no lead has makes the lead of that Id."""
    clear_blank: bool = False
    """Whether an empty cell clears its field; otherwise the field stays as it is."""
    workspace: str | None = None
    ignored: tuple[str, ...] = ()
    """Columns to leave out, by their headers."""
    forms: Forms = USUAL
    """How values are written."""


@dataclass(slots=True)
class Columns:
    """Which cell of a row is which part of a record. Made by `read_columns`."""

    width: int
    options: RowOptions
    places: dict[str, int] = field(default_factory=dict)
    """Cells that are no values of fields, by the names in `_KEYS` and `_KEPT`."""
    reason_place: int | None = None
    """The cell of reasons, in a file of refused rows."""
    attributes: list[tuple[int, str]] = field(default_factory=list)
    """Cells that are values of fields, with the fields' canonical names, or the names of fields to be made."""

    def record(self, cells: Sequence[str]) -> RawRecord:
        """The record that a row is; it has as many cells as there are columns."""
        attributes = [RawAttribute(name, cells[place]) for place, name in self.attributes]
        if not self.options.clear_blank:
            attributes = [one for one in attributes if not is_blank(one.value)]
        return replace(self.keys(cells), attributes=tuple(attributes))

    def keys(self, cells: Sequence[str]) -> RawRecord:
        """The record without its values."""
        cell = {name: cells[place] or None for name, place in self.places.items()}.get
        return RawRecord(
            id=cell("Id"),
            foreign_id=cell("ForeignSysPersonId"),
            foreign_type=cell("ForeignSysType"),
            cookie=cell("Cookie"),
            workspace=self.options.workspace,
            row=RawFileRow(
                partition=cell("Partition"),
                keeps_id=self.options.keep_ids,
                created_at=cell("createdAt"),
                updated_at=cell("updatedAt"),
                last_change=cell("lastChange"),
                forms=self.options.forms,
            ),
        )


def read_columns(header: Sequence[str], subscription: Subscription, options: RowOptions) -> Columns:
    """What the headers of a file mean: SOAP names, else REST names, else labels, in any letter case.

    Raises ColumnsError for a header that is empty, unknown, given twice or by a label that fields share, for a column
    that cannot be written, and for a file without a key.
    """
    names = [trim(text) for text in header]
    _check_ignored(names, options.ignored)
    ignored = {fold(name) for name in (*options.ignored, REASON)}
    meanings = _Meanings(subscription.catalogue)
    columns, seen = Columns(len(names), options), dict[str, str]()
    unknown: list[str] = []
    unwritable: list[str] = []
    for place, name in enumerate(names):
        if not name:
            raise ColumnsError(f"column {place + 1} has no name: give it one, or take it out")
        if fold(name) == fold(REASON):
            columns.reason_place = place
        if fold(name) in ignored:
            continue
        meaning = meanings.of(name)
        canonical = name if meaning is None else meaning if isinstance(meaning, str) else meaning.name
        if fold(canonical) in seen:
            raise ColumnsError(f"columns {quoted(seen[fold(canonical)])} and {quoted(name)} are the same: keep one")
        seen[fold(canonical)] = name
        if isinstance(meaning, str):
            columns.places[meaning] = place
        else:
            columns.attributes.append((place, canonical))
        if meaning is None:
            unknown.append(name)
        elif meaning in _KEPT.values() or (isinstance(meaning, Field) and meaning.read_only):
            unwritable.append(name)
    _check_unknown(unknown, subscription)
    if unwritable and not options.keep_ids:
        raise ColumnsError(
            f"{_listed(unwritable)} cannot be given to leads that get new Ids: let them keep theirs with --keep-ids, "
            f"or leave the columns out with {_ignoring(unwritable)}"
        )
    _check_keys(columns)
    return columns


class _Meanings:
    """What a header can mean, by its folded text."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._labels: dict[str, list[Field]] = {}
        self._rest_names: dict[str, Field] = {}
        for one in catalogue.fields:
            self._labels.setdefault(fold(one.label), []).append(one)
            self._rest_names.setdefault(fold(one.rest_name), one)

    def of(self, name: str) -> Field | str | None:
        """A field, the name of a key or of what is kept, or None for what nobody is called.

        Raises ColumnsError for a label that several fields have.
        """
        folded = fold(name)
        own = _KEYS.get(folded) or _KEPT.get(folded)
        found = self._catalogue.find(name) or self._rest_names.get(folded)
        if own is not None or found is not None:
            return own or found
        labelled = self._labels.get(folded, [])
        if len(labelled) > 1:
            raise ColumnsError(
                f"column {quoted(name)} is the label of several fields: name the one that is meant, "
                + " or ".join(one.name for one in labelled)
            )
        return labelled[0] if labelled else None


def _check_ignored(names: Sequence[str], ignored: Iterable[str]) -> None:
    have = {fold(name) for name in names}
    for name in ignored:
        if fold(trim(name)) not in have:
            raise ColumnsError(f"--ignore-column {quoted(name)} names no column of the file")


def _check_unknown(unknown: Sequence[str], subscription: Subscription) -> None:
    """Unknown columns refuse the file, unless naming a field makes it."""
    if not unknown:
        return
    if subscription.policy.unknown_fields == "create":
        for name in unknown:
            try:
                check_field_name(name)
            except ValueError as fault:
                raise ColumnsError(f"{fault}: rename the column, or leave it out with {_ignoring([name])}") from None
        limit = subscription.policy.created_fields_limit
        if len(unknown) > (room := max(0, subscription.catalogue.room_for_created(limit))):
            raise ColumnsError(
                f"no field is called {_listed(unknown)}: that would make {len(unknown)} fields, and {room} are left of "
                f"the {limit} that calls and files may make (created_fields_limit); add them with `synclead fields "
                f"add`, or leave columns out with {_ignoring(unknown)}"
            )
        return
    raise ColumnsError(
        f"no field is called {_listed(unknown)}: add it with `synclead fields add` or `synclead fields import`, or "
        f"leave the column out with {_ignoring(unknown)}"
    )


def _check_keys(columns: Columns) -> None:
    if columns.options.keep_ids and "Id" not in columns.places:
        raise ColumnsError("--keep-ids needs a column Id, and the file has none")
    keys = {"Id", "ForeignSysPersonId", "Cookie"}
    if not keys & columns.places.keys() and all(name != "Email" for _, name in columns.attributes):
        raise ColumnsError("no column says which lead a row means: name one Email, Id, ForeignSysPersonId or Cookie")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _ignoring(names: Iterable[str]) -> str:
    """The options that leave columns out, quoted for a shell."""
    options = [option("--ignore-column", name) for name in names]
    told = [one for one in options if one is not None]
    if len(told) < len(options):
        told.append("(and rename those whose names have characters that are not seen)")
    return " ".join(told)
