"""What earlier tasks of a chain of retries have done of a flow, and need not be done again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.steps import AnyStep

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.flows import FlowActivities

from mainspring.contracts.flows import CachedStep, FlowOpened, OpenedStep, OpenFlow, RecallSteps
from mainspring.contracts.tasks import JsonObject
from mainspring.workflows.runtime.tracking import task_id

# A timer ends the workflow task: what the workflow has to say is sent, and the next answer is empty again.
SENT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class CachedSteps:
    """The completed steps, and what those gave back that others are made of."""

    opened: FlowOpened
    needed: Collection[str]
    data: Mapping[str, JsonObject]

    def child_of(self, step: str) -> UUID | None:
        """Return the step's task in the tasks before, if it is a job and has begun there."""
        return self.opened.children.get(step)

    def source_of(self, step: AnyStep, input_hash: str) -> UUID | None:
        """Return the task whose result the step takes over; None when it has to run."""
        cached = self.opened.cached.get(step.name)
        if cached is None or cached.input_hash != input_hash or not self._is_usable(step):
            return None
        return cached.task_id

    def _is_usable(self, step: AnyStep) -> bool:
        try:
            self.result_of(step)
        except (ValidationError, KeyError):  # stored by another version of the step, or lost
            return False
        return True

    def result_of(self, step: AnyStep) -> Any:
        """Return what the step gave back then, where others are made of it."""
        return step.result_of(self.data[step.name]) if step.name in self.needed else None


async def open_flow(steps: Collection[AnyStep], *, passes_results: bool) -> CachedSteps:
    """Write a flow's pending steps, and return what was done of them before."""
    opened = await workflow.execute_local_activity_method(
        FlowActivities.open,
        OpenFlow(
            task_id=task_id(),
            steps=tuple(OpenedStep(name=step.name, needs=step.needs, weight=step.weight) for step in steps),
        ),
        **options.LEDGER,
    )
    needed = {need for step in steps for need in step.needs} if passes_results else set()
    wanted = {name: cached for name, cached in opened.cached.items() if name in needed}
    return CachedSteps(opened, needed, await _recall(wanted))


async def _recall(wanted: Mapping[str, CachedStep]) -> dict[str, JsonObject]:
    data: dict[str, JsonObject] = {}
    missing = {name: cached.task_id for name, cached in wanted.items()}
    while missing:
        recalled = await workflow.execute_local_activity_method(
            FlowActivities.recall, RecallSteps(steps=missing), **options.LEDGER
        )
        if not recalled.data:
            break
        data |= recalled.data
        missing = {name: source for name, source in missing.items() if name not in data}
        if missing:
            await workflow.sleep(SENT)
    return data
