"""Pooled jobs on a real engine: one workflow for thousands of tasks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from mainspring.client.jobs import Jobs
from mainspring.contracts.queues import BatchedQueue
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.testing.eventually import PATIENCE_SECONDS
from mainspring.testing.service import PATIENCE
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from tests.pooled import NAME, NOTE_NUMBER, NoteActivities, NoteNumber, noting_worker
from tests.service import Service

CONSUMER = f"drain-{NAME}"


@pytest.fixture
async def notes(workerless: Service) -> AsyncIterator[NoteActivities]:
    """Run a worker of the test's own job, with small pages."""
    service = workerless
    async with noting_worker(
        service.temporal_client,
        service.settings.task_queue,
        service.database,
        service.clock,
        BatchedQueue(page=50, parallel=2),
    ) as noting:
        yield noting


async def until_over(service: Service, runs: int = 1) -> int:
    """Wait until so many runs of the consumer are over; return how many events they have in all."""
    query = f'WorkflowId="{CONSUMER}"'
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = [each async for each in service.temporal_client.list_workflows(query)]
            if len(found) >= runs and all(e.status is not WorkflowExecutionStatus.RUNNING for e in found):
                break
            await asyncio.sleep(0.05)
    assert {WorkflowExecutionStatus.COMPLETED} == {each.status for each in found}
    return sum([await service.temporal.history_length(each.id, each.run_id) for each in found])


@pytest.mark.parametrize(("count", "most"), [(300, 50), pytest.param(1_000, 100, marks=pytest.mark.drill)])
async def test_hundreds_of_tasks_are_worked_once_by_one_workflow(
    workerless: Service, notes: NoteActivities, count: int, most: int
) -> None:
    """Each has its own row with its result, and Temporal writes about an event for ten of them."""
    started = await workerless.jobs.start_many(NOTE_NUMBER, [NoteNumber(number=n) for n in range(count)])

    tasks = await workerless.wait_all(each.id for each in started)
    events = await until_over(workerless)

    assert [{"number": n} for n in range(count)] == [task.result for task in tasks]
    assert Counter(range(count)) == notes.noted
    assert events <= most


@pytest.mark.usefixtures("notes")
async def test_a_pooled_task_looks_like_any_other(workerless: Service) -> None:
    """It is started, watched and asked for its result in the same way."""
    started = await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=7))

    result = await started.result()
    task = await workerless.tasks.get(started.id)

    assert 7 == result.number
    assert (CONSUMER, 100, 1, True) == (task.workflow_id, task.progress, task.attempts, task.is_pooled)


@pytest.mark.usefixtures("notes")
async def test_a_task_that_fails_backs_off_alone_and_fails_after_three_attempts_of_its_own(
    workerless: Service,
) -> None:
    """Its neighbours are done at once; an outage uses up none of its application attempts."""
    refused, recovering, *others = await workerless.jobs.start_many(
        NOTE_NUMBER,
        [NoteNumber(number=1, refusals=9), NoteNumber(number=2, outages=2, refusals=3)]
        + [NoteNumber(number=n) for n in range(3, 20)],
    )

    done = await workerless.wait_all(each.id for each in others)
    waiting = await workerless.tasks.get(refused.id)
    failed, recovered = [await workerless.wait(each.id) for each in (refused, recovering)]

    assert {TaskState.SUCCESS} == {task.state for task in done}
    assert TaskState.RUNNING == waiting.state
    assert (TaskState.FAILED, 3, "Refused") == (failed.state, failed.attempts, failed.error_type)
    assert [1, 2, 3] == [error.attempt for error in failed.errors]
    assert (TaskState.SUCCESS, 4) == (recovered.state, recovered.attempts)
    assert ["Unreachable", "Unreachable", "Refused"] == [error.error_type for error in recovered.errors]
    assert {"tests.note_numbers"} == {error.step for error in failed.errors}


async def test_tasks_that_are_started_one_by_one_while_others_wait_cost_no_signal(
    workerless: Service,
) -> None:
    """Of twenty starts, only the first tells Temporal."""
    for number in range(20):
        await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=number))

    # Started and signalled; its first step is scheduled.
    assert 3 == await workerless.temporal.history_length(CONSUMER)


async def test_starts_at_the_same_time_are_all_worked(workerless: Service, notes: NoteActivities) -> None:
    """No start is lost between a consumer's last look and its end."""
    started = []
    for number in range(0, 64, 8):
        batch = await asyncio.gather(
            *(workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=number + n)) for n in range(8))
        )
        started += batch
        await asyncio.sleep(0.05)

    tasks = await workerless.wait_all(each.id for each in started)

    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    assert Counter(range(64)) == notes.noted


async def test_a_session_of_the_callers_own_holds_the_tasks_until_it_commits(
    workerless: Service, notes: NoteActivities
) -> None:
    """Nothing is worked before, and everything after."""
    async with workerless.database.session.begin() as session:
        started = await workerless.jobs.start_many(
            NOTE_NUMBER, [NoteNumber(number=n) for n in range(10)], session=session
        )
        await asyncio.sleep(0.2)
        before = notes.noted.total()

    await workerless.wait_all(each.id for each in started)
    assert (0, 10) == (before, notes.noted.total())


async def test_a_queued_task_is_cancelled_and_not_worked(workerless: Service) -> None:
    """It ends at once; the consumer is not touched."""
    kept, unwanted = await workerless.jobs.start_many(NOTE_NUMBER, [NoteNumber(number=n) for n in (1, 2)])

    cancelled = await workerless.jobs.cancel(unwanted.id)
    service = workerless
    async with noting_worker(
        service.temporal_client, service.settings.task_queue, service.database, service.clock
    ) as notes:
        await service.wait(kept.id)

    assert TaskState.CANCELLED == cancelled.state
    assert Counter([1]) == notes.noted


async def test_a_task_that_is_worked_is_cancelled_when_its_page_settles(
    workerless: Service, notes: NoteActivities
) -> None:
    """What had failed is not tried again; what had succeeded stays a success."""
    notes.open.clear()
    failing, done = await workerless.jobs.start_many(
        NOTE_NUMBER, [NoteNumber(number=1, refusals=9), NoteNumber(number=2)]
    )
    await workerless.until(failing.id, lambda task: task.state is TaskState.RUNNING)

    asked = [await workerless.jobs.cancel(each.id) for each in (failing, done)]
    notes.open.set()
    ended = [await workerless.wait(each.id) for each in (failing, done)]

    assert [TaskState.RUNNING] * 2 == [task.state for task in asked]
    assert [TaskState.CANCELLED, TaskState.SUCCESS] == [task.state for task in ended]


@pytest.mark.parametrize("waiting", [250, pytest.param(2_000, marks=pytest.mark.drill)])
async def test_a_burst_of_one_workspace_does_not_starve_another(
    workerless: Service, notes: NoteActivities, waiting: int
) -> None:
    """Tasks that come behind a burst are in the next pages, sharing them half and half."""
    notes.open.clear()
    burst = await workerless.jobs.start_many(
        NOTE_NUMBER, [NoteNumber(number=n, workspace="burst") for n in range(waiting)]
    )
    await workerless.until(burst[0].id, lambda task: task.state is TaskState.RUNNING)
    late = await workerless.jobs.start_many(
        NOTE_NUMBER, [NoteNumber(number=n, workspace="late") for n in range(5_000, 5_040)]
    )

    notes.open.set()
    tasks = await workerless.wait_all(each.id for each in late)

    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    # Two pages were under way when they came; 40 of them share the next two with 40 of the burst.
    holding = [number for number, page in enumerate(notes.pages) if any(e.workspace == "late" for e in page)]
    assert max(holding) <= 4
    ended = await workerless.wait_all(each.id for each in burst)
    assert {TaskState.SUCCESS} == {task.state for task in ended}


async def test_a_task_for_later_is_worked_in_time(workerless: Service, notes: NoteActivities) -> None:
    """The consumer sleeps until then when that is soon."""
    started = await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=1), delay=timedelta(seconds=2))

    task = await workerless.wait(started.id)

    assert task.starts_at is not None
    assert task.started_at is not None
    assert timedelta() <= task.started_at - task.starts_at < timedelta(seconds=2)
    assert Counter([1]) == notes.noted


async def test_a_start_behind_one_for_later_whose_time_has_come_is_worked_at_once(
    workerless: Service, notes: NoteActivities
) -> None:
    """Nobody has woken the consumer for that one; the start is no reason to wait for the relay."""
    await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=1), delay=timedelta(minutes=10))
    await until_over(workerless)
    workerless.clock.advance(timedelta(minutes=10, seconds=1))

    urgent = await workerless.jobs.start(NOTE_NUMBER, NoteNumber(number=2), priority=1)
    await workerless.wait(urgent.id)
    await until_over(workerless, 2)

    assert Counter([1, 2]) == notes.noted


async def test_a_worker_whose_clock_is_behind_is_not_asked_again_and_again(workerless: Service) -> None:
    """The consumer waits as long as the worker says, whatever time it is elsewhere."""
    service, late = workerless, ShiftedClock(SystemClock().now() - timedelta(seconds=4))
    jobs = Jobs(service.database, service.temporal, late)
    async with noting_worker(
        service.temporal_client, service.settings.task_queue, service.database, late
    ) as notes:
        await (await jobs.start(NOTE_NUMBER, NoteNumber(number=1, outages=2))).result()
        events = await until_over(service)

    assert Counter([1]) == notes.noted
    assert events <= 60


async def test_a_long_consumer_continues_as_new(sqlite_database: Database) -> None:
    """Its history stays short, and no task is lost between its runs."""
    async with temporal_server_process(limit__historyCount__suggestContinueAsNew="30") as address:
        client, clock = await own_namespace(address), SystemClock()
        jobs = Jobs(sqlite_database, TemporalGateway(client, "tests", patience=PATIENCE), clock)
        async with noting_worker(client, "tests", sqlite_database, clock) as notes:
            # It keeps the consumer waiting, while others come one by one.
            last = await jobs.start(NOTE_NUMBER, NoteNumber(number=99), delay=timedelta(seconds=6))
            for number in range(12):
                await (await jobs.start(NOTE_NUMBER, NoteNumber(number=number))).result()
            await last.result()

        closed = [each.status async for each in client.list_workflows(f'WorkflowId="{CONSUMER}"')]

    assert Counter([*range(12), 99]) == notes.noted
    assert WorkflowExecutionStatus.CONTINUED_AS_NEW in closed
