"""What the first reading of a file finds in its cells, before a row of it is written."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from synclead.cli.console import say
from synclead.cli.csv_source import CsvSource
from synclead.leads.columns import Columns
from synclead.leads.date_forms import day_comes_first
from synclead.leads.forms import Forms
from synclead.leads.number_forms import is_rounded, may_be_a_thousand
from synclead.leads.subscription import Subscription
from synclead.leads.text import quoted, trim

_SHOWN: Final = 3
"""Examples of a column."""

_DECIMALS = frozenset({"float", "currency", "percent"})
_DATES = frozenset({"date", "datetime"})


@dataclass(slots=True)
class Seen:
    """Cells of one column that have something in common."""

    count: int = 0
    first: list[str] = field(default_factory=list)
    """The first ones, each with its row."""

    def add(self, number: int, cell: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(f"{quoted(cell)} in row {number}")

    def __str__(self) -> str:
        cells = f"{self.count:,} cell" if self.count == 1 else f"{self.count:,} cells"
        return f"{cells}, such as {' and '.join(self.first)}"


Look = Callable[[int, str], None]
"""Looks at a cell of a row."""


@dataclass(slots=True)
class _Dotted:
    """Cells that are read with a decimal point, though the point may part groups of three."""

    seen: Seen = field(default_factory=Seen)
    is_decimal: bool = False
    """Whether another cell of the column shows that it does not."""

    def look(self, number: int, cell: str) -> None:
        """See Look."""
        if "." in cell:
            if may_be_a_thousand(trim(cell)):
                self.seen.add(number, trim(cell))
            else:
                self.is_decimal = True


@dataclass(slots=True)
class _DayFirst:
    """Dates whose day must come before the month."""

    name: str
    """Of the field."""
    seen: Seen = field(default_factory=Seen)

    def look(self, number: int, cell: str) -> None:
        """See Look."""
        if "/" in cell and day_comes_first(trim(cell)):
            self.seen.add(number, trim(cell))


class Survey:
    """Looks at the cells of some columns. Which ones is decided once: of most files at none, or at a few."""

    def __init__(self, header: list[str], columns: Columns, owner: Subscription) -> None:
        self._header = header
        self._places = frozenset((*columns.places.values(), *(place for place, _ in columns.attributes)))
        self._rounded: dict[int, Seen] = {}
        self._dotted: dict[int, _Dotted] = {}
        self._day_first: dict[int, _DayFirst] = {}
        forms = columns.options.forms
        for place, name in columns.attributes:
            found = owner.catalogue.find(name) or owner.catalogue.get(name)
            if found and found.type in _DECIMALS and not forms.decimal_comma:
                self._dotted[place] = _Dotted()
            elif found and found.type in _DATES and not forms.dates:
                self._day_first[place] = _DayFirst(found.name)
        for name in ("createdAt", "updatedAt"):
            if name in columns.places and not forms.dates:
                self._day_first[columns.places[name]] = _DayFirst(name)
        self._looks: list[tuple[int, Look]] = [(place, dotted.look) for place, dotted in self._dotted.items()]
        self._looks += [(place, one.look) for place, one in self._day_first.items()]

    def read(self, source: CsvSource, reached: Callable[[int], None], every: int) -> int:
        """Reads the rows to the end and gives their number, the header not counted; `reached` is told now and then."""
        total = -1
        width, looks = len(self._header), self._looks
        for number, cells in source.rows():
            total += 1
            if not total % every:
                reached(total)
            if source.blocks is None or source.blocks.has_exponent:
                self._look_for_rounded(number, cells)
            if looks and len(cells) == width:
                for place, look in looks:
                    if cells[place]:
                        look(number, cells[place])
        return total

    def forms(self, chosen: Forms) -> Forms:
        """The forms with what was seen."""
        return replace(chosen, day_first=frozenset(one.name for one in self._day_first.values() if one.seen.count))

    def tell(self) -> None:
        """Says what a spreadsheet has rounded, and what may be meant otherwise."""
        for place, seen in sorted(self._rounded.items()):
            self._say(
                place,
                seen,
                "rounded by a spreadsheet, so that the last digits are lost: give the column the format Text there, "
                "and fill it from its source again",
            )
        for place, one in sorted(self._day_first.items()):
            if one.seen.count:
                self._say(
                    place,
                    one.seen,
                    "with the day before the month: say so with --date-format dmy. Rows are refused whose date could "
                    "be read either way",
                )
        for place, dotted in sorted(self._dotted.items()):
            if dotted.seen.count and not dotted.is_decimal:
                self._say(
                    place,
                    dotted.seen,
                    "read with a decimal point: where points part groups of three, import the file again with "
                    "--decimal-comma",
                )

    def _say(self, place: int, seen: Seen, what: str) -> None:
        say(f"column {quoted(self._header[place])}: {seen}, {what}")

    def _look_for_rounded(self, number: int, cells: list[str]) -> None:
        for place, cell in enumerate(cells):
            if "+" in cell and place in self._places and is_rounded(trim(cell)):
                self._rounded.setdefault(place, Seen()).add(number, trim(cell))
