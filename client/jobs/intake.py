"""Accepting tasks: their rows are committed, and then Temporal is told of those that are new."""

from collections.abc import Collection, Sequence
from uuid import UUID

from mainspring.activities.runtime.dispatch import start_accepted
from mainspring.activities.runtime.patience import unless_silent
from mainspring.client.errors import KeyHeld
from mainspring.client.jobs.coalescing import CoalescedStarts
from mainspring.client.jobs.notes import Note, write_notes
from mainspring.contracts.tasks import Enqueued, NewTask, Task, TaskState
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.audit import AuditLog
from mainspring.storage.commits import after_commit
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger import TaskIntake, TaskQueries


class _OtherWork(Exception):
    """The active task of a key has another input than the one that is retried."""

    def __init__(self, enqueued: Enqueued) -> None:
        super().__init__()
        self.enqueued = enqueued


class Intake:
    """Takes in tasks of a workspace. Those that Temporal cannot be told of stay QUEUED for the relay."""

    def __init__(
        self, database: Database, temporal: TemporalGateway, clock: Clock, *, workspace: str
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._clock = clock
        self._workspace = workspace
        self._coalesced = CoalescedStarts(self._commit, self._dispatch_fresh)

    async def accept_one(self, task: NewTask, note: Note | None = None) -> Enqueued:
        """Commit and start a task, together with what other callers start at the same time."""
        if task.dedupe_key is None:
            return await self._coalesced.accept(task, note)
        (enqueued,) = await self._accept_chunk([task], [note])
        return enqueued

    async def accept(self, tasks: Sequence[NewTask]) -> list[Enqueued]:
        """Commit and start tasks, a thousand at a time: what was accepted before an error stays accepted."""
        enqueued: list[Enqueued] = []
        for chunk in chunks(tasks):
            enqueued += await self._accept_chunk(chunk, [None] * len(chunk))
        return enqueued

    async def _accept_chunk(self, tasks: Sequence[NewTask], notes: Sequence[Note | None]) -> list[Enqueued]:
        enqueued = await self._commit(tasks, notes)
        await self._dispatch_fresh(tasks, enqueued)
        return enqueued

    async def _commit(self, tasks: Sequence[NewTask], notes: Sequence[Note | None]) -> list[Enqueued]:
        async def work(session: Session) -> list[Enqueued]:
            enqueued = await self._enqueue(session, tasks)
            await self._write_notes(session, enqueued, notes)
            return enqueued

        return await self._database.transact(work)

    async def _dispatch_fresh(self, tasks: Sequence[NewTask], enqueued: Sequence[Enqueued]) -> None:
        await self._dispatch(_fresh(tasks, enqueued))

    async def accept_retry(self, task: NewTask, *, must_be_new: bool) -> Enqueued:
        """Commit and start a task that retries another one, or return the active one of its key.

        That one does the same work if it has the same input: only then the other counts as retried by it.
        KeyHeld: the task `must_be_new`, and is not.
        """
        try:
            enqueued = await self._database.transact(
                lambda session: self._enqueue_retry(session, task, must_be_new=must_be_new)
            )
        except _OtherWork as other:
            return other.enqueued
        await self._dispatch_fresh([task], [enqueued])
        return enqueued

    async def _enqueue_retry(self, session: Session, task: NewTask, *, must_be_new: bool) -> Enqueued:
        (enqueued,) = await self._enqueue(session, [task])
        if not enqueued.deduplicated:
            return enqueued
        # Whatever is raised takes back that the other one does this one's work.
        if must_be_new:
            raise KeyHeld(task.retry_of or task.id, enqueued.task_id)
        holder = await TaskQueries(session).get(enqueued.task_id)
        if holder is None or holder.input != task.input:
            raise _OtherWork(enqueued)
        return enqueued

    async def accept_within(self, session: Session, tasks: Sequence[NewTask]) -> list[Enqueued]:
        """Write tasks in the caller's transaction; they are started when that commits."""
        enqueued = await self._enqueue(session, tasks)
        fresh = _fresh(tasks, enqueued)
        after_commit(session, lambda: self._start_committed(fresh))
        return enqueued

    async def accept_one_within(self, session: Session, task: NewTask, note: Note | None = None) -> Enqueued:
        """Write a task in the caller's transaction; it is started when that commits."""
        (enqueued,) = await self._enqueue(session, [task])
        await self._write_notes(session, [enqueued], [note])
        if not enqueued.deduplicated:
            after_commit(session, lambda: self._start_one_committed(task.id))
        return enqueued

    async def _enqueue(self, session: Session, tasks: Sequence[NewTask]) -> list[Enqueued]:
        return await TaskIntake(session).enqueue(tasks, now=self._clock.now())

    async def _write_notes(
        self, session: Session, enqueued: Sequence[Enqueued], notes: Sequence[Note | None]
    ) -> None:
        await write_notes(AuditLog(session, self._workspace), enqueued, notes, now=self._clock.now())

    async def _start_one_committed(self, task_id: UUID) -> None:
        # The commit may have been of a later transaction than the one that the task was part of.
        task = await self._database.read(lambda session: TaskQueries(session).get(task_id))
        if task is not None and task.state is TaskState.QUEUED:
            await self._dispatch([task])

    async def _start_committed(self, tasks: Sequence[NewTask]) -> None:
        for chunk in chunks(tasks):
            # As in `_start_one_committed`: they may not be there.
            known = await self._known({task.id for task in chunk})
            await self._dispatch([task for task in chunk if task.id in known])

    async def _known(self, task_ids: Collection[UUID]) -> set[UUID]:
        return await self._database.read(lambda session: TaskQueries(session).known(task_ids))

    async def _dispatch(self, tasks: Sequence[NewTask | Task]) -> None:
        starting = start_accepted(self._database, self._temporal, tasks, now=self._clock.now())
        await unless_silent(starting, self._temporal)


def _fresh(tasks: Sequence[NewTask], enqueued: Sequence[Enqueued]) -> list[NewTask]:
    """Return the tasks that are new, as they were accepted."""
    return [
        task.model_copy(update={"starts_at": each.starts_at})
        for task, each in zip(tasks, enqueued, strict=True)
        if not each.deduplicated
    ]
