"""The steps of a flow. Every write holds the task's row, so that progress is counted from all steps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.flows import FailedStep, FlowResult, OpenedStep, StepResult, StepStatus
from mainspring.contracts.tasks import JsonObject
from mainspring.contracts.text import readable
from mainspring.storage.dialect import chunks, insert_new
from mainspring.storage.ledger.flow_progress import FlowProgress
from mainspring.storage.ledger.rows import still_active
from mainspring.storage.ledger.step_queries import StepQueries
from mainspring.storage.ledger.step_rows import by_task, pending_row, still_open, taken_over
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow, TaskStepRow

CANCELLED = "cancelled"


class StepStore(Repository):
    """Writes the steps of flows, inside the caller's transaction. No write leaves a final status."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._flows = FlowProgress(session)

    async def open(self, task_id: UUID, steps: Sequence[OpenedStep], *, now: datetime) -> None:
        """Make a flow's pending steps; those that are there stay as they are."""
        rows = [pending_row(task_id, position, step) for position, step in enumerate(steps)]
        for chunk in chunks(rows):
            statement = insert_new(self._session, TaskStepRow)
            await self._session.execute(statement, chunk)
        await self._flows.hold(task_id)
        await self._flows.report(task_id, now=now)

    async def start(
        self,
        task_id: UUID,
        step: str,
        input_hash: str,
        attempt: int,
        *,
        data: JsonObject | None = None,
        now: datetime,
    ) -> JsonObject | None:
        """Set running, with the number of the attempt; return the data of one that had completed already.

        `data` is what a step says of itself before its end.
        """
        await self._flows.hold(task_id)
        started = await self._changed(
            still_open(task_id, [step]).values(
                status=StepStatus.RUNNING,
                input_hash=input_hash,
                attempts=attempt,
                data=data,
                started_at=func.coalesce(TaskStepRow.started_at, now),
            )
        )
        if not started:
            return await StepQueries(self._session).completed_data(task_id, step, input_hash)
        await self._flows.report(task_id, current=step, now=now)
        return None

    async def complete(self, task_id: UUID, step: str, data: JsonObject, *, now: datetime) -> None:
        """Set completed with what the step gave back."""
        await self._flows.hold(task_id)
        await self._session.execute(
            still_open(task_id, [step]).values(
                status=StepStatus.COMPLETED, data=data, error=None, completed_at=now
            )
        )
        await self._flows.report(task_id, now=now)

    async def fail(
        self,
        task_id: UUID,
        step: str,
        error: str,
        *,
        is_final: bool,
        data: JsonObject | None = None,
        now: datetime,
    ) -> None:
        """Note an attempt's error; with `is_final` set failed. `data` is what a failed step says still."""
        await self._flows.hold(task_id)
        values: dict[str, Any] = {"error": readable(error)}
        if is_final:
            values |= {"status": StepStatus.FAILED, "data": data, "completed_at": now}
        await self._session.execute(still_open(task_id, [step]).values(values))
        await self._flows.report(task_id, now=now)

    async def record_unworked(
        self,
        task_id: UUID,
        *,
        adopted: Mapping[str, UUID],
        failed: Sequence[FailedStep],
        skipped: Collection[str],
        now: datetime,
    ) -> None:
        """Write what became of steps without anybody working on them.

        Those that are `adopted` are as the tasks named there have left them.
        """
        await self._flows.hold(task_id)
        for earlier_id, names in by_task(adopted):
            for chunk in chunks(names):
                await self._session.execute(taken_over(task_id, chunk, earlier_id))
        for each in failed:
            # One whose activity could still say so is failed already.
            await self._session.execute(
                still_open(task_id, [each.name]).values(
                    status=StepStatus.FAILED, error=readable(each.error), completed_at=now
                )
            )
        for chunk in chunks(list(skipped)):
            await self._session.execute(still_open(task_id, chunk).values(status=StepStatus.SKIPPED))
        await self._flows.report(task_id, now=now)

    async def close(self, task_id: UUID, *, now: datetime) -> tuple[list[StepResult], datetime | None]:
        """End what is open still: running steps were cancelled, pending ones are skipped.

        Returns all steps, and when the flow started.
        """
        await self._flows.hold(task_id)
        running = still_open(task_id).where(TaskStepRow.status == StepStatus.RUNNING)
        await self._session.execute(
            running.values(status=StepStatus.FAILED, error=CANCELLED, completed_at=now)
        )
        await self._session.execute(still_open(task_id).values(status=StepStatus.SKIPPED))
        await self._flows.report(task_id, now=now)
        started_at = await self._session.scalar(select(TaskRow.started_at).where(TaskRow.id == task_id))
        return await StepQueries(self._session).steps(task_id), started_at

    async def keep_result(self, task_id: UUID, result: FlowResult) -> None:
        """Write what a flow that is about to end gives back."""
        await self._session.execute(still_active(task_id).values(result=result.model_dump(mode="json")))

    async def advance(self, task_id: UUID, step: str, fraction: float, *, now: datetime) -> None:
        """Write how far a running step is, 0 to 1."""
        await self._flows.hold(task_id)
        await self._flows.report(task_id, current=step, fraction=fraction, now=now)
