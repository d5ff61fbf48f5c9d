"""What a process knows of its own commits: their outcome after a lost connection, and whether writes work."""

import asyncio
import time
from typing import Any

from synclead.store.transaction import Database, DatabaseError
from synclead.store.working_set import Statement

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
KEPT_SECONDS = 86_400
"""How long the row of a process stays after its last commit, where it was not taken away."""
_EXPIRY_SECONDS = 3_600.0
"""How often a process looks for such rows."""


class CommitLog:
    """The rows of one process in `group_commit` (design: "The way of one call", 6)."""

    def __init__(self, database: Database, process: str) -> None:
        """No two processes may share the name `process`."""
        self._database = database
        self._process = process
        self._number = 0
        self._expired_at: dict[int, float] = {}
        """When rows of others were last looked for, by the subscriptions that have one of this process."""

    def next_number(self) -> int:
        """A number for one attempt to commit a group; never given twice."""
        self._number += 1
        return self._number

    def store(self, subscription_id: int, number: int) -> list[Statement]:
        """The statements that leave the number in the group's own transaction, and now and then take old ones out."""
        row = self._row(subscription_id)
        stored: list[Statement] = [("store_group", row | {"number": number})]
        now = time.monotonic()
        if now - self._expired_at.get(subscription_id, float("-inf")) >= _EXPIRY_SECONDS:
            self._expired_at[subscription_id] = now
            stored += [("date_groups", row), ("expire_groups", row | {"seconds": KEPT_SECONDS})]
        return stored

    async def is_committed(self, subscription_id: int, number: int) -> bool | None:
        """Whether a group whose COMMIT was not answered is in the database, for good; None when nobody can say."""
        row = self._row(subscription_id) | {"number": number}
        try:
            async with self._database.transaction() as transaction:
                # The lock first: while it is free, the lost transaction is over, one way or the other.
                _, found = await transaction.run([("lock_counter", row), ("confirm_group", row)])
                if found:
                    # It may be on this server alone, and not on the standby that it has to wait for.
                    await transaction.run([], commit=True)
        except DatabaseError:
            return None
        return bool(found)

    async def drop(self) -> None:
        """Takes this process's rows away; one that stays all the same harms nobody."""
        for subscription_id in self._expired_at:
            row = self._row(subscription_id)
            try:
                async with self._database.transaction() as transaction:
                    await transaction.run([("lock_counter", row), ("drop_group", row)], commit=True)
            except DatabaseError:
                return

    def _row(self, subscription_id: int) -> dict[str, Any]:
        return {"subscription": subscription_id, "process": self._process}


class Probe:
    """From a failure on: tries a real write, more and more rarely, until one is durable."""

    def __init__(self, database: Database, process: str) -> None:
        # A row of its own: it must not overwrite the number that tells a lost COMMIT's outcome.
        self._log = CommitLog(database, f"{process} probe")
        self._database = database
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether no write has worked since the last failure."""
        return self._task is not None and not self._task.done()

    def start(self, subscription_id: int) -> None:
        """Begins to try, if it does not try already."""
        if not self.is_running:
            self._task = asyncio.get_running_loop().create_task(self._try(subscription_id))

    async def wait(self) -> None:
        """Returns when a write has worked."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def stop(self) -> None:
        """Tries no more, and takes its rows away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            await self._log.drop()

    async def _try(self, subscription_id: int) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            writes = self._log.store(subscription_id, self._log.next_number())
            try:
                async with self._database.transaction() as transaction:
                    await transaction.run([("lock_counter", writes[0][1]), *writes], commit=True)
            except DatabaseError:
                continue
            return
