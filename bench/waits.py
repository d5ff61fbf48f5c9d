"""How much of their time connections to PostgreSQL wait for rows that others have locked."""

from __future__ import annotations

from threading import Event, Thread

import psycopg

_SAMPLE_SECONDS = 0.2
# A place at a table's end, which is waited for too, is none of its rows.
_WAITING = """\
SELECT count(*) FILTER (WHERE wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')), count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


class RowWaits:
    """Looks five times a second between `with` and its end."""

    def __init__(self, url: str) -> None:
        """`url`: of the database whose connections are looked at."""
        self._url = url
        self._over = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._waiting = 0
        self._seen = 0

    @property
    def share(self) -> float:
        """Of all connections at all times, the part that waited for a row; from 0 to 1."""
        return self._waiting / self._seen if self._seen else 0.0

    def __enter__(self) -> RowWaits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.wait(_SAMPLE_SECONDS):
                ((waiting, seen),) = connection.execute(_WAITING.encode()).fetchall()
                self._waiting += waiting
                self._seen += seen
