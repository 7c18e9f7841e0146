"""Keeping the task ledger: what workflows report, and what is started for them."""

from datetime import datetime, timedelta
from uuid import UUID

from temporalio import activity

from activities.dispatch import dispatch
from contracts.tasks import (
    BeginTask,
    EnqueueTasks,
    FinishTask,
    MarkWaiting,
    RelayTasks,
    Task,
    TaskBegun,
    TaskId,
    TasksEnqueued,
    TasksRelayed,
)
from gateways.clock import Clock
from gateways.engine import Engine
from storage.database import Database
from storage.tasks import TaskRepository

# One transaction and a few hundred calls; the relay works page after page until nothing is left.
RELAY_PAGE = 200

# A caller starts its own task right after its commit; only what stays behind is the relay's.
RELAY_AFTER = timedelta(seconds=10)


class TaskActivities:
    """The ledger's activities. Those that `workflows.tracking` calls are short and idempotent."""

    def __init__(self, database: Database, engine: Engine, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock

    @activity.defn(name="tasks.begin")
    async def begin(self, message: BeginTask) -> TaskBegun:
        """Set RUNNING; make the row of a raw start."""
        task_id, already_final = await self._database.transact(
            lambda session: TaskRepository(session).begin(message, now=self._clock.now())
        )
        return TaskBegun(task_id=task_id, already_final=already_final)

    @activity.defn(name="tasks.mark_waiting")
    async def mark_waiting(self, message: MarkWaiting) -> None:
        """Set WAITING."""
        await self._database.transact(
            lambda session: TaskRepository(session).mark_waiting(message, now=self._clock.now())
        )

    @activity.defn(name="tasks.mark_running")
    async def mark_running(self, message: TaskId) -> None:
        """Set RUNNING again."""
        await self._database.transact(
            lambda session: TaskRepository(session).mark_running(message.task_id, now=self._clock.now())
        )

    @activity.defn(name="tasks.finish")
    async def finish(self, message: FinishTask) -> None:
        """Set the final state."""
        await self._database.transact(
            lambda session: TaskRepository(session).finish(message, now=self._clock.now())
        )

    @activity.defn(name="tasks.enqueue")
    async def enqueue(self, message: EnqueueTasks) -> TasksEnqueued:
        """Accept tasks in one transaction, then start them; the relay starts those that could not be."""
        enqueued = await self._database.transact(
            lambda session: TaskRepository(session).enqueue(message.tasks, now=self._clock.now())
        )
        fresh = {row.task_id for row in enqueued if not row.deduplicated}
        await dispatch(self._database, self._engine, [task for task in message.tasks if task.id in fresh])
        return TasksEnqueued(started=len(fresh), already_active=len(enqueued) - len(fresh))

    @activity.defn(name="tasks.relay")
    async def relay(self, _message: RelayTasks) -> TasksRelayed:
        """Start tasks that the engine was never told of; pass on cancellations that it may have missed."""
        cancelled = await self._pass_on_cancellations()
        created_before = self._clock.now() - RELAY_AFTER
        started, refused = 0, set[UUID]()
        # A page full of refusals says that the engine is away: the next relay comes in a minute.
        while len(refused) < RELAY_PAGE:
            page = await self._unstarted(created_before, refused)
            if not page:
                break
            runs = await dispatch(self._database, self._engine, page)
            started += len(runs)
            refused |= {task.id for task in page} - runs.keys()
        return TasksRelayed(started=started, failed=len(refused), cancelled=cancelled)

    async def _pass_on_cancellations(self) -> int:
        tasks = await self._database.read(lambda session: TaskRepository(session).to_cancel(limit=RELAY_PAGE))
        # Cancelling what is being cancelled changes nothing.
        return sum([await self._engine.cancel(task.workflow_id, task.run_id) for task in tasks])

    async def _unstarted(self, created_before: datetime, skip: set[UUID]) -> list[Task]:
        return await self._database.read(
            lambda session: TaskRepository(session).unstarted(
                limit=RELAY_PAGE, created_before=created_before, skip=skip
            )
        )
