"""Keeping the task ledger: what workflows report, and what is started for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from temporalio import activity

from mainspring.activities.runtime.dispatch import dispatch, start_accepted
from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.runtime.steps import begin_child_step, finish_child_step
from mainspring.activities.runtime.task_log import log_end
from mainspring.contracts.progress import PAUSE_ENDED
from mainspring.contracts.tasks import (
    BeginTask,
    Enqueued,
    EnqueueTasks,
    FinishTask,
    MarkWaiting,
    RelayTasks,
    Task,
    TaskBegun,
    TaskEnded,
    TaskError,
    TaskId,
    TasksEnqueued,
    TasksRelayed,
    TaskState,
)
from mainspring.domain.queues import CONSUMER_WAITS_AT_MOST, consumer_of
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import GatewayError, TransientError
from mainspring.gateways.temporal import StartRefused, TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import QueueQueries, TaskIntake, TaskQueries, TaskWriter

log = structlog.get_logger(__name__)

# One transaction and a few hundred calls; the relay works page after page until nothing is left.
RELAY_PAGE = 200

# A caller starts its own task right after its commit; only what stays behind is the relay's.
RELAY_AFTER = timedelta(seconds=10)


class TaskActivities:
    """The ledger's activities. Those that `workflows.runtime.tracking` calls are short and idempotent."""

    def __init__(
        self, database: Database, temporal: TemporalGateway, clock: Clock, sizes: QueueSizes
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._clock = clock
        self._sizes = sizes

    @activity.defn(name="tasks.begin")
    async def begin(self, message: BeginTask) -> TaskBegun:
        """Set RUNNING, or say when to ask again; make the row of a raw start."""
        now = self._clock.now()

        async def write(session: Session) -> TaskBegun:
            begun = await TaskWriter(session).begin(message, now=now)
            await begin_child_step(session, message, now=now)
            return begun

        begun = await self._database.transact(write)
        if not begun.already_final:
            return begun
        # The task was cancelled in the ledger alone, for nobody knew of this run: let Temporal say so too.
        return begun.model_copy(update={"cancelling": await self._is_cancelling(message)})

    async def _is_cancelling(self, message: BeginTask) -> bool:
        try:
            return await self._temporal.cancel(message.workflow_id, message.run_id)
        except GatewayError as error:
            log.warning("cancellation not passed on", workflow_id=message.workflow_id, error=str(error))
            return False

    @activity.defn(name="tasks.mark_waiting")
    async def mark_waiting(self, message: MarkWaiting) -> None:
        """Set WAITING."""
        await self._database.transact(
            lambda session: TaskWriter(session).mark_waiting(message, now=self._clock.now())
        )

    @activity.defn(name="tasks.mark_running")
    async def mark_running(self, message: TaskId) -> None:
        """Set RUNNING again."""
        await self._database.transact(
            lambda session: TaskWriter(session).mark_running(message.task_id, now=self._clock.now())
        )

    @activity.defn(name="tasks.finish")
    async def finish(self, message: FinishTask) -> TaskEnded | None:
        """Set the final state, and see that subscribers are told; return how the task had ended before."""

        async def write(session: Session) -> tuple[bool, TaskEnded | None]:
            has_ended = await TaskWriter(session).finish(message, now=self._clock.now())
            before = None if has_ended else await TaskQueries(session).ended(message.task_id)
            if before is None or before.state is message.state:
                await finish_child_step(session, message, now=self._clock.now())
            return has_ended, before

        has_ended, before = await self._database.transact(write)
        if has_ended:
            log_end(message.task_id, activity.info().workflow_type, message.state, message.error)
        return before

    @activity.defn(name="tasks.enqueue")
    async def enqueue(self, message: EnqueueTasks) -> TasksEnqueued:
        """Accept tasks in one transaction, then start them; the relay starts those that could not be."""

        async def accept(session: Session) -> tuple[list[Enqueued], set[UUID]]:
            enqueued = await TaskIntake(session).enqueue(message.tasks, now=self._clock.now())
            # What an earlier attempt has started may be over by now.
            return enqueued, await TaskQueries(session).to_start([task.id for task in message.tasks])

        enqueued, to_start = await self._database.transact(accept)
        fresh = {row.task_id: row.starts_at for row in enqueued if not row.deduplicated}
        new = [
            task.model_copy(update={"starts_at": fresh.get(task.id)})
            for task in message.tasks
            if task.id in to_start
        ]
        await start_accepted(self._database, self._temporal, new, now=self._clock.now())
        return TasksEnqueued(started=len(fresh), already_active=len(enqueued) - len(fresh))

    @activity.defn(name="tasks.relay")
    async def relay(self, _message: RelayTasks) -> TasksRelayed:
        """Start tasks that Temporal was never told of; pass on cancellations that it may have missed."""
        cancelled = await self._pass_on_cancellations()
        await self._wake_waiting()
        await self._wake_consumers()
        created_before = self._clock.now() - RELAY_AFTER
        started, failed, refused = 0, 0, 0
        after: Task | None = None
        while page := await self._unstarted(created_before, after):
            done = await dispatch(self._database, self._temporal, page, now=self._clock.now())
            await self._fail_refused(page, done.refused)
            started += len(done.runs)
            refused += len(done.refused)
            failed += len(page) - len(done.runs) - len(done.refused)
            if done.untold:
                break  # Temporal is away, or takes nothing from us: the next relay comes in a minute
            after = page[-1]
        return TasksRelayed(started=started, failed=failed, cancelled=cancelled, refused=refused)

    async def _pass_on_cancellations(self) -> int:
        tasks = await self._database.read(lambda session: TaskQueries(session).to_cancel(limit=RELAY_PAGE))
        cancelled = 0
        for task in tasks:
            try:
                # Cancelling what is being cancelled changes nothing.
                cancelled += await self._temporal.cancel(task.workflow_id, task.run_id)
            except GatewayError as error:
                log.warning("cancellation not passed on", task_id=str(task.id), error=str(error))
                if isinstance(error, TransientError):
                    break  # each of the others would wait for an answer as long
        return cancelled

    async def _wake_waiting(self) -> None:
        """Wake tasks that were let go on while Temporal did not answer."""
        tasks = await self._database.read(lambda session: TaskQueries(session).let_go_on(limit=RELAY_PAGE))
        for task in tasks:
            try:
                await self._temporal.signal(task.workflow_id, PAUSE_ENDED)
            except GatewayError as error:  # the next relay comes in a minute
                log.warning("task not woken yet", task_id=str(task.id), error=str(error))
                if isinstance(error, TransientError):
                    break

    async def _wake_consumers(self) -> None:
        """Wake the consumer of each queue with rows due by the time of the next relay, for it may not run."""
        for job in self._sizes:
            if await self._is_due(job):
                try:
                    await self._temporal.wake(consumer_of(job))
                except GatewayError as error:  # the next relay comes in a minute
                    log.warning("queue has no consumer yet", job=job, error=str(error))

    async def _is_due(self, job: str) -> bool:
        soon = self._clock.now() + CONSUMER_WAITS_AT_MOST
        return await self._database.read(lambda session: QueueQueries(session).has_due(job, now=soon))

    async def _fail_refused(self, page: Sequence[Task], refused: Mapping[UUID, StartRefused]) -> None:
        async def fail(session: Session) -> list[tuple[Task, TaskError]]:
            now, tasks = self._clock.now(), TaskWriter(session)
            ended = []
            for task in page:
                if (error := refused.get(task.id)) is None:
                    continue
                reason = TaskError(at=now, step="start", error_type=type(error).__name__, message=str(error))
                finish = FinishTask(task_id=task.id, state=TaskState.FAILED, error=reason)
                if await tasks.finish(finish, now=now):
                    ended.append((task, reason))
            return ended

        if refused:
            for task, reason in await self._database.transact(fail):
                log_end(task.id, task.job, TaskState.FAILED, reason)

    async def _unstarted(self, created_before: datetime, after: Task | None) -> list[Task]:
        return await self._database.read(
            lambda session: TaskQueries(session).unstarted(
                limit=RELAY_PAGE, created_before=created_before, after=after
            )
        )
