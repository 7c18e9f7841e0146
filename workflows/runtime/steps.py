"""The kinds of steps that a flow is declared with: an activity, or a job of the catalogue."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from uuid import UUID

from temporalio import workflow
from temporalio.workflow import ActivityConfig, ParentClosePolicy

from mainspring.contracts.flows import StepInput
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import ChildTask, JsonObject
from mainspring.domain.flows import child_task_id, input_hash
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.runtime.options import STEP
from mainspring.workflows.runtime.tracking import OF_RAW_START, is_of_raw_start

# What the steps so far gave back, by their names.
Results = Mapping[str, Any]


@dataclass(frozen=True)
class StepRun:
    """One step of one task. `earlier_child` is the step's task in the task that this one retries."""

    task_id: UUID
    input_hash: str
    earlier_child: UUID | None


@dataclass(frozen=True)
class Step:
    """A step that is an activity.

    `input` makes the activity's message from the flow's input and the results of the steps in `needs`. The
    flow calls `input` when these steps are complete. `input` must be deterministic.
    """

    name: str
    activity: Callable[..., Awaitable[Message | None]]
    input: Callable[[Any, Results], StepInput]
    needs: tuple[str, ...] = ()
    weight: int = 1
    options: ActivityConfig = field(default_factory=lambda: STEP)

    def hash_of(self, message: Message) -> str:
        """Return the hash of what the step is to do."""
        return input_hash(message.model_dump(mode="json", exclude=set(StepInput.model_fields)))

    async def run(self, message: Message, run: StepRun) -> Any:
        """Run the activity, which writes the step's row itself."""
        filled = message.model_copy(
            update={"task_id": run.task_id, "step": self.name, "input_hash": run.input_hash}
        )
        return await workflow.execute_activity_method(self.activity, filled, **self.options)

    def result_of(self, data: JsonObject) -> Any:
        """Return the result that was stored as `data`; ValidationError when it is of another shape."""
        kind = get_type_hints(self.activity)["return"]
        return kind.restore(data) if isinstance(kind, type) and issubclass(kind, Message) else None


@dataclass(frozen=True)
class JobStep:
    """A step that is a job: a child workflow with a task of its own, whose parent is the flow's task.

    The result of a job that is a flow is without its steps.

    Example:
        class RefreshShelf(Message):
            account_id: UUID

        SHELF = Flow(
            steps=(
                JobStep(
                    "prices",
                    UPDATE_INVENTORY_PRICES,
                    input=lambda request, _results: UpdateInventoryPrices(account_id=request.account_id),
                ),
            )
        )
    """

    name: str
    job: AnyJob
    input: Callable[[Any, Results], Message]
    needs: tuple[str, ...] = ()
    weight: int = 1

    def hash_of(self, message: Message) -> str:
        """Return the hash of what the step is to do."""
        return input_hash({"job": self.job.name, "input": message.model_dump(mode="json")})

    async def run(self, message: Message, run: StepRun) -> Any:
        """Run the job, which writes the step's row with its own."""
        fairness_key = None if self.job.fairness_key is None else self.job.fairness_key(message)
        return await run_child(self.name, self.job.name, message, fairness_key, run, self.job.result)

    def result_of(self, data: JsonObject) -> Any:
        """Return the job's result that was stored in `data`; ValidationError when it is of another shape."""
        return self.job.result.restore(data.get("result"))


@dataclass(frozen=True)
class PlannedJobStep:
    """A step that is a job by its name, with its input as it was checked; its result is for no other step."""

    name: str
    job: str
    job_input: JsonObject
    input_hash: str
    fairness_key: str | None
    needs: tuple[str, ...]
    weight: int

    def input(self, _request: Any, _results: Results) -> JsonObject:
        """Return the job's input."""
        return self.job_input

    def hash_of(self, _message: JsonObject) -> str:
        """Return the hash of what the step is to do."""
        return self.input_hash

    async def run(self, message: JsonObject, run: StepRun) -> Any:
        """Run the job, which writes the step's row with its own."""
        return await run_child(self.name, self.job, message, self.fairness_key, run, None)

    def result_of(self, data: JsonObject) -> Any:
        """Return the job's result that was stored in `data`."""
        return data["result"]


async def run_child(
    step: str,
    job: str,
    message: Message | JsonObject,
    fairness_key: str | None,
    run: StepRun,
    result_type: type[Message] | None,
) -> Any:
    """Run a job as a step of a flow's task, and return its result."""
    child_id = child_task_id(run.task_id, step)
    child = ChildTask(
        parent_id=run.task_id,
        step=step,
        input_hash=run.input_hash,
        fairness_key=fairness_key,
        priority=workflow.info().priority.priority_key or 3,
        retry_of=run.earlier_child,
    )
    of_raw_start = {OF_RAW_START: True} if is_of_raw_start() else {}
    return await workflow.execute_child_workflow(
        job,
        message,
        id=f"{job}/{child_id}",
        memo={"task_id": str(child_id), "child": child, **of_raw_start},
        result_type=result_type,
        parent_close_policy=ParentClosePolicy.REQUEST_CANCEL,
    )


AnyStep = Step | JobStep | PlannedJobStep
