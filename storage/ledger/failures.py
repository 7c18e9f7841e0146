"""Failed tasks that were neither retried nor dismissed, in groups of one fingerprint."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.failures import FailureFilter, FailureGroup
from mainspring.contracts.tasks import Task
from mainspring.storage.ledger.rows import task_of
from mainspring.storage.repository import Cursor, Repository, found_otherwise, newest_first
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import FAILED

OPEN = and_(
    FAILED,
    TaskRow.fingerprint.is_not(None),
    TaskRow.retried_by.is_(None),
    TaskRow.dismissed_at.is_(None),
    TaskRow.parent_id.is_(None),
)
ENDED = (TaskRow.finished_at, TaskRow.id)


class FailureStore(Repository):
    """Failed tasks of a workspace, neither retried nor dismissed, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    def _conditions(self, criteria: FailureFilter) -> Sequence[ColumnElement[bool]]:
        return [found_otherwise(TaskRow.workspace, self._workspace), OPEN, *_chosen(criteria)]

    async def groups(self, criteria: FailureFilter, *, limit: int = 100) -> list[FailureGroup]:
        """Return the groups, the one that failed last first."""
        same = TaskRow.fingerprint
        ranked = (
            select(
                TaskRow.fingerprint,
                TaskRow.job,
                TaskRow.error_type,
                TaskRow.error_message,
                TaskRow.id,
                func.count().over(partition_by=same).label("count"),
                func.min(TaskRow.finished_at).over(partition_by=same).label("first_at"),
                func.max(TaskRow.finished_at).over(partition_by=same).label("last_at"),
                func.row_number()
                .over(partition_by=same, order_by=[column.desc() for column in ENDED])
                .label("rank"),
            )
            .where(*self._conditions(criteria))
            .subquery()
        )
        latest = select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.last_at.desc()).limit(limit)
        return [_group(row) for row in await self._session.execute(latest)]

    async def oldest(self, criteria: FailureFilter, *, after: Cursor | None = None, limit: int) -> list[Task]:
        """Return failed tasks, the oldest failure first; `after` is the end and id of the last one seen."""
        query = select(TaskRow).where(*self._conditions(criteria)).order_by(*ENDED)
        if after is not None:
            query = query.where(tuple_(*ENDED) > after)
        return [task_of(row) for row in await self._session.scalars(query.limit(limit))]

    async def newest(
        self, criteria: FailureFilter, *, before: Cursor | None = None, limit: int
    ) -> list[Task]:
        """Return failed tasks, the latest failure first; `before` is the end and id of the last one above."""
        query = select(TaskRow).where(*self._conditions(criteria))
        query = newest_first(query, ENDED, before=before, limit=limit)
        return [task_of(row) for row in await self._session.scalars(query)]

    async def count(self, criteria: FailureFilter) -> int:
        """Return how many failed tasks meet the criteria."""
        found = await self._session.scalar(select(func.count()).where(*self._conditions(criteria)))
        return found or 0

    async def dismiss(self, criteria: FailureFilter, *, now: datetime) -> int:
        """Take failed tasks out of the failures without retrying them; return how many."""
        return await self._changed(
            update(TaskRow).where(*self._conditions(criteria)).values(dismissed_at=now)
        )

    async def returned(self, fingerprints: Collection[str], *, since: datetime) -> Task | None:
        """Return a retry that failed in one of these ways since then, if there is one."""
        query = select(TaskRow).where(
            found_otherwise(TaskRow.workspace, self._workspace),
            FAILED,
            TaskRow.fingerprint.in_(fingerprints),
            TaskRow.retry_of.is_not(None),
            TaskRow.finished_at >= since,
        )
        row = await self._session.scalar(query.limit(1))
        return None if row is None else task_of(row)


def _chosen(criteria: FailureFilter) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.task_ids is not None:
        conditions.append(TaskRow.id.in_(criteria.task_ids))
    if criteria.group is not None:
        conditions.append(TaskRow.fingerprint.startswith(criteria.group.lower(), autoescape=True))
    if criteria.job is not None:
        conditions.append(TaskRow.job == criteria.job)
    if criteria.error_type is not None:
        conditions.append(TaskRow.error_type == criteria.error_type)
    if criteria.since is not None:
        conditions.append(TaskRow.finished_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(TaskRow.finished_at < criteria.until)
    return conditions


def _group(row: Any) -> FailureGroup:
    return FailureGroup(
        fingerprint=row.fingerprint,
        job=row.job,
        error_type=row.error_type,
        example_id=row.id,
        example_message=row.error_message,
        count=row.count,
        first_at=row.first_at,
        last_at=row.last_at,
    )
