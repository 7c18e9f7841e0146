"""One screen of the ledger: counts, the oldest waits with their reasons, and what is tried next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mainspring.client.tasks.status_text import goes_on_at, note
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskOverview, WorkspaceTasks
from mainspring.storage.workers import WorkerRegister

# As many of each as fit on one screen with the counts.
SHOWN = 5


@dataclass(frozen=True)
class Waiting:
    """A task, its steps if it is a flow, and what it does or waits for."""

    task: Task
    reason: str
    next_at: datetime | None


@dataclass(frozen=True)
class Overview:
    """What `mainspring status` shows."""

    workspace: str
    workers: int
    counts: dict[TaskState, int]
    oldest: Sequence[Waiting]
    next: Sequence[Waiting]


async def overview_of(database: Database, workspace: str, workers: int | None = None) -> Overview:
    """Return how the tasks of a workspace stand. Temporal is not asked.

    `workers` is how many run; not given, it is how many say so in the ledger.
    """
    now = datetime.now(UTC)

    async def look(session: Session) -> Overview:
        tasks, overview = WorkspaceTasks(session, workspace), TaskOverview(session, workspace)
        running = await WorkerRegister(session).running(now=now) if workers is None else workers

        async def waiting(task: Task) -> Waiting:
            steps: Sequence[StepResult] = await tasks.steps(task.id)
            return Waiting(task, note(task, workers=running, steps=steps), goes_on_at(task))

        return Overview(
            workspace,
            running,
            await overview.counts(),
            [await waiting(task) for task in await overview.oldest(SHOWN, now=now)],
            [await waiting(task) for task in await overview.next(SHOWN, now=now)],
        )

    return await database.read(look)


def overview_view(overview: Overview) -> dict[str, Any]:
    """Return an overview as JSON."""
    return {
        "workspace": overview.workspace,
        "workers": overview.workers,
        "counts": {state.value: overview.counts.get(state, 0) for state in TaskState},
        "oldest": [_view(each) for each in overview.oldest],
        "next": [_view(each) for each in overview.next],
    }


def waited(task: Task) -> timedelta:
    """Return for how long a task has been there."""
    return datetime.now(UTC) - task.created_at


def _view(waiting: Waiting) -> dict[str, Any]:
    task = waiting.task
    return {
        "id": str(task.id),
        "job": task.job,
        "state": task.state.value,
        "created_at": task.created_at.isoformat(),
        "reason": waiting.reason,
        "next_at": waiting.next_at and waiting.next_at.isoformat(),
    }
