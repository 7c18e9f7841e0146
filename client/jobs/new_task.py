"""A new task out of what its caller says, with every refusal that needs no database."""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from mainspring.client.errors import BadInput, JobIsInternal
from mainspring.contracts.message import InputFault, Message
from mainspring.contracts.tasks import NewTask
from mainspring.workflows.runtime.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


def new_task(
    job: Job[In, Out],
    message: In,
    *,
    workspace: str,
    priority: int,
    triggered_by: str,
    starts_at: datetime | None = None,
) -> NewTask:
    """Return a task of its own id, for an input that was checked; JobIsInternal."""
    if job.is_internal:
        raise JobIsInternal(job.name)
    return job.task(
        uuid4(),
        message,
        workspace=workspace,
        triggered_by=triggered_by,
        priority=priority,
        starts_at=starts_at,
    )


def checked(job: Job[In, Out], message: In) -> In:
    """Return the input once the job's own check has passed; BadInput."""
    if not isinstance(message, job.input):
        raise TypeError(f"{job.name} takes {job.input.__name__}, not {type(message).__name__}")
    if job.check is not None:
        try:
            job.check(message)
        except InputFault as fault:
            raise BadInput(str(fault)) from fault
    return message


def later_start(at: datetime | None, delay: timedelta | None, *, now: datetime) -> datetime | None:
    """Return when a task begins, if that is later than now; BadInput."""
    if at is not None and delay is not None:
        raise BadInput("at and delay: a task starts at a time or after a delay, not both")
    if at is not None and at.tzinfo is None:
        raise BadInput(f"at: {at} is not accepted: a time without a zone")
    try:
        starts_at = at if delay is None else now + delay
    except OverflowError:
        raise BadInput(f"delay: {delay} is not accepted: that is after the last year there is") from None
    return starts_at if starts_at is not None and starts_at > now else None
