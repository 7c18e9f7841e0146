"""Running a graph of steps: `Flow`, `Step` and `JobStep` declare it, `run_flow` works it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.cached_steps import SENT, open_flow
from mainspring.workflows.runtime.steps import AnyStep, JobStep, Results, Step, StepRun

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.flows import FlowActivities

from mainspring.contracts.flows import CloseFlow, FailedStep, FlowResult, SettleSteps
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskError
from mainspring.contracts.text import readable
from mainspring.domain.flows import check_graph, dependants, ready_steps
from mainspring.domain.sizes import MOST_AT_ONCE, check_input, size_of
from mainspring.workflows.runtime.failures import FlowCancelled, FlowFailed, task_error
from mainspring.workflows.runtime.tracking import task_id

__all__ = ["Flow", "JobStep", "Results", "Step", "run_flow"]


@dataclass(frozen=True)
class Flow:
    """A graph of steps; GraphFault when it cannot run.

    In one that `passes_results`, steps are given what others gave back.

    Example:
        class Fetch(StepInput):
            url: str

        class Fetched(Message):
            path: str

        class Count(StepInput):
            path: str

        class LinesActivities:
            @activity.defn(name="lines.fetch")
            async def fetch(self, request: Fetch) -> Fetched: ...

            @activity.defn(name="lines.count")
            async def count(self, request: Count) -> None: ...

        LINES = Flow(
            steps=(
                Step("fetch", LinesActivities.fetch, input=lambda request, _results: Fetch(url=request.url)),
                Step(
                    "count",
                    LinesActivities.count,
                    needs=("fetch",),
                    input=lambda _request, results: Count(path=results["fetch"].path),
                ),
            )
        )
    """

    steps: Sequence[AnyStep]
    passes_results: bool = True

    def __post_init__(self) -> None:
        check_graph([(step.name, step.needs) for step in self.steps])


async def run_flow(flow: Flow, request: Message) -> FlowResult:
    """Run the steps of a flow, in parallel where they can be, inside a `@tracked` workflow.

    Completed steps of the tasks that this one retries are taken over where their input is the same.
    Raises FlowFailed when a step failed, once all that can still be done is done. A cancelled flow cancels
    its running steps and waits for them. In any case the ledger has the whole result; the one here is
    without the steps.
    """
    return await _FlowRun(flow, request).work()


class _FlowRun:
    """One run of a flow. A step is taken when it is running, ended or skipped."""

    def __init__(self, flow: Flow, request: Message) -> None:
        self._flow = flow
        self._request = request
        self._steps = {step.name: step for step in flow.steps}
        self._needs = {step.name: step.needs for step in flow.steps}
        self._taken: set[str] = set()
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._results: dict[str, Any] = {}
        self._errors: list[TaskError] = []
        self._unsent = 0

    async def work(self) -> FlowResult:
        try:
            self._earlier = await open_flow(self._flow.steps, passes_results=self._flow.passes_results)
            await self._advance()
            while self._running:
                await workflow.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
                await self._advance()
        except BaseException as error:
            if not is_cancelled_exception(error):
                raise
            # Whoever cancels again while this is under way must not cut it short.
            raise FlowCancelled(await asyncio.shield(asyncio.create_task(self._stop()))) from error
        result = await self._close()
        if self._errors:
            raise FlowFailed(result, self._errors[0])
        return result

    async def _advance(self) -> None:
        """Take in what has ended, and start or take over what is ready because of it."""
        errors = self._take_in()
        adopted: dict[str, UUID] = {}
        while ready := list(ready_steps(self._needs, self._results, self._taken)):
            for name in ready:
                self._taken.add(name)
                try:
                    adopted |= self._take_over_or_start(self._steps[name])
                except Exception as error:  # noqa: BLE001  # the flow's own code: its bug fails its step
                    errors.append(task_error(error, workflow.now(), name))
                await self._send_if_much()
        self._errors += errors
        failed = tuple(FailedStep(name=error.step, error=readable(error.message)) for error in errors)
        skipped = dependants(self._needs, [step.name for step in failed]) - self._taken
        self._taken |= skipped
        if adopted or failed:
            message = SettleSteps(
                task_id=task_id(), adopted=adopted, failed=failed, skipped=tuple(sorted(skipped))
            )
            await workflow.execute_local_activity_method(FlowActivities.settle, message, **options.LEDGER)

    def _take_in(self) -> list[TaskError]:
        errors = []
        for name, running in list(self._running.items()):
            if running.done():
                del self._running[name]
                try:
                    self._results[name] = running.result()
                except Exception as error:  # noqa: BLE001  # whatever it is, it is this step's end
                    errors.append(task_error(error, workflow.now(), name))
        return errors

    def _take_over_or_start(self, step: AnyStep) -> dict[str, UUID]:
        """Return the task that a step is taken over from; none when it was started."""
        message: Any = step.input(self._request, self._results)
        wanted = step.hash_of(message)
        source = self._earlier.source_of(step, wanted)
        if source is not None:
            self._results[step.name] = self._earlier.result_of(step)
            return {step.name: source}
        size = size_of(message)
        check_input(step.name, size)
        self._unsent += size
        run = StepRun(task_id(), wanted, self._earlier.child_of(step.name))
        self._running[step.name] = asyncio.create_task(step.run(message, run))
        return {}

    async def _send_if_much(self) -> None:
        if self._unsent > MOST_AT_ONCE:
            self._unsent = 0
            await workflow.sleep(SENT)

    async def _stop(self) -> FlowResult:
        for running in self._running.values():
            running.cancel()
        if self._running:
            await workflow.wait(self._running.values())
        return await self._close()

    async def _close(self) -> FlowResult:
        return await workflow.execute_local_activity_method(
            FlowActivities.close, CloseFlow(task_id=task_id()), **options.LEDGER
        )
