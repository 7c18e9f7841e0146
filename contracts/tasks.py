"""The task ledger's messages: what a task is, and how a workflow reports on it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator

from mainspring.contracts.message import Message
from mainspring.contracts.text import ErrorText, NameText, StackText
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE

# A JSON object as it crosses the wire: the input or the result of some job.
JsonObject = dict[str, Any]


class TaskState(StrEnum):
    """Where a task is. The last three are final: no later write leaves them."""

    QUEUED = "QUEUED"
    """Accepted by the client; Temporal may not know it yet. Next: RUNNING, CANCELLED or FAILED."""
    RUNNING = "RUNNING"
    """Set by the workflow when it starts or goes on. Next: any but QUEUED."""
    WAITING = "WAITING"
    """Set by the workflow, or for a snoozed task of a batched queue, when the task waits for a quota or for
    another task; `waiting_for` says for which. Next: RUNNING, CANCELLED."""
    SUCCESS = "SUCCESS"
    """Set by the workflow with its result. Final."""
    FAILED = "FAILED"
    """Set by the workflow with its error, by the sweep for one that Temporal ended, or by the relay for one
    that Temporal refuses. Final."""
    CANCELLED = "CANCELLED"
    """Set by the workflow when it was cancelled, or by the client before it started. Final."""

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after this state."""
        return self in FINAL_STATES


ACTIVE_STATES = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.WAITING})
FINAL_STATES = frozenset(TaskState) - ACTIVE_STATES


class TaskError(Message):
    """One failure on the way, as pages show it: readable and short. `attempt` counts from 1."""

    at: datetime
    step: NameText
    error_type: NameText
    message: ErrorText
    stack: StackText = ""
    attempt: int = 1


class TaskHead(Message):
    """What is said of a task wherever it is named: nothing of its input, its result and its errors' texts.

    Times are aware and UTC; `progress` is a percentage.
    """

    id: UUID
    job: str
    state: TaskState
    workspace: str
    fairness_key: str | None
    progress: int
    processed: int
    total: int | None
    current_step: str | None
    waiting_for: str | None
    resumes_at: datetime | None
    priority: int
    triggered_by: str
    parent_id: UUID | None
    retry_of: UUID | None
    starts_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    cancel_requested_at: datetime | None
    error_type: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Task(TaskHead):
    """One row of the ledger. `deaths` is how many workers in a row have died while they ran the task."""

    workflow_id: str
    run_id: str | None
    input: JsonObject
    result: JsonObject | None
    retried_by: UUID | None
    is_pooled: bool
    deaths: int = 0
    error_message: str | None
    fingerprint: str | None
    dismissed_at: datetime | None
    errors: tuple[TaskError, ...] = ()


class TaskSummary(TaskHead):
    """What a list of events says of a task."""

    updated_at: datetime


class TaskFilter(Message):
    """Which tasks are listed: those for which everything that is given here holds.

    `without` names jobs whose tasks are left out. `top` leaves out the tasks that are steps of other tasks;
    `parent_id` leaves out all but the steps of this one. `created_until` is a time that is left out itself.
    """

    job: str | None = None
    states: frozenset[TaskState] = frozenset()
    without: frozenset[str] = frozenset()
    fairness_key: str | None = None
    top: bool = False
    parent_id: UUID | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    asked_to_cancel: bool | None = None


class NewTask(Message):
    """A task about to be accepted. While one with the same `dedupe_key` is active, no second is made.

    `job_key` names what the task is about for ever. With `quiet` it starts once no other start of its key
    came for so long, with the input of the last one; with `at_most_every` the last task of its key is taken
    instead of it while that is younger; a task that is a retry does neither to another. One that `is_pooled`
    has no workflow of its own. A flow that retries another one runs `rerun_from` and what depends on it
    again, cached or not.
    """

    id: UUID
    job: str
    workflow_id: str
    job_key: str | None = None
    dedupe_key: str | None
    input: JsonObject
    workspace: str = DEFAULT_WORKSPACE
    fairness_key: str | None = None
    priority: int = Field(default=3, ge=1, le=5)
    triggered_by: str = "client"
    parent_id: UUID | None = None
    retry_of: UUID | None = None
    rerun_from: str | None = None
    starts_at: datetime | None = None
    quiet: timedelta | None = None
    at_most_every: timedelta | None = None
    is_pooled: bool = False


class Enqueued(Message):
    """What became of a start: the task, whether it was there already, and when a new one is to start."""

    task_id: UUID
    workflow_id: str
    deduplicated: bool
    starts_at: datetime | None = None


class InTurns(Message):
    """A message of a task that takes the turns of a fairness key, which is called `workspace` on the wire."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    # Histories and messages under way are of a time when the key had this name.
    fairness_key: str | None = Field(default=None, alias="workspace")


class ChildTask(InTurns):
    """What a task that is a step of another one knows of it. `retry_of` is the step's earlier task."""

    parent_id: UUID
    step: str
    input_hash: str
    priority: int
    retry_of: UUID | None


class StartKey(Message):
    """The key that a schedule's run takes, and what the job does with repeated starts of the key."""

    key: str
    quiet: timedelta | None = None
    at_most_every: timedelta | None = None


class BeginTask(InTurns):
    """A workflow starts. `task_id` is absent for a raw start, which takes `fallback_id`.

    A raw start by a schedule takes `key` as any other start of the job does.
    """

    task_id: UUID | None
    fallback_id: UUID
    job: str
    workflow_id: str
    run_id: str
    input: JsonObject
    triggered_by: str
    child: ChildTask | None = None
    key: StartKey | None = None


class TaskBegun(Message):
    """The row that a workflow reports to; `already_final` when it was cancelled before its start.

    With `cancelling` Temporal was asked to cancel the workflow too.

    With `starts_in` it has not begun: it is to ask again after so long. `input` is there when it is no
    longer what the workflow was started with. With `held_by` there is no row: that task does the work.
    """

    task_id: UUID
    already_final: bool
    starts_in: timedelta | None = None
    input: JsonObject | None = None
    held_by: UUID | None = None
    cancelling: bool = False


class RunSkipped(Message):
    """What a schedule's run gives back that did nothing: another task holds the key, and does the work."""

    held_by: UUID


class TaskId(Message):
    """One task."""

    task_id: UUID


class MarkWaiting(Message):
    """A task waits for something until a known time."""

    task_id: UUID
    waiting_for: str
    resumes_at: datetime


class FinishTask(Message):
    """A task reaches its final state."""

    task_id: UUID
    state: TaskState
    result: JsonObject | None = None
    error: TaskError | None = None
    child: ChildTask | None = None


class TaskEnded(Message):
    """How a task had ended already when its end was to be written. The last two are of one that FAILED."""

    state: TaskState
    result: JsonObject | None = None
    error_type: str | None = None
    error_message: str | None = None


class RelayTasks(Message):
    """Start what was accepted, and cancel what was to be, while Temporal was away."""


class TasksRelayed(Message):
    """How many tasks Temporal was told of, could not be told of (yet), was told to cancel, and refused.

    Those refused have FAILED.
    """

    started: int
    failed: int
    cancelled: int = 0
    refused: int = 0


class ReconcileTasks(Message):
    """End the rows whose workflow is over without having said so.

    Workflows that failed before they could write a row are looked for among those closed after `since`.
    """

    since: datetime | None = None


class TasksReconciled(Message):
    """How many active rows were compared and ended, and how many rows were made; all until then.

    `failed` counts those that could not be dealt with: the log says why, the next sweep tries again.
    """

    checked: int
    ended: int
    created: int
    until: datetime
    failed: int = 0


class EnqueueTasks(Message):
    """Tasks to accept and start; those whose key is held are left out."""

    tasks: tuple[NewTask, ...]

    @field_validator("tasks", mode="before")
    @classmethod
    def _name_fairness_keys(cls, tasks: Any) -> Any:
        """Take messages of before, in which `workspace` was the name of the fairness key."""
        return [_named_anew(task) if isinstance(task, dict) else task for task in tasks]


class TasksEnqueued(Message):
    """How many were accepted, and how many were active already."""

    started: int
    already_active: int


def _named_anew(task: JsonObject) -> JsonObject:
    if "fairness_key" in task:
        return task
    kept = {name: value for name, value in task.items() if name != "workspace"}
    return kept | {"fairness_key": task.get("workspace")}
