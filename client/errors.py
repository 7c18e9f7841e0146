"""The errors of the client.

ClientError
├── TaskUnknown        no task of that id
├── AmbiguousTask      several tasks whose ids begin so
├── TaskNotRetryable   neither failed nor cancelled
├── EntryUnknown       no product, user or wish of that id
├── KeyHeld            a retry that is no other task's work has to wait for that one
├── GroupUnknown       not one group of failures whose name begins so
├── TaskNotEnded       there is no result yet, for the task goes on
├── TaskEndedAlready   there is nothing to cancel
├── TaskFailed         there is no result, for the task failed
├── TaskCancelled      there is no result, for the task was cancelled
├── JobIsInternal      housekeeping is run by its schedule
├── NothingHere        no database where the settings say
├── OtherLedger        Temporal is worked for another ledger
├── ServiceAway        over HTTP: nobody answers, or not now
├── KeyRefused         over HTTP: the key does not open this
└── BadInput           a value that is not accepted, with its path
"""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from mainspring.client.field_faults import FieldFault, field_faults
from mainspring.contracts.tasks import Task


class ClientError(Exception):
    """What was asked cannot be done."""


class TaskUnknown(ClientError):
    """No task has this id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"no task has an id that is or begins with {reference!r}")
        self.reference = reference


class AmbiguousTask(ClientError):
    """Several tasks have ids that begin so."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"several tasks have ids that begin with {reference!r}: give more of it")
        self.reference = reference


class TaskNotRetryable(ClientError):
    """Only a failed or cancelled task can be retried."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} is {task.state}: only a FAILED or CANCELLED one can be retried")
        self.task = task


class EntryUnknown(ClientError):
    """What the platform has told of, a product, a user or a wish, is not there."""

    def __init__(self, what: str, reference: str) -> None:
        super().__init__(f"there is no {what} {reference!r}")
        self.reference = reference


class KeyHeld(ClientError):
    """Another task of the same key is active, and does not do what this retry asks for."""

    def __init__(self, task_id: UUID, holder: UUID) -> None:
        super().__init__(
            f"task {task_id} is not retried with what was changed: task {holder} of the same key is active; "
            "cancel that one, or wait for its end"
        )
        self.task_id = task_id
        self.holder = holder


class GroupUnknown(ClientError):
    """Not one group of failures has a name, its fingerprint, that begins so."""

    def __init__(self, beginning: str, *, is_ambiguous: bool) -> None:
        count = "several groups of failures have names" if is_ambiguous else "no group of failures has a name"
        super().__init__(f"{count} that begin{'' if is_ambiguous else 's'} with {beginning!r}")
        self.beginning = beginning


class TaskNotEnded(ClientError):
    """The task goes on."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} ({task.job}) is {task.state}: it has no result yet")
        self.task = task


class TaskEndedAlready(ClientError):
    """A task that has succeeded or failed cannot be cancelled."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} ({task.job}) is {task.state} already: there is nothing to cancel")
        self.task = task


class TaskFailed(ClientError):
    """The task failed; its last error is the message."""

    def __init__(self, task: Task) -> None:
        last = task.errors[-1] if task.errors else None
        reason = f"{last.error_type}: {last.message}" if last else "no error was recorded"
        super().__init__(f"task {task.id} ({task.job}) failed: {reason}")
        self.task = task


class TaskCancelled(ClientError):
    """The task was cancelled."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} ({task.job}) was cancelled")
        self.task = task


class JobIsInternal(ClientError):
    """Housekeeping is started by its schedule."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is housekeeping: `mainspring schedules trigger {name}` runs it now")
        self.name = name


class NothingHere(ClientError):
    """There is no database where the settings say."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"there is no database at {file}: set MAINSPRING_STATE_DIR to the directory that `mainspring up` "
            "uses, or MAINSPRING_DATABASE_URL; `mainspring db upgrade` makes a new one"
        )
        self.file = file


class OtherLedger(ClientError):
    """The workers on the task queue work for another ledger: no task of this one would ever begin."""

    def __init__(self, own: UUID, theirs: UUID) -> None:
        super().__init__(
            f"this ledger is {own}, and the workers of this Temporal work for ledger {theirs}: set "
            "MAINSPRING_STATE_DIR or MAINSPRING_DATABASE_URL as the workers have them, or TEMPORAL_ADDRESS "
            "to this ledger's Temporal"
        )
        self.own, self.theirs = own, theirs


class ServiceAway(ClientError):
    """A service that is called over HTTP does not answer, or cannot do it now.

    `retry_after` is what the service asks to wait. What was called may be done all the same, unless the call
    may be made again: that was done in vain.
    """

    def __init__(self, detail: str, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class KeyRefused(ClientError):
    """A service that is called over HTTP does not know the key, or the key's role may not do this."""


class BadInput(ClientError):
    """A value is not accepted; the message names the field, the value and what is accepted."""

    @property
    def faults(self) -> list[FieldFault]:
        """Each field that the message names, with its value and what is accepted."""
        return field_faults(str(self))
