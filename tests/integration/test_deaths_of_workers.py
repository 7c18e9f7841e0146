"""Which workers have died, and how many in a row under a task: what the ledger says."""

import socket
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ExecuteActivityInput

from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation import Isolation, NoProcess, Registered, Suspects
from mainspring.activities.runtime.isolation.child import Root, Unheard
from mainspring.activities.runtime.isolation.register import SILENT_WHEN_DEAD
from mainspring.client.tasks.status_text import note
from mainspring.contracts.tasks import NewTask, Task, TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    DeathCount,
    QueueStore,
    TaskIntake,
    TaskQueries,
    claim_of,
)
from mainspring.storage.workers import FORGOTTEN_AFTER, WorkerRegister
from mainspring.testing import ShiftedClock

JOB = "greet"


async def accept(database: Database, *, pooled: bool) -> UUID:
    task = NewTask(id=uuid4(), job=JOB, workflow_id=f"{JOB}/1", dedupe_key=None, input={}, is_pooled=pooled)
    await database.transact(lambda session: TaskIntake(session).enqueue([task], now=SystemClock().now()))
    return task.id


async def found(database: Database, task_id: UUID) -> Task:
    task = await database.read(lambda session: TaskQueries(session).get(task_id))
    assert task is not None
    return task


async def test_a_worker_that_was_told_to_stop_has_not_died(database: Database) -> None:
    """Nor has one that runs; nobody takes what either leaves behind for a death of the task."""
    async with Registered(database, SystemClock()) as asking:
        async with Registered(database, SystemClock()) as other:
            while_running = await asking.has_died(other.id)
        after_stop = await asking.has_died(other.id)
        itself = await asking.has_died(asking.id)

    assert [False, False, False] == [while_running, after_stop, itself]


async def test_a_worker_that_says_nothing_any_more_has_died(sqlite_database: Database) -> None:
    """It has not taken itself off the list: its process was gone before it could."""
    clock, silent = ShiftedClock(), uuid4()
    async with Registered(sqlite_database, clock) as asking:
        await sqlite_database.transact(lambda session: WorkerRegister(session).say(silent, now=clock.now()))
        clock.advance(SILENT_WHEN_DEAD + timedelta(seconds=1))
        assert await asking.has_died(silent)
        assert await asking.another_seems_dead()


async def test_a_worker_that_starts_forgets_those_that_died_long_ago(sqlite_database: Database) -> None:
    """Where each worker dies, none of them leaves in order."""
    clock, silent = ShiftedClock(), uuid4()
    await sqlite_database.transact(lambda session: WorkerRegister(session).say(silent, now=clock.now()))
    clock.advance(FORGOTTEN_AFTER + timedelta(seconds=1))
    async with Registered(sqlite_database, clock):
        left = await sqlite_database.read(
            lambda session: WorkerRegister(session).silent_for(silent, now=clock.now())
        )

    assert left is None


async def test_the_first_death_is_counted_once_and_no_ended_task_has_any(database: Database) -> None:
    """Whoever dies beside a task that is suspected already says nothing about that task."""
    task_id = await accept(database, pooled=False)
    suspects = Suspects(database)
    first = await suspects.suspect(None, f"{JOB}/1")
    again = await suspects.suspect(task_id, None)
    await database.transact(lambda session: DeathCount(session).write(task_id, 2))
    later = await suspects.suspect(task_id, None)

    assert [(task_id, 1), (task_id, 1), (task_id, 2)] == [first, again, later]
    assert 2 == (await found(database, task_id)).deaths
    assert await suspects.suspect(uuid4(), None) is None


async def test_a_suspected_task_whose_worker_was_told_to_stop_is_tried_alone_again(
    database: Database,
) -> None:
    """That worker has not died, but the task has not shown either that it kills none."""
    clock, environment = SystemClock(), ActivityEnvironment()
    task_id = await accept(database, pooled=False)
    environment.info = replace(
        environment.info, workflow_id=f"{JOB}/1", attempt=2, heartbeat_details=[0, 0, None, str(uuid4())]
    )
    ours, nursery = socket.socketpair()
    nursery.close()  # so that a task that is to be tried alone meets no process

    @activity.defn
    async def greet() -> None:
        """Greet."""

    async with Registered(database, clock) as registered, Isolation([], None, ours) as isolation:
        suspects = Suspects(database, isolation=isolation, registered=registered)
        care = ActivityCare(database, clock, suspects).intercept_activity(Root())
        care.init(Unheard())
        call = ExecuteActivityInput(greet, [], None, {})
        await environment.run(care.execute_activity, call)
        await suspects.suspect(task_id, None)
        with pytest.raises(ApplicationError) as failed:
            await environment.run(care.execute_activity, call)

    assert isinstance(failed.value.__cause__, NoProcess)


async def test_rows_that_a_dead_worker_had_claimed_are_suspected_until_an_attempt_ends(
    database: Database,
) -> None:
    """Those that an attempt left behind in any other way are not."""
    now = SystemClock().now()
    lost, left = await accept(database, pooled=True), await accept(database, pooled=True)
    claims = [claim_of("run", activity_id) for activity_id in ("1", "2")]

    async def claim_one_each(session: Session) -> None:
        for claim in claims:
            await QueueStore(session).claim(JOB, claim, limit=1, now=now)

    await database.transact(claim_one_each)
    after_death, after_stop = claim_of("run", "1", 2), claim_of("run", "2", 2)

    async def resume(session: Session) -> tuple[list[int], list[int]]:
        queues = QueueStore(session)
        dead = await queues.resume(after_death, now=now, after_death=True)
        stopped = await queues.resume(after_stop, now=now)
        return [row.deaths for row in dead], [row.deaths for row in stopped]

    assert ([1], [0]) == await database.transact(resume)
    tasks = {each.deaths: each for each in [await found(database, lost), await found(database, left)]}
    assert "its worker died once while it ran this: tried alone" in note(tasks[1])
    assert "died" not in note(tasks[0])
    acknowledged = Acknowledgement(tasks[1].id, TaskState.RUNNING, next_attempt_at=now)
    await database.transact(
        lambda session: AcknowledgementStore(session).acknowledge(after_death, [acknowledged], now=now)
    )
    assert 0 == (await found(database, tasks[1].id)).deaths
