"""Repeated and later starts with a real engine and worker, which may restart meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from mainspring.activities.reconcile import ReconcileActivities, RecordedJobs
from mainspring.client.errors import BadInput
from mainspring.client.jobs import Jobs
from mainspring.contracts.tasks import ReconcileTasks, RelayTasks, Task, TaskState
from mainspring.gateways.temporal import TemporalGateway
from mainspring.workflows.runtime.job import Debounce, Throttle
from tests.service import Service
from tests.toys import UPDATE_PRODUCT, Toys, UpdateProduct, update_product

SECOND = timedelta(seconds=1)
DEBOUNCED = update_product(Debounce(SECOND))
THROTTLED = update_product(Throttle(timedelta(hours=1)))


@pytest.fixture
def toys(workerless: Service) -> Toys:
    """Give the toy jobs without a worker."""
    return Toys(workerless)


def update(version: int) -> UpdateProduct:
    """Return a request."""
    return UpdateProduct(version=version)


def is_running(task: Task) -> bool:
    """Whether a task has begun."""
    return task.state is TaskState.RUNNING


async def test_updates_for_two_seconds_run_once_with_the_last_input(toys: Toys) -> None:
    """The updates cost a write each, Temporal hears of the task once, and sleeps a few times."""
    async with toys.worker():
        starts = []
        for version in range(40):
            starts.append(await toys.jobs.start(DEBOUNCED, update(version)))
            await asyncio.sleep(0.05)
        last_start = datetime.now(UTC)
        result = await starts[0].result()

    task = await toys.jobs.tasks.get(starts[0].id)
    events = await toys.temporal.history_length(task.workflow_id)
    assert ([39], 39) == (toys.products.seen, result.version)
    assert ({task.id}, 39) == ({start.id for start in starts}, sum(start.deduplicated for start in starts))
    assert task.started_at is not None
    assert timedelta(seconds=0.9) <= task.started_at - last_start
    # 20 for the work, and 6 for each sleep: one for each quiet time that the flurry took, and the last one.
    assert events <= 20 + 6 * ((last_start - task.created_at) // SECOND + 2)


async def test_an_update_that_comes_while_the_job_runs_makes_one_more_run_afterwards(toys: Toys) -> None:
    """Several make one; it does not begin before the first one has ended."""
    async with toys.worker():
        toys.products.gate.clear()
        first = await toys.jobs.start(DEBOUNCED, update(1))
        await toys.service.until(first.id, is_running)
        late = [await toys.jobs.start(DEBOUNCED, update(version)) for version in (2, 3)]
        await asyncio.sleep(1.5)
        seen_meanwhile = list(toys.products.seen)
        toys.products.gate.set()
        tasks = [await toys.service.wait(each) for each in (first.id, late[0].id)]

    assert ([1], [1, 3]) == (seen_meanwhile, toys.products.seen)
    assert [False, True] == [start.deduplicated for start in late]
    assert [TaskState.SUCCESS] * 2 == [task.state for task in tasks]
    assert tasks[0].finished_at is not None
    assert tasks[1].started_at is not None
    assert tasks[0].finished_at < tasks[1].started_at


async def test_a_debounced_task_holds_across_a_restart_of_the_worker(toys: Toys) -> None:
    """Updates are taken while no worker is there, and the quiet time counts from the last of them."""
    async with toys.worker():
        first = await toys.jobs.start(DEBOUNCED, update(1))
    await toys.jobs.start(DEBOUNCED, update(2))
    await asyncio.sleep(1.2)
    await toys.jobs.start(DEBOUNCED, update(3))
    pushed = await toys.jobs.tasks.get(first.id)
    async with toys.worker():
        ended = await toys.service.wait(first.id)

    assert [3] == toys.products.seen
    assert ended.started_at is not None
    assert pushed.starts_at is not None
    assert pushed.starts_at <= ended.started_at


async def test_a_throttle_holds_across_a_restart_of_the_worker(toys: Toys) -> None:
    """The last task is returned with its result, until its time is over."""
    async with toys.worker():
        first = await toys.jobs.start(THROTTLED, update(1))
        await first.result()
    async with toys.worker():
        early = await toys.jobs.start(THROTTLED, update(2))
        early_result = await early.result()
        toys.service.clock.advance(timedelta(hours=1))
        late = await toys.jobs.start(THROTTLED, update(3))
        await late.result()

    assert (first.id, True, 1) == (early.id, early.deduplicated, early_result.version)
    assert [1, 3] == toys.products.seen


async def test_a_delayed_start_holds_across_a_restart_of_the_worker(toys: Toys) -> None:
    """It is QUEUED until its time, and begins then, once."""
    async with toys.worker():
        started = await toys.jobs.start(UPDATE_PRODUCT, update(1), delay=2 * SECOND)
        await asyncio.sleep(0.5)
    async with toys.worker():
        queued = await toys.jobs.tasks.get(started.id)
        ended = await toys.service.wait(started.id)

    assert TaskState.QUEUED == queued.state
    assert queued.starts_at is not None
    assert queued.run_id is not None
    assert ended.started_at is not None
    assert timedelta() <= ended.started_at - queued.starts_at < SECOND
    assert [1] == toys.products.seen


async def test_the_relay_starts_a_later_task_with_what_is_left_of_its_delay(toys: Toys) -> None:
    """Accepted while Temporal was away, it begins at its time all the same."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    away = Jobs(toys.service.database, TemporalGateway(nowhere, "toys"), toys.service.clock)
    started = await away.start(UPDATE_PRODUCT, update(1), delay=12 * SECOND)

    toys.service.clock.advance(10.5 * SECOND)
    async with toys.worker():
        relayed = await toys.ledger.relay(RelayTasks())
        told = await toys.jobs.tasks.get(started.id)
        ended = await toys.service.wait(started.id)

    assert (1, TaskState.QUEUED) == (relayed.started, told.state)
    assert ended.started_at is not None
    assert ended.starts_at is not None
    assert timedelta() <= ended.started_at - ended.starts_at < SECOND


async def test_a_later_task_is_cancelled_at_once(toys: Toys) -> None:
    """Nobody waits for its time to be rid of it; and its key is free."""
    async with toys.worker():
        started = await toys.jobs.start(UPDATE_PRODUCT, update(1), delay=timedelta(hours=1))
        await toys.jobs.cancel(started.id)
        cancelled = await toys.service.wait(started.id)
        again = await toys.jobs.start(UPDATE_PRODUCT, update(2))
        await again.result()

    assert (TaskState.CANCELLED, None) == (cancelled.state, cancelled.started_at)
    assert [2] == toys.products.seen


async def test_the_sweep_leaves_a_later_task_alone(toys: Toys) -> None:
    """Its workflow is there, though nothing has run of it."""
    started = await toys.jobs.start(UPDATE_PRODUCT, update(1), delay=timedelta(hours=1))
    toys.service.clock.advance(timedelta(minutes=1))
    sweep = ReconcileActivities(
        toys.service.database, toys.temporal, toys.service.clock, RecordedJobs(frozenset({"update-product"}))
    )

    swept = await sweep.reconcile(ReconcileTasks())

    assert (1, 0) == (swept.checked, swept.ended)
    assert TaskState.QUEUED == (await toys.jobs.tasks.get(started.id)).state


async def test_priority_and_the_workspaces_turn_reach_the_activity(toys: Toys) -> None:
    """Temporal orders the queue of activities by them, too."""
    async with toys.worker():
        started = await toys.jobs.start(UPDATE_PRODUCT, update(1), priority=1)
        result = await started.result()

    assert (1, "shop-of-shoe") == (result.priority, result.turn)


async def test_a_workspace_with_a_long_name_has_a_turn_of_its_own(toys: Toys) -> None:
    """Temporal takes 64 bytes; a longer name is told apart by its hash."""
    async with toys.worker():
        started = await toys.jobs.start(UPDATE_PRODUCT, UpdateProduct(product="é" * 60, version=1))
        result = await started.result()

    assert 64 == len(result.turn or "")


async def test_a_time_that_is_past_is_now(toys: Toys) -> None:
    """A caller that is late has lost nothing."""
    async with toys.worker():
        started = await toys.jobs.start(UPDATE_PRODUCT, update(1), at=datetime.now(UTC) - SECOND)
        await started.result()

    assert (await toys.jobs.tasks.get(started.id)).starts_at is None


async def test_a_time_without_a_zone_or_with_a_delay_is_refused(toys: Toys) -> None:
    """Either could be meant in two ways."""
    now = datetime.now(UTC)
    with pytest.raises(BadInput, match="without a zone"):
        await toys.jobs.start(UPDATE_PRODUCT, update(1), at=now.replace(tzinfo=None))
    with pytest.raises(BadInput, match="not both"):
        await toys.jobs.start(UPDATE_PRODUCT, update(1), at=now, delay=SECOND)


def test_what_repeats_without_a_key_is_refused() -> None:
    """Only starts of one key repeat each other."""
    with pytest.raises(TypeError, match="update-product: Debounce needs a key"):
        type(DEBOUNCED)(**{**vars(DEBOUNCED), "key": None})
