"""What the database can do to a call or a command.

The first two answer a call (spec: sync-lead, section 6); the others stop a start or a command with
one sentence that says what to do.
"""

from synclead.leads.errors import SyncleadError

NOTHING_WRITTEN = "nothing was written, safe to repeat"
NOT_KNOWN = "outcome not known, safe to repeat"


class ServiceFailureError(SyncleadError):
    """Something needed did not answer: database away, disk full, too busy, deadline."""

    code, text = 20011, "Internal error"

    def __init__(self, reference: str, *, outcome_known: bool = True, reason: str = "") -> None:
        """`reference` is shown and logged; `reason` is for the log alone."""
        ending = NOTHING_WRITTEN if outcome_known else NOT_KNOWN
        super().__init__(f"Internal error, reference {reference}, {ending}")
        self.reference = reference
        self.outcome_known = outcome_known
        self.reason = reason


class InternalError(SyncleadError):
    """A defect of ours, or the one record that the database refused."""

    code, text = 10001, "Internal error"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Internal error, reference {reference}")
        self.reference = reference


class StoreError(Exception):
    """Root of what stops a start or a command; the message is one sentence for its user."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The message by its lines: a line end within one of them came from outside."""
        return (str(self),)


class ForeignDatabaseError(StoreError):
    """The database belongs to something else."""


class NewerSchemaError(StoreError):
    """The database was made by a later release."""


class OldSchemaError(StoreError):
    """The database needs `synclead db upgrade`."""


class DatabaseUnavailableError(StoreError):
    """The database cannot be opened."""


class UnsafeDurabilityError(StoreError):
    """The database would lose what it has acknowledged."""


class UnconfirmedError(StoreError):
    """It is committed on this server alone, which was to wait for a standby."""


class MasterKeyError(StoreError):
    """The master key is missing, malformed or not the one that sealed the stored secrets."""


class BackupError(StoreError):
    """The copy of a database was not made."""


class AlreadyServedError(StoreError):
    """Another process serves this SQLite file."""


class UnknownLeadError(StoreError):
    """No lead has the Id that a command names."""


class VisitorExistsError(StoreError):
    """The cookie token is taken already."""
