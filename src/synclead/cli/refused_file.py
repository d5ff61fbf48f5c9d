"""The file of refused rows: the columns of its source and the reason, so that it can be mended and imported again."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synclead.cli.console import Refusal, say
from synclead.leads.columns import REASON, is_reason
from synclead.leads.text import fold, trim

if TYPE_CHECKING:
    from synclead.store.row_groups import SourceRow


class RefusedFile:
    """A CSV file in UTF-8 that is made with its first row. Its length is kept with the progress of the import."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        """`header` is the source's; a column of reasons that it has from an earlier import is not taken over."""
        self.path = path
        self._header = header
        self._is_shorter = False
        self._has_reasons = fold(trim(header[-1])) == fold(REASON)
        self._places = [place for place, name in enumerate(header) if fold(trim(name)) != fold(REASON)]

    def claim(self) -> None:
        """For an import that begins: takes away what an earlier one left. Refuses a file of somebody else."""
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
                first = next(csv.reader([file.readline(1_000_000)]), [])
        except FileNotFoundError:
            return
        except (OSError, csv.Error):
            first = []
        if first[-1:] != [REASON]:
            raise Refusal(f"{self.path} is not a file of refused rows: name another one with --refused")
        self.path.unlink()

    def cut(self, length: int) -> None:
        """See `RefusedRows`."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size > length:
            os.truncate(self.path, length)
        elif size < length and not self._is_shorter:
            self._is_shorter = True
            say(f"{self.path} has lost rows that were refused before: they are not written again")

    def _kept(self, cells: Sequence[str]) -> list[str]:
        """The cells without the reason of an earlier import; those of a ragged row as they came: it stays ragged."""
        if self._has_reasons:
            # A spreadsheet may have added empty cells behind the reason.
            place = next((place for place, cell in enumerate(cells) if is_reason(cell)), len(cells))
            if place not in (len(self._header) - 1, len(cells)) and not any(map(str.strip, cells[place + 1 :])):
                return list(cells[:place])
        return [cells[place] for place in self._places] if len(cells) == len(self._header) else list(cells)

    def write(self, refused: Sequence[tuple["SourceRow", str]]) -> int:
        """See `RefusedRows`. Refuses to go on where the file cannot be written."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        try:
            with open(self.path, "ab", opener=_private) as file:
                if file.tell() == 0:
                    writer.writerow([*(self._header[place] for place in self._places), REASON])
                for row, reason in refused:
                    writer.writerow([*self._kept(row.cells), reason])
                file.write(text.getvalue().encode())
                file.flush()
                os.fsync(file.fileno())
                return file.tell()
        except OSError as error:
            raise Refusal(f"{self.path} cannot be written: {error.strerror}; name another with --refused") from None


def _private(path: str, flags: int) -> int:
    """Makes the file so that this account alone may read it: it holds leads."""
    return os.open(path, flags, 0o600)
