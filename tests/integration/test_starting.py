"""Accepting tasks: once, in the caller's transaction, and whether Temporal is there or not."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from mainspring.client.errors import JobIsInternal, TaskNotRetryable
from mainspring.client.jobs import Jobs, StartedTask
from mainspring.contracts.cards import (
    DiscoverSets,
    PricesUpdated,
    SetsDiscovered,
    SyncTrackedSets,
    UpdateInventoryPrices,
)
from mainspring.contracts.tasks import FinishTask, RelayTasks, Task, TaskFilter, TasksRelayed, TaskState
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskWriter
from mainspring.testing.eventually import eventually
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.workflows.cards import DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from mainspring.workflows.runtime.catalogue import job_named
from tests.service import Service

# Longer than the relay leaves a fresh task to whoever accepted it.
LONG_ENOUGH = timedelta(seconds=11)


async def test_a_second_start_returns_the_task_that_is_active(workerless: Service) -> None:
    """However many ask at once, there is one task and one workflow; after its end there is a new one."""
    account = await workerless.add_account(inventory=workerless.justtcg.variant_ids[:10])
    request = UpdateInventoryPrices(account_id=account)

    starts = await asyncio.gather(
        *(workerless.jobs.start(UPDATE_INVENTORY_PRICES, request) for _ in range(8))
    )
    async with workerless.worker():
        await workerless.wait(starts[0].id)
        later = await workerless.jobs.start(UPDATE_INVENTORY_PRICES, request)
        await workerless.wait(later.id)

    assert 1 == len({start.id for start in starts})
    assert [False] + [True] * 7 == sorted(start.deduplicated for start in starts)
    assert later.id != starts[0].id
    assert 1 == len(workerless.justtcg.calls)


async def test_a_start_right_after_the_end_waits_for_the_workflow_not_for_the_relay(
    workerless: Service,
) -> None:
    """A workflow that has written its task's end holds its id for another moment."""
    first, starting = await start_behind_a_closing_workflow(workerless)
    await asyncio.sleep(0.5)
    await workerless.temporal_client.get_workflow_handle(first.workflow_id).terminate()
    second = await starting

    assert first.id != second.id
    assert (await workerless.tasks.get(second.id)).run_id is not None


async def test_what_is_cancelled_while_it_waits_for_another_workflow_is_not_started(
    workerless: Service,
) -> None:
    """It ends in the ledger alone, as any that Temporal does not know."""
    first, starting = await start_behind_a_closing_workflow(workerless)
    (queued,) = await eventually(
        lambda: workerless.tasks.find(TaskFilter(states=frozenset({TaskState.QUEUED}))), bool
    )
    await workerless.jobs.cancel(queued.id)
    await workerless.temporal_client.get_workflow_handle(first.workflow_id).terminate()
    await starting

    cancelled = await workerless.tasks.get(queued.id)
    assert (TaskState.CANCELLED, None) == (cancelled.state, cancelled.run_id)


async def start_behind_a_closing_workflow(
    service: Service,
) -> tuple[Task, asyncio.Task[StartedTask[SetsDiscovered]]]:
    """Return a task that has ended, as the ledger says, but not its workflow; and a start of its key."""
    request = DiscoverSets(account_id=uuid4())
    started = await service.jobs.start(DISCOVER_SETS, request)
    ended = FinishTask(task_id=started.id, state=TaskState.SUCCESS)
    await service.database.transact(
        lambda session: TaskWriter(session).finish(ended, now=service.clock.now())
    )
    starting = asyncio.create_task(service.jobs.start(DISCOVER_SETS, request))
    return await service.tasks.get(started.id), starting


async def test_a_task_is_part_of_the_callers_transaction(service: Service) -> None:
    """It runs when the caller commits, and the caller's own rows are there with it."""
    account = await service.add_account()
    request = DiscoverSets(account_id=account)

    async with service.database.session.begin() as session:
        started = await service.jobs.start(DISCOVER_SETS, request, session=session)
    task = await service.wait(started.id)

    assert TaskState.SUCCESS == task.state


async def test_a_transaction_that_is_rolled_back_has_accepted_nothing(service: Service) -> None:
    """Neither a row nor a workflow is left of it."""

    async def start_and_fail(session: Session) -> None:
        await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()), session=session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await service.database.transact(start_and_fail)
    await after_commits()

    assert [] == await service.all_tasks()
    assert 0 == (await service.temporal_client.count_workflows()).count


async def test_the_wrong_input_is_an_error_to_the_type_checker_and_at_run_time(workerless: Service) -> None:
    """Mypy would report the ignore below as unused if it accepted the call."""
    request = SyncTrackedSets(account_id=uuid4())

    with pytest.raises(TypeError, match="discover-sets takes DiscoverSets, not SyncTrackedSets"):
        await workerless.jobs.start(DISCOVER_SETS, request)  # type: ignore[misc]  # the point
    assert [] == await workerless.all_tasks()


async def test_housekeeping_is_not_started_by_hand(workerless: Service) -> None:
    """It has a schedule, which the message names."""
    with pytest.raises(JobIsInternal, match="mainspring schedules trigger relay-tasks"):
        await workerless.jobs.start(job_named("relay-tasks"), RelayTasks())


async def away(service: Service, by: Clock | None = None) -> Jobs:
    """Return a client whose Temporal cannot be reached; `by` is its clock, or else the service's."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    temporal = TemporalGateway(nowhere, service.settings.task_queue)
    return Jobs(service.database, temporal, by or service.clock)


async def test_a_task_accepted_while_the_engine_is_away_is_started_by_the_relay(service: Service) -> None:
    """The caller sees no error, the task stays QUEUED, and nothing is lost."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:10])
    jobs = await away(service)

    started = await jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    queued = await jobs.tasks.get(started.id)
    service.clock.advance(LONG_ENOUGH)
    relayed = await service.relay()
    result = await started.result()

    assert (TaskState.QUEUED, None) == (queued.state, queued.run_id)
    assert TasksRelayed(started=1, failed=0) == relayed
    assert PricesUpdated(updated=10, prices_changed=10, requests=1) == result


async def test_a_commit_while_the_engine_is_away_succeeds(service: Service) -> None:
    """The caller's own transaction does not depend on Temporal, and the relay starts the task once."""
    jobs = await away(service)
    request = SyncTrackedSets(account_id=await service.add_account())

    async with service.database.session.begin() as session:
        started = await jobs.start(SYNC_TRACKED_SETS, request, session=session)
    await after_commits()
    service.clock.advance(LONG_ENOUGH)
    relayed = [await service.relay() for _ in range(2)]

    assert TaskState.SUCCESS == (await service.wait(started.id)).state
    assert [1, 0] == [each.started for each in relayed]


async def test_a_fresh_task_is_left_to_whoever_accepted_it(service: Service) -> None:
    """The relay does not run a race with the client's own start."""
    jobs = await away(service, by=ShiftedClock(service.clock.now() + LONG_ENOUGH))
    await jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()))

    assert TasksRelayed(started=0, failed=0) == await service.relay()


async def test_a_failed_task_is_retried_as_a_new_task(service: Service) -> None:
    """The failed one keeps its history; the new one says what it repeats."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:10])
    await service.accounts.set_api_key("shop", "revoked")
    started = await service.jobs.start(
        UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account), priority=1
    )
    failed = await service.wait(started.id)
    await service.accounts.set_api_key("shop", "key-of-shop")

    again = await service.jobs.retry(failed.id)
    retried = await service.wait(again.id)

    assert (TaskState.FAILED, TaskState.SUCCESS) == (failed.state, retried.state)
    assert (failed.id, failed.input, 1) == (retried.retry_of, retried.input, retried.priority)
    with pytest.raises(TaskNotRetryable, match="SUCCESS"):
        await service.jobs.retry(retried.id)


async def test_a_task_is_found_by_the_beginning_of_its_id(workerless: Service) -> None:
    """As many digits as tell it apart are enough."""
    started = await workerless.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=UUID(int=1)))

    assert started.id == await workerless.tasks.resolve(str(started.id)[:8].upper())
