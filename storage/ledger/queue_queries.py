"""Looking at batched queues: how many rows are due, and whether a consumer has to be woken."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from mainspring.contracts.queues import QueueStatistics
from mainspring.contracts.tasks import TaskState
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import BATCHED_QUEUED, BATCHED_RUNNING, BATCHED_UNDER_WAY

UNDER_WAY = (TaskState.RUNNING, TaskState.WAITING)


class QueueQueries(Repository):
    """Looks at the queues, inside the caller's transaction, and changes nothing."""

    async def queue(self, job: str, *, at_most: int, now: datetime) -> QueueStatistics:
        """Return how many rows are due and unclaimed, counted to `at_most`, and when the next one is due."""
        again = select(TaskRow.id).where(
            BATCHED_UNDER_WAY, TaskRow.job == job, is_due_again(now), TaskRow.claimed_by.is_(None)
        )
        first = select(TaskRow.id).where(BATCHED_QUEUED, TaskRow.job == job, may_begin(now))
        due = 0
        for query in (again, first):
            counted = select(func.count()).select_from(query.limit(at_most - due).subquery())
            due += await self._session.scalar(counted) or 0
            if due >= at_most:
                return QueueStatistics(due=due, next_due_at=None)
        later = [await self._session.scalar(query) for query in later_times(job, now)]
        next_due_at = min((each for each in later if each), default=None)
        next_due_in = None if next_due_at is None else next_due_at - now
        return QueueStatistics(due=due, next_due_at=next_due_at, next_due_in=next_due_in)

    async def has_due(self, job: str, *, now: datetime) -> bool:
        """Whether a row is due, or claimed: only a consumer can tell whether the claimant is alive."""
        for query in (
            select(TaskRow.id).where(BATCHED_QUEUED, TaskRow.job == job, may_begin(now)),
            select(TaskRow.id).where(BATCHED_UNDER_WAY, TaskRow.job == job, is_due_again(now)),
            select(TaskRow.id).where(BATCHED_UNDER_WAY, TaskRow.job == job, TaskRow.claimed_by.is_not(None)),
        ):
            if await self._session.scalar(query.limit(1)) is not None:
                return True
        return False

    async def still_claimed(self, claim: str, task_ids: Collection[UUID], *, hold: bool = False) -> set[UUID]:
        """Return which of these rows the claim still has a lease on.

        `hold` locks the rows until the transaction ends.
        """
        query = select(TaskRow.id).where(
            TaskRow.claimed_by == claim, BATCHED_RUNNING, TaskRow.id.in_(task_ids)
        )
        return set(await self._session.scalars(query.with_for_update() if hold else query))

    async def is_first_in_line(self, job: str, task_ids: Collection[UUID], *, now: datetime) -> bool:
        """Whether no consumer was woken for an older row that waits and is due no later than these.

        The start of such an older row has woken the consumer. A row whose later time has come has woken none.
        The answer means something only after the commit that made these rows.
        """
        found = (await self._session.execute(FIRST_OF_THESE, {"id": min(task_ids)})).one_or_none()
        if found is None:
            return False
        before = {
            "job": job,
            "created_at": found.created_at,
            "id": found.id,
            "until": max(now, found.starts_at or now),
            "now": now,
        }
        return await self._session.scalar(OLDER_THAN_THESE, before) is None


def may_begin(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a queued row's time has come, and no other run of its key is before it.

    A debounced row gave up its key when it began. The next one of that key must not be worked before it has
    ended, all its attempts included, or else an older input could be written after a newer one.
    """
    before = aliased(TaskRow)
    is_under_way = exists().where(
        before.workspace == TaskRow.workspace,
        before.job_key == TaskRow.job_key,
        before.id != TaskRow.id,
        before.state.in_(UNDER_WAY),
    )
    has_come = or_(TaskRow.starts_at.is_(None), TaskRow.starts_at <= now)
    return has_come & or_(TaskRow.quiet_seconds.is_(None), ~is_under_way)


def is_due_again(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether the time of a row's next attempt has come."""
    return TaskRow.next_attempt_at <= now


def later_times(job: str, now: datetime) -> tuple[Select[Any], ...]:
    """Return the queries for when the next row is due: one for next attempts, one for later starts."""
    return (
        select(func.min(TaskRow.next_attempt_at)).where(
            BATCHED_UNDER_WAY, TaskRow.job == job, TaskRow.next_attempt_at > now
        ),
        select(func.min(TaskRow.starts_at)).where(
            BATCHED_QUEUED, TaskRow.job == job, TaskRow.starts_at > now
        ),
    )


# Built once, for every start asks: `QueueQueries.is_first_in_line`.
FIRST_OF_THESE = select(TaskRow.created_at, TaskRow.id, TaskRow.starts_at).where(
    TaskRow.id == bindparam("id"), BATCHED_QUEUED
)
OLDER_THAN_THESE = (
    select(TaskRow.id)
    .where(
        BATCHED_QUEUED,
        TaskRow.job == bindparam("job"),
        may_begin(bindparam("until", type_=TaskRow.starts_at.type)),
        or_(TaskRow.starts_at.is_(None), TaskRow.starts_at > bindparam("now")),
        tuple_(TaskRow.created_at, TaskRow.id)
        < tuple_(
            bindparam("created_at", type_=TaskRow.created_at.type), bindparam("id", type_=TaskRow.id.type)
        ),
    )
    .limit(1)
)
