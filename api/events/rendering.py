"""Events as they are sent: what each is called, its data, and the id from which a client goes on."""

from datetime import UTC, datetime, timedelta

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from mainspring.api.models import TaskView
from mainspring.client.tasks.watching import WatchedTask
from mainspring.client.views import steps_without_payloads, without_payloads
from mainspring.contracts.tasks import TaskState, TaskSummary

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Missed(BaseModel):
    """Changes since then are not told one by one: whoever needs them looks at the list of tasks."""

    since: datetime | None


def task_event(watched: WatchedTask, *, sees_payloads: bool) -> bytes:
    """Return the event of a task as it is now."""
    task = watched.task if sees_payloads else without_payloads(watched.task)
    steps = watched.steps if sees_payloads else steps_without_payloads(watched.steps)
    view = TaskView(**dict(task), steps=tuple(steps), children=tuple(watched.children))
    return format_sse_event(event=_name(task.state), data_str=view.model_dump_json(), id=watched.version)


def summary_event(task: TaskSummary, mark: str) -> bytes:
    """Return the event of a task in a workspace's stream."""
    return format_sse_event(event=_name(task.state), data_str=task.model_dump_json(), id=mark)


def missed_event(since: datetime | None, mark: str) -> bytes:
    """Return the event that says that some are not sent."""
    return format_sse_event(event="missed", data_str=Missed(since=since).model_dump_json(), id=mark)


def mark_of(moment: datetime) -> str:
    """Return the id of events of a workspace's stream at this time: microseconds since 1970."""
    return str((moment - EPOCH) // MICROSECOND)


def moment_of(mark: str) -> datetime | None:
    """Return the time of an id; None when no event had this id."""
    try:
        return EPOCH + int(mark) * MICROSECOND
    except (ValueError, OverflowError):
        return None


def _name(state: TaskState) -> str:
    if state is TaskState.QUEUED:
        return "accepted"
    return "ended" if state.is_final else "changed"
