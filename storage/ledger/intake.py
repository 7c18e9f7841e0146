"""Accepting tasks: one or thousands, up to their start."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import Enqueued, NewTask
from mainspring.domain.queues import fairness_ranks
from mainspring.storage.dialect import chunks, insert_new
from mainspring.storage.ledger.fairness_ranks import FairnessRanks
from mainspring.storage.ledger.repeats import Holders, Repeats, after_quiet_time, key_of
from mainspring.storage.ledger.rows import queued_row
from mainspring.storage.ledger.task_queries import TaskQueries
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow


class TaskIntake(Repository):
    """Accepts tasks. The writes run inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._repeats = Repeats(session)

    async def enqueue(self, tasks: Sequence[NewTask], *, now: datetime) -> list[Enqueued]:
        """Insert QUEUED rows, or find the tasks that hold their keys; return both in the given order.

        Raises AlreadyRetried: when a task is a retry of a task that was retried before.
        """
        await self._repeats.hold_retried(tasks)
        tasks = [after_quiet_time(task, now) for task in tasks]
        holders: Holders = {}
        with_row: set[UUID] = set()
        for chunk in chunks(tasks):
            found, accepted = await self._insert_queued(chunk, now)
            holders |= found
            with_row |= accepted
        enqueued = [_enqueued(task, {} if task.id in with_row else holders) for task in tasks]
        await self._repeats.note_retries(zip(tasks, enqueued, strict=True))
        return enqueued

    async def _insert_queued(self, tasks: list[NewTask], now: datetime) -> tuple[Holders, set[UUID]]:
        """Return who holds the keys of tasks that were not inserted, and the ids of tasks that have a row."""
        holders = await self._repeats.throttling(tasks, now)
        tasks = [task for task in tasks if key_of(task) not in holders]
        ranks = await self._fairness_ranks([task for task in tasks if task.is_pooled])
        with_row: set[UUID] = set()
        while tasks:
            rows = [_ranked_row(task, ranks, now) for task in tasks]
            await self._session.execute(insert_new(self._session, TaskRow), rows)
            # A row that is there may be an earlier attempt's, and over by now: it was accepted all the same.
            with_row |= await TaskQueries(self._session).known([task.id for task in tasks])
            keyed = [task for task in tasks if task.dedupe_key is not None and task.id not in with_row]
            found = await self._repeats.holders_of(keyed)
            begun = {key_of(task) for task in keyed if not await self._repeats.debounce(task, found, now)}
            holders |= {key: holder for key, holder in found.items() if key not in begun}
            # On PostgreSQL the holder of a key may have begun or ended between the statements: try again.
            tasks = [task for task in keyed if key_of(task) not in holders]
        return holders, with_row

    async def _fairness_ranks(self, tasks: Sequence[NewTask]) -> dict[UUID, int]:
        """Return the fairness rank of each task of a batched queue, among its job and priority."""
        waiting = FairnessRanks(self._session)
        ranks: dict[UUID, int] = {}
        for job, priority in sorted({(task.job, task.priority) for task in tasks}):
            queue = [task for task in tasks if (task.job, task.priority) == (job, priority)]
            keys = [task.fairness_key for task in queue]
            head = await waiting.first(job, priority)
            last = await waiting.last_of(set(keys), job, priority)
            ranks |= zip([task.id for task in queue], fairness_ranks(keys, head=head, last=last), strict=True)
        return ranks

    async def record_runs(self, runs: Mapping[UUID, str]) -> None:
        """Write which run Temporal gave each task, unless the run has written that already."""
        for task_id, run_id in runs.items():
            await self._session.execute(
                update(TaskRow).where(TaskRow.id == task_id, TaskRow.run_id.is_(None)).values(run_id=run_id)
            )


def _ranked_row(task: NewTask, ranks: Mapping[UUID, int], now: datetime) -> dict[str, Any]:
    return queued_row(task, now) | {"fairness_rank": ranks.get(task.id)}


def _enqueued(task: NewTask, holders: Holders) -> Enqueued:
    task_id, workflow_id = holders.get(key_of(task), (task.id, task.workflow_id))
    return Enqueued(
        task_id=task_id,
        workflow_id=workflow_id,
        deduplicated=task_id != task.id,
        starts_at=task.starts_at,
    )
