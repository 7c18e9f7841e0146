"""One batch of a queue: an activity claims rows, and acknowledges them under its claim."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from temporalio import activity

from mainspring.activities.runtime.interceptor import lost_before, worker_before
from mainspring.activities.runtime.isolation import Suspects, WorkerDied
from mainspring.activities.runtime.outages import outlast
from mainspring.activities.runtime.queue.alone import AloneWorker
from mainspring.activities.runtime.queue.beginnings import Beginning, Beginnings, Begins
from mainspring.activities.runtime.queue.claiming import Claim, Claimer
from mainspring.activities.runtime.queue.leases import SURE_FOR, ClaimLost, Leases
from mainspring.activities.runtime.queue.results import (
    Prepare,
    QueueTask,
    Result,
    Snooze,
    Store,
    TaskDone,
    TriedAlone,
    Untried,
    acknowledgement_of,
)
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.activities.runtime.task_log import log_acknowledged
from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, QueueWorked, WorkQueue
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    ClaimedRow,
    QueueQueries,
    QueueStore,
    claim_of,
)

In = TypeVar("In", bound=Message)

log = structlog.get_logger(__name__)

# A suspected task for which there was no process is tried again after this time.
UNTRIED_FOR = timedelta(seconds=5)

# A queue of any length costs Temporal one activity in this time.
BATCH_TIME = timedelta(seconds=30)


class Batch(Generic[In]):
    """The rows that the running activity holds, until its time is over."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        queue: BatchedQueue,
        kind: type[In],
        retry: RetryPolicy,
        prepare: Prepare[In] | None,
        store: Store[In] | None,
        begins: Begins[In] | None,
        suspects: Suspects,
        request: WorkQueue,
    ) -> None:
        info = activity.info()
        self._step = info.activity_type
        self._claim = claim_of(info.workflow_run_id or "", info.activity_id, info.attempt)
        self._database, self._clock = database, clock
        self._job, self._retry, self._store = request.job, retry, store
        self._leases = Leases(database, clock, self._claim)
        # In isolation: the tasks to be tried there, so many at a time.
        self._only, self._together = deque(request.only), request.together
        self._is_isolated = bool(request.only)
        self._suspects = suspects
        self._tasks: dict[UUID, QueueTask[In]] = {}
        self.stirred = asyncio.Event()
        if begins is not None and self._is_isolated:
            begins = begins.alone()
        self.beginnings = Beginnings(begins, self.stirred)
        self._alone = AloneWorker(suspects, self._claim, request.job, place=self.beginnings.lent_place)
        self._claimer = Claimer(
            database,
            clock,
            self._leases,
            claim=self._claim,
            kind=kind,
            prepare=prepare,
            begin=self._begin,
            sets_suspects_apart=suspects.are_isolated,
        )
        self._counts: Counter[TaskState] = Counter()
        self._is_first = info.attempt == 1
        self._may_claim = lost_before(info) == 0
        self._unclaimed: DatabaseAway | None = None
        self._looked_at = clock.now()
        self._ends = time.monotonic() + BATCH_TIME.total_seconds()
        self.queue = queue

    @property
    def goes_on(self) -> bool:
        """Whether more rows may be claimed.

        An attempt after one that died claims none: the consumer has put another batch in its place long
        ago. An attempt after one that failed claims more: nothing is in its place.
        """
        return self._may_claim and time.monotonic() < self._ends and not activity.is_worker_shutdown()

    async def resume(self) -> list[QueueTask[In]]:
        """Take up what earlier attempts of this activity have left; suspected when their worker died."""
        if self._is_first or self._is_isolated:
            return []
        died = await self._suspects.worker_died(worker_before(activity.info()))
        return await self._claimed(
            lambda queues: queues.resume(self._claim, now=self._clock.now(), after_death=died)
        )

    async def claim(self, limit: int) -> list[QueueTask[In]]:
        """Take up to `limit` rows that are due, unless the batch is over.

        A claim that fails because the database is away ends the batch, but not the tasks that are under way.
        """
        if self._is_isolated:
            return await self._next_alone()
        self._notice_standstill()
        if limit < 1 or not self.goes_on:
            return []
        try:
            return await self._claimed(
                lambda queues: queues.claim(self._job, self._claim, limit=limit, now=self._clock.now())
            )
        except DatabaseAway as error:
            self._unclaimed, self._may_claim = error, False
            return []

    async def _next_alone(self) -> list[QueueTask[In]]:
        """Take up the next tasks that are tried in isolation, once none is; the worker hears which."""
        while self._only and not self._leases.are_held and not activity.is_worker_shutdown():
            some = [self._only.popleft() for _ in range(min(self._together, len(self._only)))]
            activity.heartbeat([str(each) for each in some], None)
            if tasks := await self._claimed(partial(QueueStore.again, claim=self._claim, task_ids=some)):
                return tasks
        return []

    def _notice_standstill(self) -> None:
        """Claim no more after one: the next attempt may have looked already for what this one leaves."""
        before, self._looked_at = self._looked_at, self._clock.now()
        if self._looked_at - before >= SURE_FOR:
            self._may_claim = False

    async def _begin(self, task_id: UUID) -> None:
        """Return once the work of a task may begin.

        ClaimLost: another attempt works it. Snooze: this one is being cancelled, or another is at it.
        """
        await self._leases.check(task_id)
        if self.beginnings.are_written:
            if not await self.beginnings.wait(self._tasks[task_id]):
                raise Snooze(self._clock.now() + SURE_FOR)
            # That may have taken as long as the database was away.
            await self._leases.check(task_id)
        self._leases.note_begun(task_id)

    def has_begun(self, task: QueueTask[In]) -> bool:
        """Whether the work of a task may have done something."""
        return self._leases.has_begun(task.id)

    def is_suspected(self, task: QueueTask[In]) -> bool:
        """Whether a task is to be tried alone."""
        return task.deaths > 0 and self._suspects.are_isolated

    async def try_alone(self, task: QueueTask[In]) -> TaskDone[In]:
        """Have a task worked in isolation, which acknowledges the task, and return what became of it."""
        self._leases.note_begun(task.id)
        try:
            return TaskDone(task, TriedAlone(state=await self._alone.work(task.id, task.deaths)))
        except (WorkerDied, ClaimLost) as error:
            return TaskDone(task, error)
        except Exception as error:  # noqa: BLE001  # the isolation's: the task has not failed
            log.warning("a task could not be tried alone", task_id=str(task.id), error=str(error))
            return TaskDone(task, Untried(self._clock.now() + UNTRIED_FOR))

    def snooze(self, task: QueueTask[In]) -> TaskDone[In]:
        """Return what becomes of a task whose work has not begun."""
        return TaskDone(task, Snooze(self._clock.now()))

    async def _claimed(self, work: Claim) -> list[QueueTask[In]]:
        claimed = await self._claimer.claim(work)
        if claimed.unreadable:
            await self._acknowledge(
                [self._acknowledgement(row, error) for row, error in claimed.unreadable], ()
            )
        if claimed.unprepared:
            await self.acknowledge(claimed.unprepared)
        self._tasks |= {task.id: task for task in claimed.tasks}
        return claimed.tasks

    async def acknowledge(self, done: Sequence[TaskDone[In]]) -> None:
        """Write what became of these, with the job's own results, and what begins, in one transaction.

        While the database is away the results are kept and written again: the rows are this claim's until
        another attempt has taken them.
        """
        tried = {each.task.id: each.result.state for each in done if isinstance(each.result, TriedAlone)}
        self._counts.update(tried.values())
        self._drop(tried)
        done = [each for each in done if each.task.id not in tried]
        begins = self.beginnings.take(instead_of=[each.task.id for each in done])
        if done or begins:
            await self._acknowledge(
                [self._acknowledgement(self._leases[each.task.id], each.result) for each in done],
                done,
                begins,
            )

    def _acknowledgement(self, row: ClaimedRow, result: Result) -> Acknowledgement:
        return acknowledgement_of(
            row,
            result,
            retry=self._retry,
            step=self._step,
            now=self._clock.now(),
            has_begun=self._leases.has_begun(row.id),
        )

    async def _acknowledge(
        self,
        acknowledgements: Sequence[Acknowledgement],
        done: Sequence[TaskDone[In]],
        begins: Sequence[Beginning[In]] = (),
    ) -> None:
        at = self._clock.now()

        async def write(session: Session) -> tuple[dict[UUID, TaskState], set[UUID]]:
            states = await self._write(session, acknowledgements, done)
            return states, await self.beginnings.write(session, begins, at=at)

        states, begun = await outlast(lambda: self._database.transact(write))
        self._counts.update(states.values())
        log_acknowledged(self._job, activity.info().workflow_id or "", acknowledgements, states)
        self._drop([acknowledgement.id for acknowledgement in acknowledgements])
        self.beginnings.tell(begins, begun)
        if self._is_isolated:
            for task_id, state in states.items():
                activity.heartbeat([str(task_id)], state.value)

    async def _write(
        self, session: Session, acknowledgements: Sequence[Acknowledgement], done: Sequence[TaskDone[In]]
    ) -> dict[UUID, TaskState]:
        if not acknowledgements:
            return {}
        states = await AcknowledgementStore(session).acknowledge(
            self._claim, acknowledgements, now=self._clock.now()
        )
        # What another has claimed meanwhile is the other's.
        ours = [replace(each, state=states[each.task.id]) for each in done if each.task.id in states]
        if self._store is not None and ours:
            await self._store(session, ours)
        return states

    def _drop(self, task_ids: Collection[UUID]) -> None:
        self._leases.drop(task_ids)
        self.beginnings.drop(task_ids)
        for task_id in task_ids:
            self._tasks.pop(task_id, None)

    def end(self) -> None:
        """Free the places of what the batch leaves to the next attempt."""
        self.beginnings.drop_all()

    async def report(self) -> QueueWorked:
        """Return what became of the rows, and what waits now.

        Raises DatabaseAway: when a claim has met it. The next attempt resumes what that claim may have taken.
        """
        if self._unclaimed is not None:
            raise self._unclaimed
        at_most = self.queue.page * self.queue.parallel
        queue = await self._database.read(
            lambda session: QueueQueries(session).queue(self._job, at_most=at_most, now=self._clock.now())
        )
        return QueueWorked(
            succeeded=self._counts[TaskState.SUCCESS],
            put_off=self._counts[TaskState.RUNNING] + self._counts[TaskState.WAITING],
            failed=self._counts[TaskState.FAILED],
            cancelled=self._counts[TaskState.CANCELLED],
            queue=queue,
        )
