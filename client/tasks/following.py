"""A task as it goes on, and what is new at each look: for a log, a terminal, or a stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from mainspring.client.tasks.steps import moved_steps
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskError

if TYPE_CHECKING:
    from mainspring.client.tasks.queries import Tasks


@dataclass(frozen=True)
class Look:
    """A task and its steps, and what is new since the look before.

    `is_turn` says that the state, or what the task waits for, is another. A final task brings no failed
    attempts: its last error belongs to its outcome.
    """

    task: Task
    steps: Sequence[StepResult]
    is_turn: bool
    failed_attempts: Sequence[TaskError]
    moved_steps: Sequence[StepResult]


async def follow(tasks: Tasks, task_id: UUID) -> AsyncIterator[Look]:
    """Give the task now and at each change until it has ended.

    The first look brings the last failed attempt only, however many there were before.
    """
    before: Look | None = None
    async for task in tasks.watch(task_id):
        steps = await tasks.steps(task_id)
        before = Look(
            task,
            steps,
            is_turn=before is None or _stand(task) != _stand(before.task),
            failed_attempts=_new_errors(task, before),
            moved_steps=moved_steps(before.steps if before else (), steps),
        )
        yield before


def _stand(task: Task) -> tuple[str, str | None]:
    return task.state, task.waiting_for


def _new_errors(task: Task, before: Look | None) -> Sequence[TaskError]:
    if task.state.is_final:
        return ()
    return task.errors[-1:] if before is None else task.errors[len(before.task.errors) :]
