"""One run of `synclead import`: the file is read once to see that it is whole, and once more to take in its rows."""

import asyncio
import fcntl
import hashlib
import json
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice, starmap
from pathlib import Path
from typing import Any

from synclead.cli.console import Refusal, say, show
from synclead.cli.csv_source import CsvSource
from synclead.cli.meter import meter
from synclead.cli.refused_file import RefusedFile
from synclead.cli.survey import Survey
from synclead.leads.columns import ColumnsError, RowOptions, read_columns
from synclead.leads.forms import USUAL
from synclead.leads.row_reader import RowReader
from synclead.leads.subscription import Subscription
from synclead.leads.text import fold
from synclead.pasted import marked
from synclead.store.databases import may_starve_others, open_database
from synclead.store.foresight import Foresight
from synclead.store.importing import Importer
from synclead.store.progress import Counts, ImportKey, ImportProgress
from synclead.store.row_groups import SourceRow

_ROWS_BETWEEN_REPORTS = 1000
"""Of the first reading, which takes less time for a row than saying so."""


class ImportRun:
    """A file that was read to its end and can be imported. Its methods end the command with what came of it."""

    def __init__(
        self,
        source: CsvSource,
        options: RowOptions,
        owner: Subscription,
        database_url: str,
        *,
        skip_ragged: bool = False,
    ) -> None:
        """Reads the whole file. Raises Refusal, naming row and column, for whatever makes it unfit as a whole.

        `skip_ragged`: a row that has not one cell a column is refused alone.
        """
        self._source, self._url = source, database_url
        self._signature = source.signature()
        header = source.header()
        try:
            self._columns = read_columns(header, owner, options)
        except ColumnsError as error:
            raise Refusal(f"{source.path}: {error}") from None
        self._header = header
        survey = Survey(header, self._columns, owner)
        with meter(f"Reading {source.path}", None) as reached:
            self.total = survey.read(source, reached, _ROWS_BETWEEN_REPORTS)
        self._check_unchanged()
        if source.ragged.count and not skip_ragged:
            raise Refusal(_ragged(source, len(header)))
        survey.tell()
        self._columns.options = replace(options, forms=survey.forms(options.forms))
        self._key = ImportKey(owner.id, source.digest, _digest(source, options))
        self._options = options

    def foresee(self) -> None:
        """Says what an import would come to, a line for each row that would be refused. Raises Refusal for those."""
        progress, _ = asyncio.run(self._run(SaidRows(), foresight=Foresight()))
        if progress.finished_at is None:
            raise Refusal(f"stopped after {progress.position} of {_rows(self.total)}; nothing was written")
        show(f"{self._source.path} would come to {_in_words(progress.counts)}; nothing was written")
        _say_hints(progress.counts)
        if progress.counts.refused:
            raise Refusal(f"{_rows(progress.counts.refused)} would be refused")

    def write(self, refused: Path, *, again: bool) -> None:
        """Imports. Raises Refusal where it was stopped, and where rows were refused."""
        path = self._source.path
        if refused.exists() and refused.samefile(path):
            raise Refusal(f"{path} is the file to import: name another one for refused rows with --refused")
        with _alone(path):
            progress, is_old = asyncio.run(self._run(RefusedFile(refused, self._header), again=again))
        if progress.finished_at is None:
            raise Refusal(
                f"stopped after {progress.position} of {_rows(self.total)}: run the same command again to go on"
            )
        if is_old:
            moment = progress.finished_at.isoformat(timespec="seconds")
            show(
                f"{path} was imported already, at {moment}, and came to {_in_words(progress.counts)}; "
                "--again imports it once more"
            )
            return
        show(f"imported {path}: {_in_words(progress.counts)}")
        _say_hints(progress.counts)
        if progress.counts.refused:
            command = shlex.join(["synclead", "import", *_same(self._options), str(refused)])
            raise Refusal(f"{_rows(progress.counts.refused)} refused: mend {refused}, then run {marked(command)}")

    async def _run(
        self, refused: "RefusedFile | SaidRows", *, foresight: Foresight | None = None, again: bool = False
    ) -> tuple[ImportProgress, bool]:
        """How far the import is at the end, and whether it was finished by an earlier run."""
        database = open_database(self._url)
        try:
            with _stopping() as stop:
                importer = Importer(
                    database,
                    self._key,
                    RowReader(self._columns).read,
                    refused,
                    now,
                    stop,
                    check=self._check_unchanged,
                    may_starve_others=partial(may_starve_others, self._url),
                    foresight=foresight,
                )
                begun = await importer.begin(again=again)
                if begun.finished_at is not None:
                    return begun, True
                if begun.position:
                    say(f"going on after row {begun.position} of {self.total}, where an earlier run ended")
                elif isinstance(refused, RefusedFile):
                    refused.claim()
                what = "Importing" if foresight is None else "Trying"
                with meter(f"{what} {self._source.path}", self.total, begun.position) as reached:
                    importer.report = lambda progress: reached(progress.position)
                    return await importer.run(self._rows(begun.position), begun), False
        finally:
            await database.close()

    def _rows(self, done: int) -> Iterator[SourceRow]:
        """The rows after the first `done`, read anew."""
        return starmap(SourceRow, islice(self._source.rows(), done + 1, None))

    def _check_unchanged(self) -> None:
        if self._source.signature() != self._signature:
            raise Refusal(
                f"{self._source.path} was changed while it was read: rows that are in stay in; run the command again"
            )


class SaidRows:
    """Refused rows of a dry run: said as they come."""

    def cut(self, length: int) -> None:
        """See `RefusedRows`."""

    def write(self, refused: Sequence[tuple[SourceRow, str]]) -> int:
        """See `RefusedRows`."""
        for _, reason in refused:
            show(reason)
        return 0


def _ragged(source: CsvSource, width: int) -> str:
    """Names the rows that have not one cell a column."""
    named = "; ".join(f"row {number}: {cells} cells under {width} columns" for number, cells in source.ragged.first)
    more = source.ragged.count - len(source.ragged.first)
    return (
        f"{source.path}, {named}{f'; and {_rows(more)} more' if more else ''}: each row must have a cell for each "
        "column, empty or not; --skip-ragged refuses such rows alone"
    )


def _same(options: RowOptions) -> Iterator[str]:
    """The options by which refused rows are read as those of their file were."""
    if options.keep_ids:
        yield "--keep-ids"
    if options.clear_blank:
        yield "--clear-blank"
    if options.forms.decimal_comma:
        yield "--decimal-comma"
    for form in options.forms.dates:
        yield from ("--date-format", form.name)
    if options.workspace:
        yield from ("--workspace", options.workspace)
    for name in options.ignored:
        yield from ("--ignore-column", name)


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


def _digest(source: CsvSource, options: RowOptions) -> str:
    """Of everything but the file that decides what its rows come to."""
    chosen: tuple[Any, ...] = (
        options.keep_ids,
        options.clear_blank,
        fold(options.workspace or ""),
        sorted(fold(name) for name in options.ignored),
        source.delimiter,
        source.encoding,
    )
    if options.forms != USUAL:  # else it is as it was before there were others
        chosen += (options.forms.decimal_comma, [form.name for form in options.forms.dates])
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """Set by the first SIGINT or SIGTERM, so that the group under way is brought to its end."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps another import of the file out; the system lets go at the end of the process."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(f"another import of {path} is under way: wait for its end") from None
        yield


def _in_words(counts: Counts) -> str:
    parts = (
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.refused, "refused"),
    )
    return ", ".join(f"{number} {word}" for number, word in parts)


def _say_hints(counts: Counts) -> None:
    """What is not wrong, but may not have been meant."""
    if counts.shared_emails:
        say(f"{_rows(counts.shared_emails)} with an Email that other leads have, too")
    if counts.cookies_ignored:
        say(f"{_rows(counts.cookies_ignored)} of which a cookie was left out (bad_cookie)")
    for name, number in sorted(counts.skipped.items()):
        say(f"{_rows(number)} of which {name} was left out (bad_value)")


def _rows(number: int) -> str:
    return f"{number} row" if number == 1 else f"{number} rows"
