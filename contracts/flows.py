"""Flows: tasks that are graphs of steps, with what the platform's pages show of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from mainspring.contracts.message import Message
from mainspring.contracts.tasks import InTurns, JsonObject

# So that the weights of all steps together stay within an integer column.
MOST_WEIGHT = 1_000_000


# In all, with the steps of the flows in a flow.
MOST_STEPS = 500


class StepStatus(StrEnum):
    """Where a step is. The last three are final within one task."""

    PENDING = "pending"
    """Set when the flow begins. Next: running, skipped, or completed when its work is there already."""
    RUNNING = "running"
    """Set by the step's activity at each attempt. Next: completed or failed."""
    COMPLETED = "completed"
    """Set by the step's activity with its data, or when an earlier task's result is taken over."""
    FAILED = "failed"
    """Set when no attempt is left."""
    SKIPPED = "skipped"
    """Set when a step that it needs failed or was skipped."""


class StepResult(Message):
    """One step as it stands. `data` is what it gave back, `error` why it failed; attempts count from 1."""

    step: str
    status: StepStatus = StepStatus.PENDING
    weight: int = 1
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    attempts: int = 0
    data: JsonObject | None = None


class FlowResult(Message):
    """All steps of a flow and their sums: the result of a task that is a flow, also of a failed one.

    The ledger has it whole. What the workflow itself gives back is without the steps, for Temporal refuses
    messages above 2 MB.
    """

    steps: dict[str, StepResult]
    completed_steps: tuple[str, ...]
    failed_steps: tuple[str, ...]
    skipped_steps: tuple[str, ...]
    current_step: str | None
    total_steps: int
    completed_count: int
    failed_count: int
    started_at: datetime | None
    completed_at: datetime | None


class StepInput(Message):
    """What every step's activity is given; a step's own message adds its fields.

    The flow fills in the fields here. They are not part of the input's hash: they say whose step it is,
    not what it does.
    """

    task_id: UUID = UUID(int=0)
    step: str = ""
    input_hash: str = ""


class OpenedStep(Message):
    """A step of a flow that begins."""

    name: str
    needs: tuple[str, ...] = ()
    weight: int = Field(default=1, ge=1)


class OpenFlow(Message):
    """A flow begins with these steps, in the order of their declaration."""

    task_id: UUID
    steps: tuple[OpenedStep, ...]


class PreviousStep(Message):
    """A step as an earlier task of the same chain of retries left it."""

    name: str
    status: StepStatus
    input_hash: str | None


class PreviousRun(Message):
    """A task of a chain of retries: from which step it forced everything to run, and what it has done.

    `children` are the tasks that have begun as steps of it.
    """

    task_id: UUID
    rerun_from: str | None
    steps: tuple[PreviousStep, ...]
    children: frozenset[UUID] = frozenset()


class CachedStep(Message):
    """A step that an earlier task has completed. What it gave back is with that task's row of the step."""

    task_id: UUID
    input_hash: str


class FlowOpened(Message):
    """What earlier tasks have done that need not be done again, if its input is unchanged.

    `children` are the latest tasks of the steps that are jobs, whatever became of them.
    """

    cached: dict[str, CachedStep]
    children: dict[str, UUID]


class RecallSteps(Message):
    """Return what steps gave back, by their names; each with the task that has completed it."""

    steps: dict[str, UUID]


class StepsRecalled(Message):
    """What the first of these steps gave back: as many as one message carries."""

    data: dict[str, JsonObject]


class FailedStep(Message):
    """A step that no attempt is left of."""

    name: str
    error: str


class SettleSteps(Message):
    """Steps that ended without an activity of their own to say so.

    `adopted` are taken over from the tasks that have completed them.
    """

    task_id: UUID
    adopted: dict[str, UUID] = Field(default_factory=dict)
    failed: tuple[FailedStep, ...] = ()
    skipped: tuple[str, ...] = ()


class CloseFlow(Message):
    """A flow ends: what still runs was cancelled, what is still pending is skipped."""

    task_id: UUID


class AdHocStep(Message):
    """A job of the catalogue as a step of `run-flow`. `input` is the job's own input."""

    name: str = Field(min_length=1, max_length=200)
    job: str
    input: JsonObject = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    weight: int = Field(default=1, ge=1, le=MOST_WEIGHT)


class RunFlow(Message):
    """Run these jobs, each once those that it needs have succeeded.

    `workspace` is the fairness key of the flow, and of the jobs in it that have none of their own.
    """

    steps: tuple[AdHocStep, ...] = Field(min_length=1, max_length=MOST_STEPS)
    workspace: str | None = Field(default=None, min_length=1, max_length=200)


class PlannedStep(InTurns):
    """What a job of the catalogue says of its input."""

    input_hash: str


class AdHocFault(Message):
    """Why a composed flow cannot run, with the path from its input to the fault."""

    path: tuple[int | str, ...]
    message: str


class AdHocPlan(Message):
    """What was found when a composed flow was checked: its steps in their order, or why it cannot run."""

    steps: tuple[PlannedStep, ...] = ()
    fault: AdHocFault | None = None
