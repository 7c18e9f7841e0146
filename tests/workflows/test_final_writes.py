"""The last write of a task is not cut short: what it says has happened."""

import asyncio
import sqlite3
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.tasks import TaskActivities
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task, TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.ledger import TaskQueries
from mainspring.testing.eventually import eventually
from mainspring.workflows.runtime.tracking import tracked

QUEUE = "final-writes"


class Order(Message):
    """Whether the work is to fail."""

    fails: bool


class Result(Message):
    """What came of it."""

    done: bool


@workflow.defn(name="work-on-signal", sandboxed=False)
class WorkOnSignalWorkflow:
    """Works when it is told to, so that a test can lock the database before its last write."""

    def __init__(self) -> None:
        self._told = False

    @workflow.signal
    def go_on(self) -> None:
        """Let it end."""
        self._told = True

    @workflow.run
    @tracked
    async def run(self, order: Order) -> Result:
        """End as ordered."""
        await workflow.wait_condition(lambda: self._told)
        if order.fails:
            raise ZeroDivisionError
        return Result(done=True)


@pytest.mark.parametrize(
    ("fails", "state"), [(False, TaskState.SUCCESS), (True, TaskState.FAILED)], ids=["success", "failure"]
)
async def test_a_cancellation_during_the_last_write_comes_too_late(
    temporal_client: Client, sqlite_database: Database, *, fails: bool, state: TaskState
) -> None:
    """The workflow ends as its row says, however long the database takes to hear of it."""
    task_id = uuid4()

    async def look() -> Task | None:
        return await sqlite_database.read(lambda session: TaskQueries(session).get(task_id))

    tasks = TaskActivities(
        sqlite_database, TemporalGateway(temporal_client, QUEUE), SystemClock(), QueueSizes({})
    )
    async with Worker(
        temporal_client,
        task_queue=QUEUE,
        workflows=[WorkOnSignalWorkflow],
        activities=[tasks.begin, tasks.finish],
    ):
        handle = await temporal_client.start_workflow(
            WorkOnSignalWorkflow.run,
            Order(fails=fails),
            id=str(task_id),
            task_queue=QUEUE,
            memo={"task_id": str(task_id)},
        )
        await eventually(look, lambda task: task is not None and task.state is TaskState.RUNNING)
        rival = sqlite3.connect(str(sqlite_database.url.database), isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
        await handle.signal(WorkOnSignalWorkflow.go_on)
        await asyncio.sleep(0.5)
        await handle.cancel()
        await asyncio.sleep(0.5)
        rival.execute("ROLLBACK")
        rival.close()
        task = await eventually(look, lambda task: task is not None and task.state.is_final)
        described = await eventually(handle.describe, lambda seen: seen.close_time is not None)

    assert task is not None
    assert state is task.state
    assert {"SUCCESS": "COMPLETED", "FAILED": "FAILED"}[state] == described.status.name  # type: ignore[union-attr]  # it is closed
