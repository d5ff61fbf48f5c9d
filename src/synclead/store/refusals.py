"""What a call is answered that could not be carried out; the observer is told, under the reference that is shown."""

from collections.abc import Callable

from synclead.leads.errors import SyncleadError
from synclead.store.errors import InternalError, ServiceFailureError
from synclead.store.observer import Observer


class Refusals:
    """Makes them."""

    def __init__(self, observer: Observer, new_reference: Callable[[], str]) -> None:
        self._observer = observer
        self._new_reference = new_reference

    def service_failure(self, reason: str, *, outcome_known: bool = True) -> ServiceFailureError:
        """20011; the reason is for the log alone."""
        reference = self._new_reference()
        self._observer.failed(reference, reason)
        return ServiceFailureError(reference, outcome_known=outcome_known, reason=reason)

    def internal_error(self, defect: Exception) -> SyncleadError:
        """10001, because of a defect or of what the database refused."""
        reference = self._new_reference()
        self._observer.failed(reference, defect)
        return InternalError(reference)
