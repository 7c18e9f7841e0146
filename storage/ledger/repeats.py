"""Repeated starts: what a second start of a key, or of a failed task, finds in the ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, literal, or_, select, update

from mainspring.contracts.tasks import Enqueued, NewTask, TaskState
from mainspring.contracts.text import storable
from mainspring.storage.dialect import chunks, is_postgresql
from mainspring.storage.errors import AlreadyRetried
from mainspring.storage.ledger.rows import ACTIVE_NAMES
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import ACTIVE

# A workspace and a key in it.
Key = tuple[str, str | None]

# A key, and the task that holds it with its workflow.
Holders = dict[Key, tuple[UUID, str]]

# A debounced task that waits for an earlier run of its key asks again after half of the time that the run has
# taken so far: 17 times in an hour for a quiet time of 2 s, and never half as long again as needed.
NEXT_LOOK = 0.5


class Repeats(Repository):
    """Decides between a new task and the task that its key has already, inside the caller's transaction."""

    async def holders_of(self, tasks: Sequence[NewTask]) -> Holders:
        """Return the active tasks that hold the keys of these tasks."""
        holders: Holders = {}
        for workspace in sorted({task.workspace for task in tasks}):
            by_key = {
                storable(task.dedupe_key): task.dedupe_key
                for task in tasks
                if task.workspace == workspace and task.dedupe_key is not None
            }
            for chunk in chunks(list(by_key)):
                query = select(TaskRow.dedupe_key, TaskRow.id, TaskRow.workflow_id).where(
                    TaskRow.workspace == workspace,
                    TaskRow.dedupe_key.in_(chunk),
                    ACTIVE,
                )
                holders |= {
                    (workspace, by_key[str(key)]): (task_id, workflow_id)
                    for key, task_id, workflow_id in await self._session.execute(query)
                }
        return holders

    async def debounce(self, task: NewTask, found: Holders, now: datetime) -> bool:
        """Give this task's input to the queued holder of its key, and let the holder start later.

        Return False when the holder has begun instead. A holder that was started for a later time keeps that
        time: Temporal has been told of it.
        """
        if task.quiet is None or task.retry_of is not None or key_of(task) not in found:
            return True
        holder, _ = found[key_of(task)]
        if holder == task.id:
            return True
        starts_at = literal(task.starts_at, TaskRow.starts_at.type)
        values = {
            "input": task.input,
            "starts_at": case((TaskRow.starts_at > starts_at, TaskRow.starts_at), else_=starts_at),
            # The holder may have been accepted when its job was not debounced.
            "quiet_seconds": task.quiet.total_seconds(),
            "updated_at": now,
        }
        is_holder = TaskRow.id == holder, TaskRow.state.in_(ACTIVE_NAMES)
        queued = update(TaskRow).where(*is_holder, TaskRow.state == TaskState.QUEUED).values(values)
        if await self._changed(queued):
            return True
        # The holder may have its key still: when it was accepted, its job was not debounced.
        await self._session.execute(update(TaskRow).where(*is_holder).values(dedupe_key=None))
        return False

    async def throttling(self, tasks: Sequence[NewTask], now: datetime) -> Holders:
        """Return the tasks that are so young that no other task of their key may start."""
        throttled = [task for task in tasks if task.at_most_every and task.dedupe_key and not task.retry_of]
        await self._hold_keys({key_of(task) for task in throttled})
        holders: Holders = {}
        # A task for a later time counts from that time on.
        starts_at = func.coalesce(TaskRow.starts_at, TaskRow.created_at)
        for task in throttled:
            query = (
                select(TaskRow.id, TaskRow.workflow_id)
                .where(
                    TaskRow.workspace == task.workspace,
                    TaskRow.job_key == task.job_key,
                    starts_at > now - (task.at_most_every or now.resolution),
                    # A task that was cancelled before it began has used up nothing.
                    or_(TaskRow.state != TaskState.CANCELLED, TaskRow.started_at.is_not(None)),
                )
                .order_by(starts_at.desc())
                .limit(1)
            )
            for task_id, workflow_id in await self._session.execute(query):
                holders[key_of(task)] = (task_id, workflow_id)
        return holders

    async def _hold_keys(self, keys: Iterable[Key]) -> None:
        # SQLite has one writer at a time; PostgreSQL has no row yet that could be locked. Every transaction
        # locks its keys in the same order, so that two transactions never wait for each other.
        if is_postgresql(self._session):
            # Two keys that look the same here share a lock, which is harmless.
            for name in sorted(f"{workspace}/{key}" for workspace, key in keys):
                await self._session.execute(
                    select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
                )

    async def hold_retried(self, tasks: Sequence[NewTask]) -> None:
        """Lock the tasks that are retried.

        Raises AlreadyRetried: when one of the tasks was retried before.
        """
        retried = sorted(task.retry_of for task in tasks if task.retry_of is not None)
        for chunk in chunks(retried):
            query = select(TaskRow.id, TaskRow.retried_by).where(TaskRow.id.in_(chunk)).order_by(TaskRow.id)
            for task_id, retried_by in await self._session.execute(query.with_for_update()):
                if retried_by is not None:
                    raise AlreadyRetried(task_id, retried_by)

    async def note_retries(self, retries: Iterable[tuple[NewTask, Enqueued]]) -> None:
        """Write at each task that is retried which task does its work now."""
        for task, enqueued in retries:
            if task.retry_of is not None:
                await self._session.execute(
                    update(TaskRow).where(TaskRow.id == task.retry_of).values(retried_by=enqueued.task_id)
                )

    async def starts_in(self, row: TaskRow, now: datetime) -> timedelta:
        """Return how long a queued task has to wait still: zero or less when its time has come."""
        starts_in = timedelta() if row.starts_at is None else row.starts_at - now
        if starts_in > timedelta() or row.quiet_seconds is None:
            return starts_in
        # The run before has given up the key. It must not write its older input after this task.
        began_at = await self._session.scalar(
            select(func.max(TaskRow.started_at)).where(
                TaskRow.workspace == row.workspace,
                TaskRow.job_key == row.job_key,
                TaskRow.id != row.id,
                TaskRow.state.in_([TaskState.RUNNING, TaskState.WAITING]),
            )
        )
        if began_at is None:
            return timedelta()
        return max(timedelta(seconds=row.quiet_seconds), (now - began_at) * NEXT_LOOK)


def key_of(task: NewTask) -> Key:
    """Return the key that a task holds while the task is active: no other workspace knows the key."""
    return task.workspace, task.dedupe_key


def after_quiet_time(task: NewTask, now: datetime) -> NewTask:
    """Return the task with the time at which it starts if no other start of its key comes."""
    if task.quiet is None or task.dedupe_key is None:
        return task
    earliest = now + task.quiet
    return task.model_copy(update={"starts_at": max(earliest, task.starts_at or earliest)})
