"""What a task is doing or why it is not, in words: the question that a queue never answered."""

from datetime import UTC, datetime, timedelta

from mainspring.client.times import when
from mainspring.contracts.tasks import Task, TaskError, TaskState

# A worker that runs takes up a task within a second or two.
SOON = timedelta(seconds=5)
QUEUED_LONG = "waiting for a worker: is `mainspring up` or `mainspring worker` running?"
TURN_NOT_COME = "waiting for its turn in the queue, or for a worker"


def note(task: Task) -> str:
    """Say what a task is doing, what it waits for, and why an attempt has failed."""
    if task.cancel_requested_at is not None and not task.state.is_final:
        return "cancelling"
    match task.state:
        case TaskState.QUEUED:
            return _queued(task)
        case TaskState.WAITING:
            return f"waiting for the {task.waiting_for} until {when(task.resumes_at)}"
        case TaskState.RUNNING:
            return _running(task)
    return ""


def failed_attempt(error: TaskError) -> str:
    """Say which attempt failed, when and why, in one line."""
    reason = error.message.partition("\n")[0]
    return f"attempt {error.attempt} of {error.step} failed at {when(error.at)}: {error.error_type}: {reason}"


def _queued(task: Task) -> str:
    is_later = task.starts_at is not None and task.starts_at > datetime.now(UTC)
    is_old = datetime.now(UTC) - task.created_at > SOON
    if task.is_pooled:  # Temporal knows its queue, never the task
        if is_later:
            return f"starts at {when(task.starts_at)}"
        return TURN_NOT_COME if is_old else "starting"
    if task.run_id is None:
        later = f", and it starts at {when(task.starts_at)}" if is_later else ""
        return f"accepted; Temporal has not taken it yet, the relay tries again every minute{later}"
    if is_later:
        return f"starts at {when(task.starts_at)}"
    return QUEUED_LONG if is_old else "starting"


def _running(task: Task) -> str:
    parts = [task.current_step] if task.current_step else []
    if task.deaths:
        times = "once" if task.deaths == 1 else f"{task.deaths} times"
        parts.append(f"its worker died {times} while it ran this: tried alone, in a process of its own")
    if task.next_attempt_at is not None:
        parts.append(f"attempt {task.attempts + 1} at {when(task.next_attempt_at)}")
    parts += [failed_attempt(error) for error in task.errors[-1:]]
    return "; ".join(parts)
