"""Which status and kind of problem an error of the service is."""

from http import HTTPStatus

from temporalio.service import RPCError

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
from mainspring.client.schedules import ScheduleSwitchedOff, ScheduleUnknown
from mainspring.client.starts import TooManyTasks
from mainspring.config.connect import TemporalUnreachable
from mainspring.gateways.errors import TransientError
from mainspring.gateways.temporal.calls import NOT_CONNECTED
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

NOT_FOUND = (
    AccountUnknown,
    ApiKeyUnknown,
    EffectUnknown,
    EntryUnknown,
    GroupUnknown,
    JobIsInternal,
    ProfileMissing,
    ScheduleUnknown,
    SubscriptionUnknown,
    TaskUnknown,
    UnknownJob,
)
CONFLICT = (
    AccountExists,
    AlreadyRetried,
    CountDiffers,
    KeyHeld,
    OtherLedger,
    ProfileExists,
    ProfileInProcess,
    ScheduleSwitchedOff,
    TaskCancelled,
    TaskEndedAlready,
    TaskFailed,
    TaskNotEnded,
    TaskNotRetryable,
)
BAD_INPUT = (AmbiguousTask, BadInput, IdempotencyKeyReused, NothingChosen)
TOO_MANY = (TooManyTasks,)
AWAY = (DatabaseAway, TemporalUnreachable, TransientError, RPCError)

# Who is told to come back is told when, in seconds.
RETRY_AFTER_SECONDS = 5


def words_of(error: Exception) -> str:
    """Return what a caller is told of an error; how the SDK cannot connect is for the log alone."""
    return "Temporal does not answer" if isinstance(error, RuntimeError) else str(error)


def refusal(error: Exception) -> tuple[HTTPStatus, str, int] | None:
    """Return status, kind and seconds to wait (0: none); None for an error that nobody has foreseen."""
    if isinstance(error, NOT_FOUND):
        return HTTPStatus.NOT_FOUND, "not-found", 0
    if isinstance(error, CONFLICT):
        return HTTPStatus.CONFLICT, "conflict", 0
    if isinstance(error, BAD_INPUT):
        return HTTPStatus.UNPROCESSABLE_ENTITY, "bad-input", 0
    if isinstance(error, TOO_MANY):
        return HTTPStatus.TOO_MANY_REQUESTS, "too-many-tasks", RETRY_AFTER_SECONDS
    if isinstance(error, AWAY) or (isinstance(error, RuntimeError) and str(error).startswith(NOT_CONNECTED)):
        return HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", RETRY_AFTER_SECONDS
    return None
