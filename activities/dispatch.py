"""Telling the engine of accepted tasks. A task it cannot be told of stays QUEUED for the relay."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from contracts.tasks import NewTask, Task
from gateways.engine import Engine, StartRefused
from gateways.errors import GatewayError
from storage.database import Database
from storage.tasks import TaskRepository

log = structlog.get_logger(__name__)

# Starts under way at once: the engine serves some in parallel, and more would only wait for their turn.
PARALLEL_STARTS = 8


@dataclass(frozen=True)
class Dispatched:
    """What became of each start; in none of these is a task whose workflow id another run holds.

    `refused` are those that no repetition helps; at `untold` the engine is away, or takes nothing from us.
    """

    runs: dict[UUID, str] = field(default_factory=dict)
    refused: dict[UUID, StartRefused] = field(default_factory=dict)
    untold: set[UUID] = field(default_factory=set)


async def dispatch(database: Database, engine: Engine, tasks: Sequence[NewTask | Task]) -> Dispatched:
    """Start the workflows of these tasks and note their run ids in one transaction."""
    turns = asyncio.Semaphore(PARALLEL_STARTS)
    done = Dispatched()

    async def start(task: NewTask | Task) -> None:
        async with turns:
            try:
                run_id = await engine.start(
                    task.job, task.workflow_id, task.input, task_id=task.id, priority=task.priority
                )
            except GatewayError as error:
                # One that cannot be started must not keep the others back; the relay comes again.
                log.warning("task stays queued", task_id=str(task.id), error=str(error))
                if isinstance(error, StartRefused):
                    done.refused[task.id] = error
                else:
                    done.untold.add(task.id)
                return
        if run_id is not None:
            done.runs[task.id] = run_id

    await asyncio.gather(*(start(task) for task in tasks))
    if done.runs:
        await database.transact(lambda session: TaskRepository(session).record_runs(done.runs))
    return done
