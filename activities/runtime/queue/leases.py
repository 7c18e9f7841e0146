"""Whether what an attempt has claimed is its own still: one that stood still may have been taken for dead."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.queue.results import Snooze
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.ledger import ClaimedRow, QueueQueries

# Another attempt comes 10 s after the last heartbeat that Temporal has seen, and one may reach it 5 s late.
SURE_FOR = timedelta(seconds=5)


class ClaimLost(Exception):
    """Another attempt has taken up the task: this one was taken for dead."""


class Leases:
    """The rows that an attempt has claimed, since when they are known to be its own, and which have begun."""

    def __init__(self, database: Database, clock: Clock, claim: str) -> None:
        self._database, self._clock = database, clock
        self._claim = claim
        self._rows: dict[UUID, ClaimedRow] = {}
        self._sure_since: dict[UUID, datetime] = {}
        self._begun: set[UUID] = set()
        self._looking = asyncio.Lock()

    def __getitem__(self, task_id: UUID) -> ClaimedRow:
        """Return a row that is held."""
        return self._rows[task_id]

    def add(self, rows: Sequence[ClaimedRow], *, since: datetime) -> None:
        """Hold rows that were claimed, in a transaction that began then."""
        for row in rows:
            self._rows[row.id] = row
            self._sure_since[row.id] = since
            self._begun.discard(row.id)

    def drop(self, task_ids: Collection[UUID]) -> None:
        """Hold these no longer."""
        for task_id in task_ids:
            self._rows.pop(task_id, None)
            self._sure_since.pop(task_id, None)

    @property
    def are_held(self) -> bool:
        """Whether a row is held."""
        return bool(self._rows)

    def has_begun(self, task_id: UUID) -> bool:
        """Whether the work of a row may have done something."""
        return task_id in self._begun

    def note_begun(self, task_id: UUID) -> None:
        """Note that the work of a row begins, here or elsewhere, under this claim."""
        self._begun.add(task_id)

    async def check(self, task_id: UUID) -> None:
        """See that the work of a row may begin; it must not when this raises.

        ClaimLost: another attempt works it. Snooze: this one is being cancelled.
        """
        if activity.is_cancelled():
            raise Snooze(self._clock.now())
        if not self._is_sure(task_id):
            async with self._looking:  # of the many that begin after a standstill, one looks for all
                if not self._is_sure(task_id):
                    await self._look()
        if task_id not in self._sure_since:
            raise ClaimLost(ClaimLost.__doc__)

    def _is_sure(self, task_id: UUID) -> bool:
        since = self._sure_since.get(task_id)
        # A clock that was set back tells nothing.
        return since is not None and timedelta() <= self._clock.now() - since < SURE_FOR

    async def _look(self) -> None:
        now, task_ids = self._clock.now(), list(self._rows)
        still_claimed = await self._database.read(
            lambda session: QueueQueries(session).still_claimed(self._claim, task_ids)
        )
        for task_id in task_ids:
            if task_id in still_claimed and task_id in self._rows:
                self._sure_since[task_id] = now
            elif self._sure_since.get(task_id, now) < now:  # not one that was claimed meanwhile
                del self._sure_since[task_id]
