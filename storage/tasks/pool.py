"""The queues of pooled jobs: rows are claimed a page at a time, worked together, and settled together.

A row waits as QUEUED for its first turn. Claimed it is RUNNING, and stays so between its attempts, with
`next_attempt_at`. A claim names the workflow run and the activity that work the row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Update, case, func, null, or_, select, tuple_, update
from sqlalchemy.engine import Row

from contracts.pools import PoolQueue
from contracts.tasks import JsonObject, TaskState
from contracts.webhooks import TaskChanged
from storage.tables import TaskRow
from storage.tables.tasks import POOL_QUEUED, POOL_RUNNING
from storage.tasks.announcing import announce
from storage.tasks.rows import LedgerQueries

# What a claimed row is read with.
COLUMNS = (
    TaskRow.id,
    TaskRow.job,
    TaskRow.workspace,
    TaskRow.input,
    TaskRow.attempts,
    TaskRow.started_at,
    TaskRow.checkpoint,
    TaskRow.cancel_requested_at,
    TaskRow.priority,
    TaskRow.pool_turn,
    TaskRow.created_at,
)


@dataclass(frozen=True)
class ClaimedTask:
    """A row to work. `attempt` counts from 1; failures are those of the attempts before, of both kinds."""

    id: UUID
    given: JsonObject
    attempt: int
    failures: int
    own_failures: int
    first_begun_at: datetime


def claim_of(run_id: str, activity_id: str) -> str:
    """Return the name of a claim: every attempt of the same activity has the same."""
    return f"{run_id}/{activity_id}"


class PoolRepository(LedgerQueries):
    """The queues, inside the caller's transaction. Any number of workers may claim at the same time."""

    async def claim(self, job: str, claim: str, *, limit: int, now: datetime) -> list[ClaimedTask]:
        """Take up to `limit` rows that are due: by priority, then round robin over workspaces, then by age.

        Those that were asked to cancel meanwhile end here.
        """
        again = _page(TaskRow.next_attempt_at <= now, POOL_RUNNING, job, limit)
        again = again.where(TaskRow.claimed_by.is_(None))
        first = _page(_has_begun(now), POOL_QUEUED, job, limit)
        found = [*await self._session.execute(again), *await self._session.execute(first)]
        found.sort(key=lambda row: (row.priority, row.pool_turn, row.created_at, row.id))
        return await self._take(found[:limit], claim, now)

    async def resume(self, claim: str, *, now: datetime) -> list[ClaimedTask]:
        """Take up again the rows that an earlier attempt of the same activity left behind."""
        query = select(*COLUMNS).where(TaskRow.claimed_by == claim, POOL_RUNNING)
        found = (await self._session.execute(query)).all()
        return await self._take(found, claim, now)

    async def _take(self, rows: Sequence[Row[Any]], claim: str, now: datetime) -> list[ClaimedTask]:
        cancelled = [row for row in rows if row.cancel_requested_at is not None]
        taken = [row for row in rows if row.cancel_requested_at is None]
        if cancelled:
            await self._end(cancelled, now)
        if taken:
            await self._session.execute(_these(taken).values(_claimed(claim, now)))
        return [_task(row, now) for row in taken]

    async def _end(self, rows: Sequence[Row[Any]], now: datetime) -> None:
        ended = {"state": TaskState.CANCELLED, "claimed_by": None, "finished_at": now, "updated_at": now}
        await self._session.execute(_these(rows).values(ended))
        changes = [
            TaskChanged(
                task_id=row.id, job=row.job, state=TaskState.CANCELLED, workspace=row.workspace, at=now
            )
            for row in rows
        ]
        self.deliveries += await announce(self._session, changes, now=now)

    async def release(self, job: str, *, run_id: str, now: datetime) -> None:
        """Free the rows that other runs of the job's drain have claimed: there is only one at a time."""
        await self._session.execute(
            update(TaskRow)
            .where(
                POOL_RUNNING,
                TaskRow.claimed_by.is_not(None),
                TaskRow.claimed_by.not_like(claim_of(run_id, "%")),
                TaskRow.job == job,
            )
            .values(claimed_by=None, next_attempt_at=now)
        )

    async def queue(self, job: str, *, at_most: int, now: datetime) -> PoolQueue:
        """Return how many rows are due and unclaimed, counted to `at_most`, and when the next one is due."""
        again = select(TaskRow.id).where(
            POOL_RUNNING, TaskRow.job == job, TaskRow.next_attempt_at <= now, TaskRow.claimed_by.is_(None)
        )
        first = select(TaskRow.id).where(POOL_QUEUED, TaskRow.job == job, _has_begun(now))
        due = 0
        for query in (again, first):
            counted = select(func.count()).select_from(query.limit(at_most - due).subquery())
            due += await self._session.scalar(counted) or 0
            if due >= at_most:
                return PoolQueue(due=due, next_due_at=None)
        later = [await self._session.scalar(query) for query in _later(job, now)]
        return PoolQueue(due=due, next_due_at=min((each for each in later if each), default=None))

    async def has_due(self, job: str, *, now: datetime) -> bool:
        """Whether a row is due, or claimed by whoever: only a drain can tell whether that one is alive."""
        for query in (
            select(TaskRow.id).where(POOL_QUEUED, TaskRow.job == job, _has_begun(now)),
            select(TaskRow.id).where(POOL_RUNNING, TaskRow.job == job, TaskRow.next_attempt_at <= now),
            select(TaskRow.id).where(POOL_RUNNING, TaskRow.job == job, TaskRow.claimed_by.is_not(None)),
        ):
            if await self._session.scalar(query.limit(1)) is not None:
                return True
        return False

    async def is_first_in_line(self, job: str, task_ids: Collection[UUID], *, now: datetime) -> bool:
        """Whether none that is older than these waits: who started that one has woken the drain.

        Only after the commit that made them does this say anything.
        """
        mine = select(TaskRow.created_at, TaskRow.id).where(TaskRow.id == min(task_ids), POOL_QUEUED)
        found = (await self._session.execute(mine)).one_or_none()
        if found is None:
            return False
        older = select(TaskRow.id).where(
            POOL_QUEUED,
            TaskRow.job == job,
            _has_begun(now),
            tuple_(TaskRow.created_at, TaskRow.id) < (found.created_at, found.id),
        )
        return await self._session.scalar(older.limit(1)) is None


def _these(rows: Sequence[Row[Any]]) -> Update:
    return update(TaskRow).where(TaskRow.id.in_([row.id for row in rows]))


def _page(is_due: ColumnElement[bool], where: Any, job: str, limit: int) -> Select[Any]:
    return (
        select(*COLUMNS)
        .where(where, TaskRow.job == job, is_due)
        .order_by(TaskRow.priority, TaskRow.pool_turn, TaskRow.created_at, TaskRow.id)
        .limit(limit)
        # Whoever claims at the same time takes the next ones. SQLite leaves it out: it has one writer.
        .with_for_update(skip_locked=True)
    )


def _has_begun(now: datetime) -> ColumnElement[bool]:
    return or_(TaskRow.starts_at.is_(None), TaskRow.starts_at <= now)


def _later(job: str, now: datetime) -> tuple[Select[Any], ...]:
    return (
        select(func.min(TaskRow.next_attempt_at)).where(
            POOL_RUNNING, TaskRow.job == job, TaskRow.next_attempt_at > now
        ),
        select(func.min(TaskRow.starts_at)).where(POOL_QUEUED, TaskRow.job == job, TaskRow.starts_at > now),
    )


def _claimed(claim: str, now: datetime) -> dict[str, Any]:
    return {
        "state": TaskState.RUNNING,
        "claimed_by": claim,
        "attempts": TaskRow.attempts + 1,
        "next_attempt_at": None,
        "started_at": func.coalesce(TaskRow.started_at, now),
        # What was said during the quiet time is what is worked now: a later word is the next task's.
        "dedupe_key": case((TaskRow.quiet_seconds.is_not(None), null()), else_=TaskRow.dedupe_key),
        "updated_at": now,
    }


def _task(row: Row[Any], now: datetime) -> ClaimedTask:
    counted = row.checkpoint or {}
    return ClaimedTask(
        id=row.id,
        given=row.input,
        attempt=row.attempts + 1,
        failures=counted.get("failures", 0),
        own_failures=counted.get("own_failures", 0),
        first_begun_at=row.started_at or now,
    )
