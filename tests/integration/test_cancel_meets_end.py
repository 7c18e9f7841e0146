"""A cancellation that comes while the end of a task is written: the ledger and Temporal say the same."""

import asyncio

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowExecutionStatus

from mainspring.contracts.tasks import TaskState
from mainspring.storage.tables import TaskRow
from mainspring.testing.eventually import eventually
from tests.service import Service
from tests.toys import UPDATE_PRODUCT, Toys, UpdateProduct


async def closed(service: Service, workflow_id: str) -> WorkflowExecutionStatus | None:
    """Return how a workflow ended, once it has."""
    handle = service.temporal_client.get_workflow_handle(workflow_id)

    async def status() -> WorkflowExecutionStatus | None:
        return (await handle.describe()).status

    return await eventually(status, lambda found: found is not WorkflowExecutionStatus.RUNNING)


@pytest.mark.parametrize("languages", [1, 100])
async def test_a_task_that_has_ended_is_not_cancelled_in_temporal(
    workerless: Service, languages: int
) -> None:
    """The row is final; the workflow, which Temporal has decide anew, ends as the row says."""
    toys = Toys(workerless)
    toys.products.gate.clear()
    async with toys.worker():
        request = UpdateProduct(version=1, description=30_000, languages=languages)
        started = await toys.jobs.start(UPDATE_PRODUCT, request)
        await eventually(lambda: asyncio.sleep(0, toys.products.seen), bool)
        task = await workerless.tasks.get(started.id)
        async with workerless.database.session.begin() as session:
            # Nobody writes the end yet.
            await session.scalar(select(TaskRow.id).where(TaskRow.id == task.id).with_for_update())
            toys.products.gate.set()
            await asyncio.sleep(0.5)
            await workerless.temporal_client.get_workflow_handle(task.workflow_id).cancel()
            await asyncio.sleep(0.2)
        ended = await workerless.wait(task.id)
        status = await closed(workerless, task.workflow_id)

    expected = {
        TaskState.SUCCESS: WorkflowExecutionStatus.COMPLETED,
        TaskState.FAILED: WorkflowExecutionStatus.FAILED,
        TaskState.CANCELLED: WorkflowExecutionStatus.CANCELED,
    }
    assert expected[ended.state] is status
    assert (TaskState.SUCCESS if languages == 1 else TaskState.FAILED) is ended.state
