"""What errors are called outside of the process, what goes with them, and how they are made again there."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from mainspring.client.cancelling import CountDiffers
from mainspring.client.errors import (
    AmbiguousTask,
    BadInput,
    EntryUnknown,
    GroupUnknown,
    JobIsInternal,
    KeyHeld,
    OtherLedger,
    TaskCancelled,
    TaskEndedAlready,
    TaskFailed,
    TaskNotEnded,
    TaskNotRetryable,
    TaskUnknown,
)
from mainspring.client.failure_choice import NothingChosen
from mainspring.client.gifting.errors import ProfileExists, ProfileInProcess, ProfileMissing
from mainspring.client.idempotency import IdempotencyKeyReused
from mainspring.client.schedules.errors import ScheduleSwitchedOff, ScheduleUnknown
from mainspring.client.starts import TooManyTasks
from mainspring.config.connect import TemporalUnreachable
from mainspring.contracts.tasks import Task
from mainspring.storage.errors import (
    AccountExists,
    AccountUnknown,
    AlreadyRetried,
    ApiKeyUnknown,
    DatabaseAway,
    EffectUnknown,
    SubscriptionUnknown,
)
from mainspring.workflows.runtime.catalogue import UnknownJob

WORD = re.compile("(?<!^)(?=[A-Z])")


def _code(kind: type[Exception]) -> str:
    return WORD.sub("-", kind.__name__).lower()


# By the name of the class: "task-unknown".
BY_CODE = {
    _code(kind): kind
    for kind in (
        AccountExists,
        AccountUnknown,
        AlreadyRetried,
        AmbiguousTask,
        ApiKeyUnknown,
        BadInput,
        CountDiffers,
        DatabaseAway,
        EffectUnknown,
        EntryUnknown,
        GroupUnknown,
        IdempotencyKeyReused,
        JobIsInternal,
        KeyHeld,
        NothingChosen,
        OtherLedger,
        ProfileExists,
        ProfileInProcess,
        ProfileMissing,
        ScheduleSwitchedOff,
        ScheduleUnknown,
        SubscriptionUnknown,
        TaskCancelled,
        TaskEndedAlready,
        TaskFailed,
        TaskNotEnded,
        TaskNotRetryable,
        TaskUnknown,
        TemporalUnreachable,
        TooManyTasks,
        UnknownJob,
    )
}

# The attributes of these errors that are ids; that of a task stands for the task.
IDS = {"holder", "own", "retried_by", "task", "task_id", "theirs"}


def code_of(error: Exception) -> str | None:
    """Return what an error is called; None for one that is not made again elsewhere."""
    code = _code(type(error))
    return code if BY_CODE.get(code) is type(error) else None


def facts_of(error: Exception) -> dict[str, Any]:
    """Return the attributes of an error as JSON has them; of a task its id."""
    facts: dict[str, Any] = {}
    for name, value in vars(error).items():
        if isinstance(value, Task):
            facts[name] = str(value.id)
        elif isinstance(value, UUID):
            facts[name] = str(value)
        elif value is None or isinstance(value, bool | int | str):
            facts[name] = value
    return facts


def restored(code: str | None, message: str, facts: Mapping[str, Any]) -> Exception | None:
    """Return the error that was called so, with its words and attributes; None when there is none.

    An attribute that was a task is its id: who has asked looks the task up.
    """
    kind = BY_CODE.get(code or "")
    if kind is None:
        return None
    error = kind.__new__(kind, message)  # its own words are there: it is not to find them again
    for name, value in facts.items():
        setattr(error, name, UUID(value) if name in IDS and value is not None else value)
    return error
