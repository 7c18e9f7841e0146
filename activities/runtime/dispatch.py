"""Telling Temporal of accepted tasks. A task it cannot be told of stays QUEUED for the relay."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from mainspring.activities.runtime.patience import unless_silent
from mainspring.contracts.tasks import NewTask, Task
from mainspring.domain.queues import consumer_of
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import GatewayError, Unreachable
from mainspring.gateways.temporal import StartRefused, TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.ledger import QueueQueries, TaskIntake, TaskQueries

log = structlog.get_logger(__name__)

# Starts under way at once: Temporal serves some in parallel, and more would only wait for their turn.
PARALLEL_STARTS = 8

# A workflow ends some milliseconds after its task, on a busy machine a second; until then it holds its id.
PAUSES_UNTIL_CLOSED = [timedelta(milliseconds=50 * 2**n) for n in range(6)]


@dataclass(frozen=True)
class Dispatched:
    """What became of each start: `held` are those whose workflow id another run holds.

    `refused` are those that no repetition helps; at `untold` Temporal is away, or takes nothing from us.
    """

    runs: dict[UUID, str] = field(default_factory=dict)
    refused: dict[UUID, StartRefused] = field(default_factory=dict)
    untold: set[UUID] = field(default_factory=set)
    blocked: list[NewTask | Task] = field(default_factory=list)


async def start_accepted(
    database: Database, temporal: TemporalGateway, tasks: Sequence[NewTask | Task], *, now: datetime
) -> None:
    """As `dispatch`, of what was just accepted: workflows whose tasks have just ended are waited for."""
    blocked = (await dispatch(database, temporal, tasks, now=now)).blocked
    blocked = await _behind_closing(database, blocked)
    for pause in PAUSES_UNTIL_CLOSED:
        if not blocked:
            return
        await asyncio.sleep(pause.total_seconds())
        blocked = (
            await dispatch(database, temporal, await _still_to_start(database, blocked), now=now)
        ).blocked


async def _behind_closing(database: Database, blocked: Sequence[NewTask | Task]) -> list[NewTask | Task]:
    """Leave out those whose workflow id is that of a task that goes on."""
    if not blocked:
        return []
    ids = {task.workflow_id for task in blocked}
    active = await database.read(lambda session: TaskQueries(session).held_by_active(ids))
    return [task for task in blocked if task.workflow_id not in active]


async def _still_to_start(database: Database, blocked: Sequence[NewTask | Task]) -> list[NewTask | Task]:
    """Leave out what was cancelled meanwhile, or started by the relay."""
    ids = [task.id for task in blocked]
    waiting = await database.read(lambda session: TaskQueries(session).to_start(ids))
    return [task for task in blocked if task.id in waiting]


async def dispatch(
    database: Database, temporal: TemporalGateway, tasks: Sequence[NewTask | Task], *, now: datetime
) -> Dispatched:
    """Start the workflows of these tasks and note their run ids in one transaction.

    Once Temporal has not answered one start, it is asked for no other: the rest is untold.
    The workflow of a task that starts later is there at once, and begins after what is left until then.
    The tasks of a batched queue have no workflow: the consumer of their queue is woken.
    """
    for job in sorted({task.job for task in tasks if task.is_pooled}):
        batched = [task.id for task in tasks if task.job == job]
        await wake_consumer(database, temporal, job, batched, now=now)
    tasks = [task for task in tasks if not task.is_pooled]
    turns = asyncio.Semaphore(PARALLEL_STARTS)
    done, is_away = Dispatched(), False

    async def start(task: NewTask | Task) -> None:
        nonlocal is_away
        async with turns:
            if is_away:
                done.untold.add(task.id)
                return
            try:
                run_id = await temporal.start(
                    task.job,
                    task.workflow_id,
                    task.input,
                    task_id=task.id,
                    priority=task.priority,
                    fairness_key=task.fairness_key,
                    starts_in=None if task.starts_at is None else task.starts_at - now,
                )
            except GatewayError as error:
                # One that cannot be started must not keep the others back; the relay comes again.
                log.warning("task stays queued", task_id=str(task.id), error=str(error))
                if isinstance(error, StartRefused):
                    done.refused[task.id] = error
                else:
                    done.untold.add(task.id)
                    is_away = is_away or isinstance(error, Unreachable)
                return
        if run_id is None:
            done.blocked.append(task)
        else:
            done.runs[task.id] = run_id

    await asyncio.gather(*(start(task) for task in tasks))
    if done.runs:
        await database.transact(lambda session: TaskIntake(session).record_runs(done.runs))
    return done


def wake_queued(database: Database, temporal: TemporalGateway, clock: Clock) -> None:
    """Have every transaction of the database wake the queues of what it has queued, after its commit.

    What cannot be woken just now waits for the relay.
    """

    async def wake(job: str, task_ids: Collection[UUID]) -> None:
        waking = wake_consumer(database, temporal, job, task_ids, now=clock.now())
        try:
            await unless_silent(waking, temporal)
        except DatabaseAway as error:
            log.warning("queue has no consumer yet", job=job, error=str(error))

    database.wake = wake


async def wake_consumer(
    database: Database, temporal: TemporalGateway, job: str, task_ids: Collection[UUID], *, now: datetime
) -> None:
    """Wake the consumer of the queue that these tasks are in, unless a task before them has woken it.

    To be called after the commit. While Temporal is away the tasks wait for the relay.
    """
    first = await database.read(
        lambda session: QueueQueries(session).is_first_in_line(job, task_ids, now=now)
    )
    if not first:
        return
    try:
        await temporal.wake(consumer_of(job))
    except GatewayError as error:
        log.warning("queue has no consumer yet", job=job, error=str(error))
