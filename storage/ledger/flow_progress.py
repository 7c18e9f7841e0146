"""How far a flow is, counted from all its steps and, while they run, from its children."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from mainspring.contracts.flows import StepStatus
from mainspring.domain.flows import RUNNING_SHARE, child_task_id, flow_progress
from mainspring.storage.dialect import greatest
from mainspring.storage.ledger.rows import ACTIVE_NAMES, still_active
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow, TaskStepRow

# Five hundred children that each report once a second write to their parent once a second, not five hundred
# times.
FOLLOW_EVERY = timedelta(seconds=1)


class FlowProgress(Repository):
    """Writes the progress of flows. Every transaction locks a child's row before its parent's."""

    async def follow_children(self, task_id: UUID, *, now: datetime, at_once: bool = False) -> None:
        """Count what the children that run have done into a flow's progress, and into its parent's.

        Nothing is counted when the flow was written to within a second, or another transaction counts just
        now. `at_once` counts all the same: the child will say nothing more for long.
        """
        if not await (self.hold(task_id) if at_once else self._hold_if_stale(task_id, now)):
            return
        running = select(TaskStepRow.name, TaskStepRow.weight).where(
            TaskStepRow.task_id == task_id, TaskStepRow.status == StepStatus.RUNNING
        )
        children = select(TaskRow.id, TaskRow.progress).where(
            TaskRow.parent_id == task_id, TaskRow.state.in_(ACTIVE_NAMES)
        )
        progress = {row.id: row.progress for row in await self._session.execute(children)}
        more = 0.0
        for name, weight in await self._session.execute(running):
            more += _beyond_its_share(progress.get(child_task_id(task_id, name), 0) / 100, weight)
        await self._count(task_id, more, now=now)

    async def hold(self, task_id: UUID) -> bool:
        """Lock a flow's row until the transaction ends; return whether the row is there."""
        # Two steps that end at once would each count without the other. Rows that refer to the task, such as
        # its errors, share its key: a lock that forbids that would be a deadlock of two that fail at once.
        # SQLite leaves the lock out: there the transaction has held the only one from its beginning.
        query = select(TaskRow.id).where(TaskRow.id == task_id).with_for_update(key_share=True)
        return await self._session.scalar(query) is not None

    async def _hold_if_stale(self, task_id: UUID, now: datetime) -> bool:
        query = select(TaskRow.id).where(
            TaskRow.id == task_id,
            TaskRow.state.in_(ACTIVE_NAMES),
            TaskRow.updated_at <= now - FOLLOW_EVERY,
        )
        # A transaction that waited here would keep the rows of its own work locked meanwhile.
        locked = await self._session.scalar(query.with_for_update(key_share=True, skip_locked=True))
        return locked is not None

    async def report(
        self, task_id: UUID, *, current: str | None = None, fraction: float = 0.0, now: datetime
    ) -> None:
        """Count a flow's progress from its steps; `fraction` is how far the step `current` is, 0 to 1."""
        more = _beyond_its_share(fraction, await self._weight(task_id, current)) if fraction else 0.0
        await self._count(task_id, more, current=current, now=now)

    async def _count(self, task_id: UUID, more: float, *, current: str | None = None, now: datetime) -> None:
        query = (
            select(TaskStepRow.status, func.count(), func.sum(TaskStepRow.weight))
            .where(TaskStepRow.task_id == task_id)
            .group_by(TaskStepRow.status)
        )
        found = {status: (count, weight) for status, count, weight in await self._session.execute(query)}
        if not found:
            return
        completed, weight = found.get(StepStatus.COMPLETED, (0, 0))
        running, running_weight = found.get(StepStatus.RUNNING, (0, 0))
        total_weight = sum(each for _, each in found.values())
        percent = flow_progress(weight + more, running_weight, total_weight)
        values: dict[str, Any] = {
            "processed": completed,
            "total": sum(count for count, _ in found.values()),
            "progress": greatest(self._session, TaskRow.progress, percent),
            "updated_at": now,
        }
        if current is not None or not running:
            values["current_step"] = current
        statement = still_active(task_id).values(values).returning(TaskRow.parent_id)
        parent_id = await self._session.scalar(statement)
        if parent_id is not None:
            await self.follow_children(parent_id, now=now)

    async def _weight(self, task_id: UUID, step: str | None) -> int:
        query = select(TaskStepRow.weight).where(TaskStepRow.task_id == task_id, TaskStepRow.name == step)
        return await self._session.scalar(query) or 0


def _beyond_its_share(fraction: float, weight: int) -> float:
    """Return what a running step counts for beside what every running step does."""
    return max(0.0, fraction - RUNNING_SHARE) * weight
