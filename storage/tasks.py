"""The task ledger: every write keeps a final state final."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Update, and_, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.tasks import (
    ACTIVE_STATES,
    BeginTask,
    Enqueued,
    FinishTask,
    JsonObject,
    MarkWaiting,
    NewTask,
    Task,
    TaskError,
    TaskState,
)
from domain.tasks import percentage
from storage.storable import storable
from storage.tables import TaskErrorRow, TaskRow
from storage.upsert import chunks, insert_into

ACTIVE_NAMES = sorted(ACTIVE_STATES)

# Accepted, and the engine has not been told.
_UNSTARTED = and_(TaskRow.state == TaskState.QUEUED, TaskRow.run_id.is_(None))


class TaskRepository:
    """The rows of the ledger, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def enqueue(self, tasks: Sequence[NewTask], *, now: datetime) -> list[Enqueued]:
        """Insert QUEUED rows, or find the active ones that hold their dedupe keys; in the given order."""
        enqueued: dict[UUID, Enqueued] = {}
        for chunk in chunks(tasks):
            enqueued |= await self._insert_queued(chunk, now)
        return [enqueued[task.id] for task in tasks]

    async def _insert_queued(self, tasks: list[NewTask], now: datetime) -> dict[UUID, Enqueued]:
        enqueued: dict[UUID, Enqueued] = {}
        while tasks:
            rows = [task.model_dump() | _fresh(now) for task in tasks]
            statement = insert_into(self._session, TaskRow).on_conflict_do_nothing()
            await self._session.execute(statement, rows)
            # One that is there may be of an earlier attempt, and over by now: it was accepted all the same.
            there = await self.known([task.id for task in tasks])
            held = await self._holders([task for task in tasks if task.id not in there])
            enqueued |= held | {
                task.id: Enqueued(task_id=task.id, workflow_id=task.workflow_id, deduplicated=False)
                for task in tasks
                if task.id in there
            }
            # On PostgreSQL the holder of a key may have ended between the statements: then try again.
            tasks = [task for task in tasks if task.id not in enqueued]
        return enqueued

    async def _holders(self, tasks: Sequence[NewTask]) -> dict[UUID, Enqueued]:
        keys = {task.id: storable(task.dedupe_key) for task in tasks if task.dedupe_key is not None}
        query = select(TaskRow.dedupe_key, TaskRow.id, TaskRow.workflow_id).where(
            TaskRow.dedupe_key.in_(set(keys.values())), TaskRow.state.in_(ACTIVE_NAMES)
        )
        holders = {
            key: Enqueued(task_id=task_id, workflow_id=workflow_id, deduplicated=True)
            for key, task_id, workflow_id in (await self._session.execute(query) if keys else ())
        }
        return {task_id: holders[key] for task_id, key in keys.items() if key in holders}

    async def get(self, task_id: UUID) -> Task | None:
        """Return one task with its error log."""
        row = await self._session.get(TaskRow, task_id, populate_existing=True)
        if row is None:
            return None
        errors = select(TaskErrorRow).where(TaskErrorRow.task_id == task_id).order_by(TaskErrorRow.id)
        return _task(row, [_error(error) for error in await self._session.scalars(errors)])

    async def find(
        self,
        *,
        job: str | None = None,
        states: Collection[TaskState] = (),
        workspace: str | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> list[Task]:
        """Return the newest tasks first, without their error logs; `before` is the last of the page above."""
        query = select(TaskRow).order_by(TaskRow.created_at.desc(), TaskRow.id.desc()).limit(limit)
        if job is not None:
            query = query.where(TaskRow.job == job)
        if states:
            query = query.where(TaskRow.state.in_(states))
        if workspace is not None:
            query = query.where(TaskRow.workspace == workspace)
        if before is not None:
            query = query.where(tuple_(TaskRow.created_at, TaskRow.id) < before)
        return [_task(row) for row in await self._session.scalars(query)]

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        plain = prefix.replace("-", "").lower()
        low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
        query = select(TaskRow.id).where(TaskRow.id.between(low, high)).limit(2)
        return list(await self._session.scalars(query))

    async def unstarted(
        self, *, limit: int, created_before: datetime, after: Task | None = None
    ) -> list[Task]:
        """Return accepted tasks that the engine has not been told of, the most urgent and oldest first.

        `after` is the last task of the page before.
        """
        order = (TaskRow.priority, TaskRow.created_at, TaskRow.id)
        query = (
            select(TaskRow)
            .where(_UNSTARTED, TaskRow.created_at < created_before)
            .order_by(*order)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(*order) > (after.priority, after.created_at, after.id))
        return [_task(row) for row in await self._session.scalars(query)]

    async def to_start(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these tasks the engine has not been told of."""
        found: set[UUID] = set()
        for chunk in chunks(list(task_ids)):
            found |= set(
                await self._session.scalars(select(TaskRow.id).where(TaskRow.id.in_(chunk), _UNSTARTED))
            )
        return found

    async def record_runs(self, runs: Mapping[UUID, str]) -> None:
        """Note which run the engine gave each task, unless the run has already said so itself."""
        for task_id, run_id in runs.items():
            await self._session.execute(
                update(TaskRow).where(TaskRow.id == task_id, TaskRow.run_id.is_(None)).values(run_id=run_id)
            )

    async def begin(self, message: BeginTask, *, now: datetime) -> tuple[UUID, bool]:
        """Set RUNNING, making the row for a raw start; return its id and whether it was final already."""
        task_id = message.task_id or message.fallback_id
        row = NewTask(
            id=task_id,
            dedupe_key=None,
            **message.model_dump(include={"job", "workflow_id", "input", "workspace", "triggered_by"}),
        )
        await self._ensure(row, run_id=message.run_id, now=now)
        begun = _still_active(task_id).values(
            state=TaskState.RUNNING,
            run_id=message.run_id,
            started_at=func.coalesce(TaskRow.started_at, now),
            waiting_for=None,
            resumes_at=None,
            updated_at=now,
        )
        return task_id, not await self._changed(begun)

    async def add_finished(
        self, task: NewTask, finish: FinishTask, *, run_id: str, started_at: datetime, ended_at: datetime
    ) -> None:
        """Make the row of a workflow that is over and never wrote one."""
        await self._ensure(task, run_id=run_id, now=started_at)
        await self.finish(finish, now=ended_at)

    async def _ensure(self, task: NewTask, *, run_id: str, now: datetime) -> None:
        if await self._session.get(TaskRow, task.id) is None:
            row = task.model_dump() | _fresh(now) | {"run_id": run_id}
            await self._session.execute(insert(TaskRow).values(row))

    async def mark_waiting(self, message: MarkWaiting, *, now: datetime) -> None:
        """Set WAITING with its reason and the time it ends."""
        await self._session.execute(
            _still_active(message.task_id).values(
                state=TaskState.WAITING,
                waiting_for=message.waiting_for,
                resumes_at=message.resumes_at,
                updated_at=now,
            )
        )

    async def mark_running(self, task_id: UUID, *, now: datetime) -> None:
        """Set RUNNING again after a wait."""
        await self._session.execute(
            _still_active(task_id).values(
                state=TaskState.RUNNING, waiting_for=None, resumes_at=None, updated_at=now
            )
        )

    async def finish(self, message: FinishTask, *, now: datetime, ended_at: datetime | None = None) -> bool:
        """Set a final state; return False when the row was final already (or is unknown).

        `ended_at` is when the task ended, if that was before now.
        """
        values: dict[str, Any] = {
            "state": message.state,
            "result": message.result,
            "waiting_for": None,
            "resumes_at": None,
            "finished_at": ended_at or now,
            "updated_at": now,
        }
        if message.state is TaskState.SUCCESS:
            values["progress"] = 100
        changed = await self._changed(_still_active(message.task_id).values(values))
        if changed and message.error is not None:
            await self._append_final_error(message.task_id, message.error)
        return changed

    async def _append_final_error(self, task_id: UUID, error: TaskError) -> None:
        # The last attempt's error is often in the log already, with its stack: once is enough.
        last = await self._session.scalar(
            select(TaskErrorRow)
            .where(TaskErrorRow.task_id == task_id)
            .order_by(TaskErrorRow.id.desc())
            .limit(1)
        )
        if last is None or (last.error_type, last.message) != (error.error_type, error.message):
            await self.append_error(task_id, error)

    async def append_error(self, task_id: UUID, error: TaskError) -> None:
        """Add one failure to the log; an unknown task is passed over."""
        if await self._session.get(TaskRow, task_id) is not None:
            await self._session.execute(insert(TaskErrorRow).values(task_id=task_id, **error.model_dump()))

    async def report_progress(
        self,
        task_id: UUID,
        *,
        processed: int,
        total: int | None,
        part: float = 0,
        step: str | None,
        checkpoint: JsonObject,
        now: datetime,
    ) -> None:
        """Write how far the work is, in the transaction that stores it; the percentage never falls.

        A retried activity goes on from `checkpoint`, so that its counts stay right whatever died.
        """
        percent = percentage(processed, total, part)
        greatest = func.max if self._session.get_bind().dialect.name == "sqlite" else func.greatest
        await self._session.execute(
            _still_active(task_id).values(
                processed=processed,
                total=total,
                current_step=step,
                checkpoint=checkpoint,
                progress=greatest(TaskRow.progress, percent),
                updated_at=now,
            )
        )

    async def note_step(self, task_id: UUID, step: str, *, now: datetime) -> None:
        """Write what a task is doing just now."""
        await self._session.execute(_still_active(task_id).values(current_step=step, updated_at=now))

    async def checkpoint(self, task_id: UUID, *, hold: bool = False) -> JsonObject | None:
        """Return what `report_progress` last kept; `hold` keeps others from it until the transaction ends."""
        query = select(TaskRow.checkpoint).where(TaskRow.id == task_id)
        # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its beginning.
        return await self._session.scalar(query.with_for_update() if hold else query)

    async def request_cancel(self, task_id: UUID, *, now: datetime) -> bool:
        """Note that cancellation was asked for; one that the engine does not know is CANCELLED at once.

        Returns whether the engine has to be told.
        """
        await self._session.execute(
            _still_active(task_id)
            .where(TaskRow.cancel_requested_at.is_(None))
            .values(cancel_requested_at=now, updated_at=now)
        )
        at_once = _still_active(task_id).where(TaskRow.run_id.is_(None))
        ended = await self._changed(
            at_once.values(state=TaskState.CANCELLED, finished_at=now, updated_at=now)
        )
        return not ended

    async def to_cancel(self, *, limit: int) -> list[Task]:
        """Return active tasks that were asked to cancel and that the engine knows, the oldest wish first."""
        query = (
            select(TaskRow)
            .where(
                TaskRow.state.in_(ACTIVE_NAMES),
                TaskRow.cancel_requested_at.is_not(None),
                TaskRow.run_id.is_not(None),
            )
            .order_by(TaskRow.cancel_requested_at)
            .limit(limit)
        )
        return [_task(row) for row in await self._session.scalars(query)]

    async def active_started(
        self, *, untouched_since: datetime, after: UUID | None, limit: int
    ) -> list[Task]:
        """Return active tasks that the engine knows, in the order of their ids."""
        query = (
            select(TaskRow)
            .where(
                TaskRow.state.in_(ACTIVE_NAMES),
                TaskRow.run_id.is_not(None),
                TaskRow.updated_at < untouched_since,
            )
            .order_by(TaskRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(TaskRow.id > after)
        return [_task(row) for row in await self._session.scalars(query)]

    async def known(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these ids have a row."""
        return set(await self._session.scalars(select(TaskRow.id).where(TaskRow.id.in_(task_ids))))

    async def _changed(self, statement: Update) -> bool:
        result = await self._session.execute(statement)
        return bool(result.rowcount)  # type: ignore[attr-defined]  # a DML result has it


def _still_active(task_id: UUID) -> Update:
    return update(TaskRow).where(TaskRow.id == task_id, TaskRow.state.in_(ACTIVE_NAMES))


def _fresh(now: datetime) -> dict[str, Any]:
    return {"state": TaskState.QUEUED, "progress": 0, "processed": 0, "created_at": now, "updated_at": now}


def _task(row: TaskRow, errors: Sequence[TaskError] = ()) -> Task:
    fields = Task.model_fields.keys() - {"errors"}
    return Task.model_validate({name: getattr(row, name) for name in fields} | {"errors": tuple(errors)})


def _error(row: TaskErrorRow) -> TaskError:
    return TaskError.model_validate({name: getattr(row, name) for name in TaskError.model_fields})
