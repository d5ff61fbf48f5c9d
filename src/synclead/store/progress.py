"""How far a file is imported: kept in the transaction that writes the leads of its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from msgspec.json import decode

from synclead.leads.errors import SyncleadError
from synclead.store.group import Answer
from synclead.store.schema import from_micros, to_micros
from synclead.store.transaction import Row
from synclead.store.working_set import Statement


@dataclass(frozen=True, slots=True)
class ImportKey:
    """Which import it is: the same file with the same options into the same subscription."""

    subscription_id: int
    file: str
    """SHA-256 of the file, in hex."""
    options: str
    """SHA-256 of what was chosen, in hex."""

    def row(self) -> dict[str, Any]:
        """As the statements take it."""
        return {"subscription": self.subscription_id, "file": self.file, "options": self.options}

    def read(self) -> Statement:
        """The statement whose rows `stored` reads."""
        return ("read_import", self.row())


@dataclass(frozen=True, slots=True)
class Counts:
    """What the rows so far came to."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    shared_emails: int = 0
    """Rows after which an Email stands on several leads that did not before."""
    cookies_ignored: int = 0
    """Rows of which a cookie was left out (`bad_cookie = "ignore"`)."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """By field: rows of which its value was left out (`bad_value = "skip"`)."""

    def after(self, answers: Iterable[Answer]) -> "Counts":
        """With the outcomes of more rows."""
        created, updated, unchanged, refused = self.created, self.updated, self.unchanged, self.refused
        shared, ignored, skipped = self.shared_emails, self.cookies_ignored, dict(self.skipped)
        for answer in answers:
            if isinstance(answer, SyncleadError):
                refused += 1
                continue
            if not answer.changed:
                unchanged += 1
            elif answer.status == "CREATED":
                created += 1
            else:
                updated += 1
            shared += bool(answer.why.email_shared_with)
            ignored += answer.why.cookie_ignored is not None
            for name in {reason.partition(":")[0] for reason in answer.why.skipped}:
                skipped[name] = skipped.get(name, 0) + 1
        return Counts(created, updated, unchanged, refused, shared, ignored, skipped)


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Where an import stands after a commit."""

    started_at: datetime
    position: int = 0
    """Rows that are done."""
    refused_bytes: int = 0
    """Length of the file of refused rows."""
    counts: Counts = field(default_factory=Counts)
    finished_at: datetime | None = None

    def after(self, answers: list[Answer], refused_bytes: int) -> "ImportProgress":
        """After a group of rows with these outcomes."""
        return replace(
            self,
            position=self.position + len(answers),
            refused_bytes=refused_bytes,
            counts=self.counts.after(answers),
        )

    def store(self, key: ImportKey) -> Statement:
        """The statement that keeps it."""
        counts = {name: getattr(self.counts, name) for name in Counts.__slots__}
        stored = {
            "position": self.position,
            "refused_bytes": self.refused_bytes,
            "counts": counts | {"skipped": dict(self.counts.skipped)},
            "started_at": to_micros(self.started_at),
            "finished_at": None if self.finished_at is None else to_micros(self.finished_at),
        }
        return ("store_import", key.row() | stored)


def stored(rows: list[Row]) -> ImportProgress | None:
    """The progress that `ImportKey.read` found; None where the import was never begun."""
    if not rows:
        return None
    position, refused_bytes, counts, started_at, finished_at = rows[0]
    return ImportProgress(
        started_at=from_micros(started_at),
        position=position,
        refused_bytes=refused_bytes,
        counts=Counts(**(decode(counts) if isinstance(counts, str) else counts)),
        finished_at=None if finished_at is None else from_micros(finished_at),
    )
