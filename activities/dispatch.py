"""Telling the engine of accepted tasks. A task it cannot be told of stays QUEUED for the relay."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog

from contracts.tasks import NewTask, Task
from gateways.engine import Engine
from gateways.errors import GatewayError
from storage.database import Database
from storage.tasks import TaskRepository

log = structlog.get_logger(__name__)

# Starts under way at once: the engine serves some in parallel, and more would only wait for their turn.
PARALLEL_STARTS = 8


async def dispatch(database: Database, engine: Engine, tasks: Sequence[NewTask | Task]) -> dict[UUID, str]:
    """Start the workflows of these tasks, note their run ids in one transaction, and return them."""
    turns = asyncio.Semaphore(PARALLEL_STARTS)
    runs: dict[UUID, str] = {}

    async def start(task: NewTask | Task) -> None:
        async with turns:
            try:
                run_id = await engine.start(
                    task.job, task.workflow_id, task.input, task_id=task.id, priority=task.priority
                )
            except GatewayError as error:
                # One that cannot be started must not keep the others back; the relay comes again.
                log.warning("task stays queued", task_id=str(task.id), error=str(error))
                return
        if run_id is not None:
            runs[task.id] = run_id

    await asyncio.gather(*(start(task) for task in tasks))
    if runs:
        await database.transact(lambda session: TaskRepository(session).record_runs(runs))
    return runs
