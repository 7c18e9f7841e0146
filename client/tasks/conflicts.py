"""What is said of a start that found another task in its place: which one, and what it does not take."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from mainspring.client.times import duration, when
from mainspring.client.validation import shown
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import JsonObject, Task, TaskState
from mainspring.workflows.runtime.job import AnyJob, Debounce, Deduplicate, Throttle


def conflict_message(
    job: AnyJob, message: Message, task: Task, *, called: str | None = None, options: Sequence[str] = ()
) -> str:
    """Say why there is no new task, in one line.

    `called` is what the caller calls the key; `options` are those that were given and change nothing.
    """
    about = _about(job, message, called)
    match job.repeats:
        case Debounce():
            return f"{job.name} is queued already{about}: {_since(task)}; it takes this input" + _left(
                options
            )
        case Throttle(every):
            sentence = f"{job.name} starts at most once in {duration(every)}{about}: {_since(task)}"
        case Deduplicate():
            sentence = f"{job.name} is active already{about}: {_since(task)}"
    fields = message.model_dump(mode="json")
    if task.input == fields:
        return f"{sentence}, with the same input" + _left(options)
    has, refused = _differing(task.input, fields), _differing(fields, task.input)
    return f"{sentence}, with {shown(has)}; {shown(refused)} was not taken" + _left(options)


def without_effect(
    job: AnyJob, task: Task, times: Mapping[str, object], priorities: Mapping[str, int | None]
) -> list[str]:
    """Return the options of a start that the task which was there instead does not take, by their names.

    An option that is None was not given. A debounced task takes a later time.
    """
    left = [] if isinstance(job.repeats, Debounce) else [name for name, value in times.items() if value]
    return left + [name for name, value in priorities.items() if value not in {None, task.priority}]


def _about(job: AnyJob, message: Message, called: str | None) -> str:
    """Return what the key says, unless there is only one for all."""
    if job.key is None or not type(message).model_fields:
        return ""
    return f" for {job.key_says or 'the key'} {called or job.key(message)}"


def _since(task: Task) -> str:
    if task.state is TaskState.QUEUED and task.starts_at and task.starts_at > datetime.now(UTC):
        return f"task {task.id}, which starts at {when(task.starts_at)}"
    since = task.finished_at or task.started_at or task.created_at
    return f"task {task.id}, {task.state} since {when(since)}"


def _differing(one: JsonObject, other: JsonObject) -> JsonObject:
    return {name: value for name, value in one.items() if other.get(name) != value}


def _left(options: Sequence[str]) -> str:
    if not options:
        return ""
    return f"; {' and '.join(options)} {'was' if len(options) == 1 else 'were'} not taken"
