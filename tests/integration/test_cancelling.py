"""Cancelling: before the start, during a wait, in the middle of the work."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import CancelledError

from mainspring.client.jobs import Jobs
from mainspring.contracts.cards import DiscoverSets, UpdateInventoryPrices
from mainspring.contracts.tasks import Task, TaskState
from mainspring.emulators.justtcg.faults import Fault
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Session
from mainspring.storage.tables import InventoryVariantRow
from mainspring.testing.eventually import eventually
from mainspring.workflows.cards import DISCOVER_SETS, UPDATE_INVENTORY_PRICES
from tests.service import Service, is_waiting


async def priced(service: Service) -> int:
    """Count the inventory's variants that have been looked up."""

    async def look(session: Session) -> int:
        query = select(func.count()).where(InventoryVariantRow.last_price_update_at.is_not(None))
        return await session.scalar(query) or 0

    return await service.database.read(look)


async def status_of(service: Service, task: Task) -> str | None:
    """Return how Temporal says that the task's workflow is."""
    run = await service.temporal_client.get_workflow_handle(task.workflow_id, run_id=task.run_id).describe()
    return None if run.status is None else run.status.name


async def test_a_task_that_waits_for_a_quota_is_cancelled_at_once(service: Service) -> None:
    """What was done until then stays done, and the row no longer says that it waits."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, is_waiting)

    await service.jobs.cancel(started.id)
    task = await service.wait(started.id)

    assert (TaskState.CANCELLED, None, None) == (task.state, task.waiting_for, task.resumes_at)
    assert (100, 100) == (task.processed, await priced(service))
    assert task.cancel_requested_at is not None


async def test_a_task_that_is_cancelled_at_work_leaves_whole_pages(service: Service) -> None:
    """Once it is CANCELLED nothing more is written: the ledger and the inventory agree, and stay so."""
    held = service.justtcg.variant_ids[:2_000]
    account = await service.add_account(inventory=held)
    service.justtcg.faults.slow_seconds = 0.5
    service.justtcg.faults.rate(Fault.SLOW, 1)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, lambda task: task.processed > 0)

    await service.jobs.cancel(started.id)
    task = await service.wait(started.id)
    calls = len(service.justtcg.calls)

    stored = await service.prices()
    assert (TaskState.CANCELLED, []) == (task.state, list(task.errors))
    assert 0 < task.processed < 2_000
    assert task.processed == await priced(service) == len(stored)
    assert service.sold_at(stored) == stored
    assert calls == len(service.justtcg.calls)
    assert task == await service.jobs.cancel(started.id)


@pytest.mark.parametrize(
    ("variants", "faults", "ends", "done"),
    [
        pytest.param(300, [Fault.SLOW], TaskState.CANCELLED, 100, id="before a wait until tomorrow"),
        pytest.param(300, [Fault.SLOW, Fault.SERVER_ERROR], TaskState.CANCELLED, 0, id="before a failure"),
        pytest.param(100, [Fault.SLOW], TaskState.SUCCESS, 100, id="before the end"),
    ],
)
async def test_a_cancellation_that_a_batch_does_not_hear_of_is_heeded_after_it(
    variants: int, faults: list[Fault], ends: TaskState, done: int, service: Service
) -> None:
    """What the batch has done counts; nothing is waited for, or tried again."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:variants], day=1)
    service.justtcg.faults.slow_seconds = 0.5
    for fault in faults:
        service.justtcg.faults.next(fault)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await eventually(lambda: asyncio.sleep(0, len(service.justtcg.calls)), bool)

    await service.jobs.cancel(started.id)
    task = await service.wait(started.id)

    assert (ends, done, done) == (task.state, task.processed, await priced(service))
    closed = {TaskState.CANCELLED: "CANCELED", TaskState.SUCCESS: "COMPLETED"}
    await eventually(lambda: status_of(service, task), lambda status: status == closed[ends])


async def test_a_queued_task_is_cancelled_without_the_engine(workerless: Service) -> None:
    """It ends in the ledger alone, and its key is free again."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    jobs = Jobs(workerless.database, TemporalGateway(nowhere, "nobody"), workerless.clock)
    request = DiscoverSets(account_id=uuid4())
    started = await jobs.start(DISCOVER_SETS, request)

    cancelled: Task = await jobs.cancel(started.id)
    next_one = await jobs.start(DISCOVER_SETS, request)

    assert TaskState.CANCELLED == cancelled.state
    assert cancelled.finished_at is not None
    assert not next_one.deduplicated


async def test_a_task_cancelled_before_any_worker_took_it_never_works(workerless: Service) -> None:
    """Temporal knows it, but no call leaves."""
    account = await workerless.add_account(inventory=workerless.justtcg.variant_ids[:10])
    started = await workerless.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await workerless.jobs.cancel(started.id)
    async with workerless.worker():
        task = await workerless.wait(started.id)

    assert (TaskState.CANCELLED, 0) == (task.state, len(workerless.justtcg.calls))


async def test_a_workflow_whose_task_was_cancelled_before_it_began_does_nothing(service: Service) -> None:
    """The client died between the start and noting it; the task was cancelled in the ledger alone."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    jobs = Jobs(service.database, TemporalGateway(nowhere, "nobody"), service.clock)
    account = await service.add_account(inventory=service.justtcg.variant_ids[:10])
    started = await jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await jobs.cancel(started.id)

    await service.temporal.start(task.job, task.workflow_id, task.input, task_id=task.id, priority=3)
    with pytest.raises(WorkflowFailureError) as failed:
        await service.temporal_client.get_workflow_handle(task.workflow_id).result()
    assert isinstance(failed.value.cause, CancelledError)

    assert task == await service.tasks.get(task.id)
    assert 0 == len(service.justtcg.calls)
