"""Repeated and later starts of pooled jobs: in the queue on both databases, and worked on a real engine."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.tasks import TaskActivities
from mainspring.client.jobs import Jobs, StartedTask
from mainspring.contracts.queues import BatchedQueue
from mainspring.contracts.tasks import RelayTasks, Task, TaskState
from mainspring.gateways.temporal import TemporalGateway
from mainspring.testing.eventually import eventually
from mainspring.workflows.runtime.job import Debounce, Deduplicate, Job, Throttle
from tests.pooled import NAME, NOTE_NUMBER, NoteActivities, NoteNumber, NumberNoted, noting_worker
from tests.service import Service

CONSUMER = f"drain-{NAME}"
SECOND = timedelta(seconds=1)

# What is late by more than this was not waited for: the relay comes each minute.
SOON = 2 * SECOND


def note_number(repeats: Deduplicate | Debounce | Throttle) -> Job[NoteNumber, NumberNoted]:
    """Return the pooled toy job with a key, its workspace, and what a second start of that does."""
    return replace(NOTE_NUMBER, key=lambda request: str(request.workspace), repeats=repeats)


DEBOUNCED = note_number(Debounce(SECOND))
THROTTLED = note_number(Throttle(timedelta(hours=1)))


@pytest.fixture
async def notes(workerless: Service) -> AsyncIterator[NoteActivities]:
    """Run a worker of the pooled toy job: two tasks in a page, two pages at the same time."""
    service = workerless
    async with noting_worker(
        service.temporal_client,
        service.settings.task_queue,
        service.database,
        service.clock,
        BatchedQueue(page=2, parallel=2),
    ) as noting:
        yield noting


def is_running(task: Task) -> bool:
    """Whether a task has begun."""
    return task.state is TaskState.RUNNING


def lateness(task: Task) -> timedelta:
    """Return how long after its time a task began."""
    assert task.starts_at is not None
    assert task.started_at is not None
    return task.started_at - task.starts_at


async def start(
    service: Service, number: int, job: Job[NoteNumber, NumberNoted] = DEBOUNCED, **given: int
) -> StartedTask[NumberNoted]:
    """Start a number of the one key that most tests need."""
    return await service.jobs.start(job, NoteNumber(number=number, **given))


async def test_updates_of_a_pooled_task_for_two_seconds_run_once_with_the_last_input(
    workerless: Service, notes: NoteActivities
) -> None:
    """The updates cost a write each; the consumer is woken once, and looks once for each quiet time."""
    starts = []
    for number in range(40):
        starts.append(await start(workerless, number))
        await asyncio.sleep(0.05)
    last_start = datetime.now(UTC)
    result = await starts[0].result()

    task = await workerless.tasks.get(starts[0].id)
    assert (Counter([39]), 39, 1) == (notes.noted, result.number, task.attempts)
    assert ({task.id}, 39) == ({each.id for each in starts}, sum(each.deduplicated for each in starts))
    assert task.started_at is not None
    assert timedelta(seconds=0.9) <= task.started_at - last_start < SECOND + SOON
    # 15 for the start, the work and the end, and 9 for each time that it woke and found the task put off.
    assert await workerless.temporal.history_length(CONSUMER) <= 15 + 9 * (
        (last_start - task.created_at) // SECOND + 2
    )


async def test_an_update_while_the_row_is_worked_makes_one_more_run_afterwards(
    workerless: Service, notes: NoteActivities
) -> None:
    """Several make one, and it is not worked beside the first one, though there is room."""
    notes.open.clear()
    first = await start(workerless, 1)
    await workerless.until(first.id, is_running)
    late = [await start(workerless, number) for number in (2, 3)]
    await asyncio.sleep(1.5)
    meanwhile = await workerless.tasks.get(late[0].id)
    notes.open.set()
    tasks = [await workerless.wait(each) for each in (first.id, late[0].id)]

    assert TaskState.QUEUED == meanwhile.state
    assert [[1], [3]] == [[each.number for each in page] for page in notes.pages]
    assert [False, True] == [each.deduplicated for each in late]
    assert [{"number": 1}, {"number": 3}] == [task.result for task in tasks]


async def test_an_update_waits_for_the_next_attempt_of_the_run_before(
    workerless: Service, notes: NoteActivities
) -> None:
    """An older input that failed and is tried again is not written after the newer one."""
    first = await start(workerless, 1, refusals=1)
    await workerless.until(first.id, lambda task: task.next_attempt_at is not None)
    late = await start(workerless, 2)
    other = await workerless.jobs.start(DEBOUNCED, NoteNumber(number=7, workspace="other"))
    tasks = [await workerless.wait(each.id) for each in (first, late, other)]

    numbers = [each.number for page in notes.pages for each in page]
    assert [1, 1, 2] == [number for number in numbers if number != 7]
    assert [TaskState.SUCCESS] * 3 == [task.state for task in tasks]
    # The other key waited for nobody.
    assert lateness(tasks[2]) < SOON


async def test_a_pooled_start_that_is_throttled_returns_the_last_task(
    workerless: Service, notes: NoteActivities
) -> None:
    """Of a burst one is worked, and its task and result are returned until its time is over."""
    burst = [await start(workerless, number, THROTTLED) for number in range(20)]
    await burst[0].result()
    early = await start(workerless, 20, THROTTLED)
    early_result = await early.result()
    workerless.clock.advance(timedelta(hours=1))
    late = await start(workerless, 21, THROTTLED)
    await late.result()

    assert {burst[0].id} == {each.id for each in [*burst, early]}
    assert (True, 0, False) == (early.deduplicated, early_result.number, late.deduplicated)
    assert Counter([0, 21]) == notes.noted


async def test_a_later_pooled_task_does_not_wait_for_a_page_that_takes_its_time(
    workerless: Service, notes: NoteActivities
) -> None:
    """When it is due and there is room, it is worked beside the page that is under way."""
    notes.open.clear()
    slow = await start(workerless, 1, NOTE_NUMBER)
    await workerless.until(slow.id, is_running)
    later = await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=2), delay=SECOND)
    begun = await workerless.until(later.id, is_running)
    notes.open.set()
    for each in (slow, later):
        await workerless.wait(each.id)

    assert timedelta() <= lateness(begun) < SOON
    assert [[1], [2]] == [[each.number for each in page] for page in notes.pages]


async def test_a_later_pooled_task_is_not_forgotten_for_an_older_report(workerless: Service) -> None:
    """A batch that ends after the consumer has seen the task may have looked before there was any."""
    service = workerless
    queue, roomy = service.settings.task_queue, BatchedQueue(page=2, parallel=4)
    async with noting_worker(service.temporal_client, queue, service.database, service.clock, roomy) as notes:
        notes.telling.clear()
        first = await start(service, 1, NOTE_NUMBER)
        await service.wait(first.id)
        await eventually(lambda: asyncio.sleep(0, notes.reports), bool)
        later = await service.jobs.start(NOTE_NUMBER, NoteNumber(number=2), delay=2 * SECOND)
        await asyncio.sleep(0.5)  # the consumer looks, and sleeps until then
        notes.telling.set()
        task = await service.wait(later.id)

    assert timedelta() <= lateness(task) < SOON
    assert [[1], [2]] == [[each.number for each in page] for page in notes.pages]


async def test_a_later_pooled_task_that_the_consumer_was_never_told_of_begins_in_time(
    workerless: Service, notes: NoteActivities
) -> None:
    """The relay wakes the consumer in the minute before, and it waits for the rest."""
    service, sizes = workerless, QueueSizes({NAME: BatchedQueue(page=2, parallel=2)})
    nowhere = TemporalGateway(await Client.connect("127.0.0.1:1", lazy=True), "nobody")
    away = Jobs(service.database, nowhere, service.clock)
    started = await away.start(NOTE_NUMBER, NoteNumber(number=1), delay=2 * SECOND)

    await TaskActivities(service.database, service.temporal, service.clock, sizes).relay(RelayTasks())
    task = await service.wait(started.id)

    assert timedelta() <= lateness(task) < SOON
    assert Counter([1]) == notes.noted
