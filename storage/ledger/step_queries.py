"""Looking at the steps of flows: those of one task, and those of the tasks that a task retries."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from mainspring.contracts.flows import PreviousRun, PreviousStep, StepResult, StepStatus
from mainspring.contracts.tasks import JsonObject
from mainspring.domain.sizes import MOST_AT_ONCE
from mainspring.storage.dialect import chunks, is_postgresql
from mainspring.storage.ledger.step_rows import by_task, step_of
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow, TaskStepRow


class StepQueries(Repository):
    """Looks at steps, inside the caller's transaction.

    Only `steps`, `recall` and `completed_data` read the steps' data.
    """

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return a task's steps as declared; none for one that is not a flow."""
        query = select(TaskStepRow).where(TaskStepRow.task_id == task_id).order_by(TaskStepRow.position)
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        return [step_of(row) for row in rows]

    async def completed_data(self, task_id: UUID, step: str, input_hash: str) -> JsonObject | None:
        """Return what a completed step of the same input gave back; None when there is no such step."""
        query = select(TaskStepRow.data).where(
            TaskStepRow.task_id == task_id,
            TaskStepRow.name == step,
            TaskStepRow.status == StepStatus.COMPLETED,
            TaskStepRow.input_hash == input_hash,
        )
        return await self._session.scalar(query)

    async def earlier_runs(self, task_id: UUID) -> list[PreviousRun]:
        """Return the task and all that it retries, directly or through others, newest first."""
        runs = []
        following: UUID | None = task_id
        while following is not None:
            query = select(TaskRow.retry_of, TaskRow.rerun_from).where(TaskRow.id == following)
            found = (await self._session.execute(query)).one_or_none()
            if found is None:
                break
            run = PreviousRun(task_id=following, rerun_from=found.rerun_from, steps=())
            runs.append(run if following == task_id else await self._with_its_work(run))
            following = found.retry_of
        return runs

    async def _with_its_work(self, run: PreviousRun) -> PreviousRun:
        steps = (
            select(TaskStepRow.name, TaskStepRow.status, TaskStepRow.input_hash)
            .where(TaskStepRow.task_id == run.task_id)
            .order_by(TaskStepRow.position)
        )
        children = select(TaskRow.id).where(TaskRow.parent_id == run.task_id)
        return run.model_copy(
            update={
                "steps": tuple(
                    PreviousStep(name=name, status=status, input_hash=input_hash)
                    for name, status, input_hash in await self._session.execute(steps)
                ),
                "children": frozenset(await self._session.scalars(children)),
            }
        )

    async def recall(self, steps: Mapping[str, UUID]) -> dict[str, JsonObject]:
        """Return what the first of these steps gave back: as many as one message carries."""
        data: dict[str, JsonObject] = {}
        room = MOST_AT_ONCE
        for task_id, names in by_task(steps):
            for chunk in chunks(names):
                chosen = []
                for name, size in await self._sizes(task_id, chunk):
                    if size <= room:
                        chosen.append(name)
                        room -= size
                query = select(TaskStepRow.name, TaskStepRow.data).where(*_these(task_id, chosen))
                data |= {name: kept or {} for name, kept in await self._session.execute(query)}
        return data

    async def _sizes(self, task_id: UUID, names: Collection[str]) -> Iterable[tuple[str, int]]:
        # SQLite's JSON is stored in ASCII.
        length = func.octet_length if is_postgresql(self._session) else func.length
        size = func.coalesce(length(cast(TaskStepRow.data, Text)), 0)
        query = select(TaskStepRow.name, size).where(*_these(task_id, names))
        return [(name, size) for name, size in await self._session.execute(query)]


def _these(task_id: UUID, names: Collection[str]) -> tuple[Any, ...]:
    return TaskStepRow.task_id == task_id, TaskStepRow.name.in_(names)
