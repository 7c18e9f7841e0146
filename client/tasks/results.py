"""The result of a task, or why there is none."""

from mainspring.client.errors import TaskCancelled, TaskFailed, TaskNotEnded
from mainspring.contracts.tasks import JsonObject, Task, TaskState


def result_of(task: Task) -> JsonObject:
    """Return the result of a task that has succeeded.

    Raises TaskNotEnded: when the task goes on.
    Raises TaskFailed: when the task has failed.
    Raises TaskCancelled: when the task was cancelled.
    """
    if not task.state.is_final:
        raise TaskNotEnded(task)
    if task.state is TaskState.FAILED:
        raise TaskFailed(task)
    if task.state is TaskState.CANCELLED:
        raise TaskCancelled(task)
    return task.result or {}
