"""The files that leads travel in: CSV, as `export` writes and `import` reads it, and JSON lines."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from synclead.cli.console import to_json
from synclead.leads.fields import EMAIL, STANDARD, Catalogue, Field
from synclead.leads.several import join
from synclead.leads.text import UNSEEN, WHITE_SPACE
from synclead.store.documents import lead_document
from synclead.store.errors import StoreError

if TYPE_CHECKING:
    from synclead.store.reading import StoredLead

KEY_COLUMNS = ("Id", EMAIL)
"""They come first; then all fields, then these:"""
LAST_COLUMNS = ("createdAt", "updatedAt", "ForeignSysType", "ForeignSysPersonId", "Cookie", "Partition", "lastChange")
"""`lastChange` is the number of a lead's last change: it says which of several leads of one Email is meant."""

_IS_RUN = re.compile(
    # The signs as they are, full in width, small, and the minus of typesetters. Spreadsheets take away blanks before a
    # sign, and tabs and line ends before anything.
    f"[\t\r\n]|[{WHITE_SPACE}{UNSEEN}]*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"
)
"""What a spreadsheet would run begins so."""
_NUMBERS = frozenset({"integer", "score", "float", "currency", "percent"})


def write_csv(leads: Iterable["StoredLead"], catalogue: Catalogue, out: TextIO, *, excel_safe: bool = False) -> None:
    """A line of headings, then a line a lead: canonical values, times in UTC, an unset value as an empty cell.

    `excel_safe` puts `'` before what a spreadsheet would run, headings too: `import` does not take it away.
    Raises StoreError for a value that no field of the catalogue bears: nothing is left out in silence.
    """
    # The writer quotes every line end only where its own is CR LF; what is written ends in LF.
    writer = csv.writer(_LineFeeds(out), lineterminator="\r\n")
    fields = _columns(catalogue)
    headings = [*KEY_COLUMNS, *(field.soap_name or field.rest_name for field in fields), *LAST_COLUMNS]
    writer.writerow(map(_safe, headings) if excel_safe else headings)
    names = [field.name for field in fields]
    known = frozenset(names)
    is_number = [False] * len(KEY_COLUMNS) + [field.type in _NUMBERS for field in fields] + [False] * len(LAST_COLUMNS)
    for lead in leads:
        if not known >= lead.values.keys():
            lost = ", ".join(sorted(lead.values.keys() - known))
            raise StoreError(
                f"lead {lead.id} has a value of what is no field: {lost}; add it with `synclead fields add`"
            )
        row = [*_keys(lead), *(lead.values.get(name, "") for name in names), *_rest(lead)]
        if excel_safe:
            row = [cell if number else _safe(cell) for cell, number in zip(row, is_number, strict=True)]
        writer.writerow(row)


def write_json_lines(leads: Iterable["StoredLead"], out: TextIO) -> None:
    """A line a lead."""
    for lead in leads:
        out.write(to_json(lead_document(lead) | {"last_change": lead.change}) + "\n")


class _LineFeeds:
    """Ends in LF each row that is written to it, which ends in CR LF."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, row: str) -> int:
        return self._out.write(row[:-2] + "\n")


def _columns(catalogue: Catalogue) -> list[Field]:
    """The fields of a file: the standard ones in their order, then the subscription's own by name."""
    elsewhere = {*KEY_COLUMNS, *LAST_COLUMNS}
    own = sorted((field for field in catalogue.fields if field not in STANDARD), key=lambda field: field.name)
    return [field for field in (*STANDARD, *own) if field.name not in elsewhere]


def _keys(lead: "StoredLead") -> Sequence[str]:
    return str(lead.id), lead.email.text if lead.email else ""


def _rest(lead: "StoredLead") -> Sequence[str]:
    types = [one.type for one in lead.foreign_ids]
    return (
        _exactly(lead.created_at),
        _exactly(lead.updated_at),
        join(types if len(set(types)) > 1 else types[:1]),
        join(one.id for one in lead.foreign_ids),
        join(lead.cookies),
        lead.partition,
        str(lead.change),
    )


def _exactly(moment: datetime) -> str:
    """A moment in UTC, to the microsecond that is stored."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _safe(cell: str) -> str:
    return f"'{cell}" if _IS_RUN.match(cell) else cell
