"""Looking at the steps of a flow, and counting its progress from all of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from contracts.flows import EarlierRun, EarlierStep, StepResult, StepStatus
from domain.flows import RUNNING_SHARE, flow_progress
from storage.tables import TaskRow, TaskStepRow
from storage.tasks.rows import LedgerQueries, still_active


class StepRows(LedgerQueries):
    """What is read of the steps, and what their task says of them together."""

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return a task's steps as declared; none for one that is not a flow."""
        return [
            StepResult(
                step=row.name,
                status=StepStatus(row.status),
                weight=row.weight,
                error=row.error,
                started_at=row.started_at,
                completed_at=row.completed_at,
                attempts=row.attempts,
                data=row.data,
            )
            for row in await self._rows(task_id)
        ]

    async def earlier_runs(self, task_id: UUID) -> list[EarlierRun]:
        """Return the task and all that it retries, directly or through others, newest first."""
        runs = []
        following: UUID | None = task_id
        while following is not None:
            query = select(TaskRow.retry_of, TaskRow.rerun_from).where(TaskRow.id == following)
            found = (await self._session.execute(query)).one_or_none()
            if found is None:
                break
            steps = () if following == task_id else await self._earlier_steps(following)
            runs.append(EarlierRun(task_id=following, rerun_from=found.rerun_from, steps=tuple(steps)))
            following = found.retry_of
        return runs

    async def _earlier_steps(self, task_id: UUID) -> list[EarlierStep]:
        names = EarlierStep.model_fields
        return [
            EarlierStep.model_validate({name: getattr(row, name) for name in names})
            for row in await self._rows(task_id)
        ]

    async def _rows(self, task_id: UUID) -> list[TaskStepRow]:
        query = select(TaskStepRow).where(TaskStepRow.task_id == task_id).order_by(TaskStepRow.position)
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        return list(rows)

    async def _hold(self, task_id: UUID) -> None:
        # Two steps that end at once would each count without the other. Rows that refer to the task, such as
        # its errors, share its key: a lock that forbids that would be a deadlock of two that fail at once.
        # SQLite leaves the lock out: there the transaction has held the only one from its beginning.
        query = select(TaskRow.id).where(TaskRow.id == task_id).with_for_update(key_share=True)
        await self._session.execute(query)

    async def _report(
        self, task_id: UUID, *, current: str | None = None, fraction: float = 0.0, now: datetime
    ) -> None:
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
        more = max(0.0, fraction - RUNNING_SHARE) * await self._weight(task_id, current) if fraction else 0.0
        percent = flow_progress(weight + more, running_weight, total_weight)
        greatest = func.max if self._session.get_bind().dialect.name == "sqlite" else func.greatest
        values: dict[str, Any] = {
            "processed": completed,
            "total": sum(count for count, _ in found.values()),
            "progress": greatest(TaskRow.progress, percent),
            "updated_at": now,
        }
        if current is not None or not running:
            values["current_step"] = current
        await self._session.execute(still_active(task_id).values(values))

    async def _weight(self, task_id: UUID, step: str | None) -> int:
        query = select(TaskStepRow.weight).where(TaskStepRow.task_id == task_id, TaskStepRow.name == step)
        return await self._session.scalar(query) or 0
