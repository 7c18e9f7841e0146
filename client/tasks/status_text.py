"""What a task is doing or why it is not, in words: the question that a queue never answered."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mainspring.client.times import when
from mainspring.contracts.flows import StepResult, StepStatus
from mainspring.contracts.tasks import Task, TaskError, TaskState

# A worker that runs takes up a task within a second or two.
SOON = timedelta(seconds=5)
QUEUED_LONG = "waiting for a worker: is `mainspring up` or `mainspring worker` running?"
TURN_NOT_COME = "waiting for its turn in the queue, or for a worker"
# What is known of the workers tells the two apart.
NO_WORKER_RUNS = "no worker runs: start `mainspring up` or `mainspring worker`"
ITS_TURN = "waiting for its turn: other tasks are before it"


def note(task: Task, *, workers: int | None = None, steps: Sequence[StepResult] = ()) -> str:
    """Say what a task is doing, what it waits for, and why an attempt has failed.

    `workers` is how many run, if that is known; `steps` are those of a flow.
    """
    if task.cancel_requested_at is not None and not task.state.is_final:
        return "cancelling"
    match task.state:
        case TaskState.QUEUED:
            return _queued(task, workers)
        case TaskState.WAITING:
            if task.resumes_at is None:
                return f"going on: Temporal is told that nothing has to wait for the {task.waiting_for}"
            return f"waiting for the {task.waiting_for} until {when(task.resumes_at)}"
        case TaskState.RUNNING:
            return _running(task, workers, steps)
    return ""


def failed_attempt(error: TaskError) -> str:
    """Say which attempt failed, when and why, in one line."""
    reason = error.message.partition("\n")[0]
    return f"attempt {error.attempt} of {error.step} failed at {when(error.at)}: {error.error_type}: {reason}"


def goes_on_at(task: Task) -> datetime | None:
    """Return when a task goes on by itself, if it waits for a time."""
    times = {TaskState.QUEUED: task.starts_at, TaskState.WAITING: task.resumes_at}
    return times.get(task.state, task.next_attempt_at)


def _queued(task: Task, workers: int | None) -> str:
    is_later = task.starts_at is not None and task.starts_at > datetime.now(UTC)
    is_old = datetime.now(UTC) - task.created_at > SOON
    if task.is_pooled:  # Temporal knows its queue, never the task
        if is_later:
            return f"starts at {when(task.starts_at)}"
        return _why_not_begun(workers, TURN_NOT_COME) if is_old else "starting"
    if task.run_id is None:
        later = f", and it starts at {when(task.starts_at)}" if is_later else ""
        return f"accepted; Temporal has not taken it yet, the relay tries again every minute{later}"
    if is_later:
        return f"starts at {when(task.starts_at)}"
    return _why_not_begun(workers, QUEUED_LONG) if is_old else "starting"


def _why_not_begun(workers: int | None, unknown: str) -> str:
    if workers is None:
        return unknown
    return ITS_TURN if workers else NO_WORKER_RUNS


def _running(task: Task, workers: int | None, steps: Sequence[StepResult]) -> str:
    parts = [NO_WORKER_RUNS] if workers == 0 else []
    parts += [task.current_step] if task.current_step else []
    parts += _waiting_step(task, steps)
    if task.deaths:
        times = "once" if task.deaths == 1 else f"{task.deaths} times"
        parts.append(f"its worker died {times} while it ran this: tried alone, in a process of its own")
    # Of a task with a workflow of its own nobody notes that the attempt has begun.
    if task.next_attempt_at is not None and (task.is_pooled or task.next_attempt_at > datetime.now(UTC)):
        attempt = task.attempts if task.is_pooled else max((each.attempt for each in task.errors), default=1)
        parts.append(f"attempt {attempt + 1} at {when(task.next_attempt_at)}")
    parts += [failed_attempt(error) for error in task.errors[-1:]]
    return "; ".join(parts)


def _waiting_step(task: Task, steps: Sequence[StepResult]) -> list[str]:
    """Say that a flow waits for a slot: nothing of it runs, and steps are left.

    Encoding and transfers have few slots on a worker, and a step waits there for those before it.
    """
    is_tried_again = task.next_attempt_at is not None and task.next_attempt_at > datetime.now(UTC)
    is_under_way = any(step.status is StepStatus.RUNNING for step in steps)
    pending = [step.step for step in steps if step.status is StepStatus.PENDING]
    moments = [step.completed_at for step in steps] + [task.started_at]
    is_new = datetime.now(UTC) - max(filter(None, moments), default=task.created_at) < SOON
    if is_tried_again or is_under_way or is_new or not pending:
        return []
    return [f"{pending[0]} waits for a free slot: other tasks use them all"]
