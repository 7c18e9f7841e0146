"""Consumers when a worker starts, perhaps in the place of one that died: what hangs holds up nobody."""

import asyncio
from collections import Counter
from dataclasses import replace

from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes
from mainspring.client.jobs import Jobs
from mainspring.contracts.queues import BatchedQueue, WorkQueue
from mainspring.contracts.tasks import TaskState
from mainspring.domain.queues import consumer_of
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.ledger import QueueStore, claim_of
from mainspring.testing.eventually import PATIENCE_SECONDS
from mainspring.testing.service import PATIENCE
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.runtime.queue import GENERATIONS
from tests.pooled import NAME, NOTE_NUMBER, NoteActivities, NoteNumber, noting_worker
from tests.service import Service

CONSUMER = consumer_of(NAME)
POOL = BatchedQueue(page=5, parallel=2)

# Longer than a consumer takes to begin what it may begin.
A_WHILE_SECONDS = 0.5


async def until_begun(notes: NoteActivities, pages: int) -> None:
    """Wait until so many pages have been taken up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(notes.pages) < pages:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.02)


async def test_each_worker_that_starts_lets_others_take_the_place_of_what_hangs(workerless: Service) -> None:
    """There is a bound to how many work beside each other then, and no task is worked twice."""
    service = workerless
    numbers = [NoteNumber(number=n) for n in range(80)]
    async with noting_worker(
        service.temporal_client, service.settings.task_queue, service.database, service.clock, POOL
    ) as notes:
        notes.open.clear()
        started = await service.jobs.start_many(NOTE_NUMBER, numbers)
        begun = []
        for generation in range(GENERATIONS):
            await until_begun(notes, POOL.parallel * (generation + 1))
            begun.append(len(notes.pages))
            assert await service.temporal.tell_worker_started(CONSUMER)
        await asyncio.sleep(A_WHILE_SECONDS)
        begun.append(len(notes.pages))
        notes.open.set()
        tasks = await service.wait_all(each.id for each in started)

    assert [POOL.parallel * min(n + 1, GENERATIONS) for n in range(GENERATIONS + 1)] == begun
    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    assert Counter(range(80)) == notes.noted


async def test_a_worker_that_starts_need_not_know_which_consumers_run(workerless: Service) -> None:
    """None is started by it."""
    assert not await workerless.temporal.tell_worker_started(CONSUMER)


async def test_what_waits_is_worked_also_while_a_long_consumer_winds_up(sqlite_database: Database) -> None:
    """It would wait for all that is under way, which may be dead, before it continues as new."""
    async with temporal_server_process(limit__historyCount__suggestContinueAsNew="30") as address:
        client, clock = await own_namespace(address), SystemClock()
        temporal = TemporalGateway(client, "tests", patience=PATIENCE)
        jobs = Jobs(sqlite_database, temporal, clock)
        async with noting_worker(client, "tests", sqlite_database, clock, POOL) as notes:
            notes.open.clear()
            started = [await jobs.start(NOTE_NUMBER, NoteNumber(number=1))]
            await until_begun(notes, 1)
            for _ in range(10):
                await temporal.wake(CONSUMER)
                await asyncio.sleep(0.1)
            started.append(await jobs.start(NOTE_NUMBER, NoteNumber(number=2)))
            await asyncio.sleep(A_WHILE_SECONDS)
            winding_up = len(notes.pages)
            await temporal.tell_worker_started(CONSUMER)
            await until_begun(notes, 2)
            notes.open.set()
            for each in started:
                await each.result()

    assert 1 == winding_up
    assert Counter([1, 2]) == notes.noted


async def test_an_attempt_after_one_that_died_finishes_what_that_one_held_and_no_more(
    workerless: Service,
) -> None:
    """Another batch has its place by now: both would be more than the job allows."""
    service, activity = workerless, ActivityEnvironment()
    activity.info = replace(activity.info, attempt=2)
    claim = claim_of(activity.info.workflow_run_id or "", activity.info.activity_id)
    sizes = QueueSizes({NAME: POOL})
    notes = NoteActivities(BatchedQueues(service.database, service.clock, sizes, Suspects(service.database)))
    await service.jobs.start_many(NOTE_NUMBER, [NoteNumber(number=n) for n in range(8)])
    await service.database.transact(
        lambda session: QueueStore(session).claim(NAME, claim, limit=3, now=service.clock.now())
    )

    worked = await activity.run(notes.note, WorkQueue(job=NAME))

    assert (3, 5) == (worked.succeeded, worked.queue.due)
    assert Counter(range(3)) == notes.noted
