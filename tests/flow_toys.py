"""A toy job whose input is its graph of steps, with a worker of its own that sees what is worked."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    # The test's own process: it has to see what the activities were given.
    from mainspring.activities.flows import FlowActivities
    from mainspring.activities.runtime.interceptor import ActivityCare
    from mainspring.activities.runtime.queue import QueueSizes
    from mainspring.activities.tasks import TaskActivities
    from mainspring.client.jobs import Jobs
    from mainspring.domain.sizes import TooMuch
    from mainspring.gateways.temporal import TemporalGateway
    from mainspring.testing.service import PATIENCE
    from mainspring.workflows.runtime.sandbox import workflow_runner
    from tests.service import Service

from mainspring.contracts.flows import FlowResult, StepInput
from mainspring.contracts.message import Message
from mainspring.workflows.runtime.flow import Flow, JobStep, Results, Step, run_flow
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.options import STEP
from mainspring.workflows.runtime.tracking import carried, continue_with, tracked

QUEUE = "flows"


class GraphStep(Message):
    """A step of the toy's graph: what it is given, and what it needs; one may have a bug."""

    name: str
    needs: tuple[str, ...] = ()
    value: str = ""
    weight: int = 1
    forgets_needs: bool = False
    seconds: int = 7_200
    # On a busy machine a heartbeat comes seconds late; a test that waits for its absence says less.
    heartbeat_seconds: int = 10
    is_job: bool = False
    padding: int = 0
    error_size: int = 0


class RunGraph(Message):
    """Run these steps."""

    steps: tuple[GraphStep, ...]


class Work(StepInput):
    """A step's own value, and what the steps before it made."""

    value: str
    made: tuple[str, ...]
    padding: int = 0
    error_size: int = 0


class Worked(Message):
    """A value that tells all that it was made of, and so many bytes more."""

    value: str
    padding: str = ""


class Refusal(Exception):
    """The step does not want to."""


class Transcoder:
    """Works steps, and writes down which began and ended. Those in `broken` fail; `gates` hold some up."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.broken: set[str] = set()
        self.fragile: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}

    @activity.defn(name="toys.work")
    async def work(self, given: Work) -> Worked:
        """Make a value of what is given."""
        self.began.append(given.step)
        if given.step in self.gates:
            await self.gates[given.step].wait()
        if given.step in self.broken:
            raise ApplicationError(f"{given.step} is broken", type="Broken", non_retryable=True)
        if given.error_size:
            raise TooMuch("no" * (given.error_size // 2))  # which no second attempt helps
        if given.step in self.fragile:
            raise Refusal(f"{given.step} does not want to")
        self.ended.append(given.step)
        value = hashlib.sha256(repr((given.value, given.made)).encode()).hexdigest()[:8]
        return Worked(value=value, padding="x" * given.padding)

    @property
    def times(self) -> Counter[str]:
        """How often each step was begun."""
        return Counter(self.began)


class Count(Message):
    """Count to two, in two runs."""


class Counted(Message):
    """How far it was counted."""

    count: int


@workflow.defn(name="count")
class CountWorkflow:
    """Continues as new, as long work does."""

    @workflow.run
    @tracked
    async def run(self, request: Count) -> Counted:
        """Count once, and go on."""
        counted = carried(Counted)
        if counted is None:
            continue_with(request, Counted(count=1))
        return Counted(count=counted.count + 1)


COUNT: Job[Count, Counted] = Job(
    name="count", run=CountWorkflow.run, input=Count, result=Counted, summary="A toy."
)


def graph_step(step: GraphStep) -> Step | JobStep:
    """Return the step of the flow."""
    if step.is_job:
        return JobStep(step.name, COUNT, input=lambda _request, _results: Count(), needs=step.needs)

    def given(_request: RunGraph, results: Results) -> Work:
        if step.forgets_needs:
            raise KeyError(step.name)
        made = tuple(results[need].value + results[need].padding for need in step.needs)
        return Work(value=step.value, made=made, padding=step.padding, error_size=step.error_size)

    options = STEP | {
        "start_to_close_timeout": timedelta(seconds=step.seconds),
        "heartbeat_timeout": timedelta(seconds=step.heartbeat_seconds),
    }
    return Step(step.name, Transcoder.work, given, needs=step.needs, weight=step.weight, options=options)


@workflow.defn(name="run-graph")
class RunGraphWorkflow:
    """Runs its input."""

    @workflow.run
    @tracked
    async def run(self, request: RunGraph) -> FlowResult:
        """Run the steps."""
        return await run_flow(Flow(tuple(graph_step(step) for step in request.steps)), request)


RUN_GRAPH: Job[RunGraph, FlowResult] = Job(
    name="run-graph", run=RunGraphWorkflow.run, input=RunGraph, result=FlowResult, summary="A toy."
)


def chain(*names: str, **values: str) -> RunGraph:
    """Return steps of which each needs the one before it; `values` are what they are given."""
    needs = [(), *((name,) for name in names)]
    return RunGraph(
        steps=tuple(
            GraphStep(name=name, needs=need, value=values.get(name, ""))
            for name, need in zip(names, needs, strict=False)
        )
    )


class Flows:
    """The toy's side of a service: a queue of its own, and what was worked."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.shop = Transcoder()
        self.temporal = TemporalGateway(service.temporal_client, QUEUE, patience=PATIENCE)
        self.jobs = Jobs(service.database, self.temporal, service.clock, job_named=toy_named)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run a worker until the block ends."""
        database, clock = self.service.database, self.service.clock
        ledger, flows = (
            TaskActivities(database, self.temporal, clock, QueueSizes({})),
            FlowActivities(database, clock),
        )
        async with Worker(
            self.service.temporal_client,
            task_queue=QUEUE,
            workflows=[RunGraphWorkflow, CountWorkflow],
            activities=[
                ledger.begin,
                ledger.finish,
                flows.open,
                flows.recall,
                flows.settle,
                flows.close,
                self.shop.work,
            ],
            interceptors=[ActivityCare(database, clock)],
            workflow_runner=workflow_runner(),
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
            graceful_shutdown_timeout=timedelta(),
            # A cancellation is heard of at a heartbeat.
            max_heartbeat_throttle_interval=timedelta(seconds=1),
        ):
            yield

    async def run(self, request: RunGraph) -> UUID:
        """Run a graph to its end, and return its task."""
        started = await self.jobs.start(RUN_GRAPH, request)
        await self.service.wait(started.id)
        return started.id

    async def retry(
        self, task_id: UUID, *, from_step: str | None = None, given: RunGraph | None = None
    ) -> UUID:
        """Retry a task to its end, and return the new one; what was worked before is forgotten."""
        self.shop.began.clear()
        started = await self.jobs.retry(task_id, from_step=from_step, message=given)
        await self.service.wait(started.id)
        return started.id

    async def until_began(self, step: str) -> None:
        """Wait until a step is being worked."""
        async with asyncio.timeout(20):
            while step not in self.shop.began:  # noqa: ASYNC110  # the workshop knows no event of this
                await asyncio.sleep(0.01)


def toy_named(name: str) -> AnyJob:
    """Return the toy."""
    assert name == RUN_GRAPH.name
    return RUN_GRAPH
