"""`run-flow`: jobs of the catalogue as a graph that the caller makes up."""

from pydantic import ValidationError
from temporalio import workflow

from contracts.faults import InputFault
from contracts.flows import ComposedStep, FlowResult, RunFlow
from domain.flows import GraphFault, check_graph
from workflows.flow import Flow, JobStep, run_flow
from workflows.job import AnyJob, Job
from workflows.tracking import tracked


def composed_flow(request: RunFlow) -> Flow:
    """Return the flow that a request describes; InputFault, with the path, for what cannot run."""
    try:
        check_graph([(step.name, step.needs) for step in request.steps])
    except GraphFault as fault:
        raise InputFault(("steps", *fault.path), fault.message) from fault
    return Flow(steps=tuple(_job_step(number, step) for number, step in enumerate(request.steps)))


def _job_step(number: int, step: ComposedStep) -> JobStep:
    job = _job(number, step.job)
    try:
        message = job.input.model_validate(step.input)
    except ValidationError as error:
        raise InputFault.of(error, ("steps", number, "input")) from error
    if job.check is not None:
        try:
            job.check(message)
        except InputFault as fault:
            raise InputFault(("steps", number, "input", *fault.path), fault.message) from fault
    return JobStep(
        step.name, job, given=lambda _request, _results: message, needs=step.needs, weight=step.weight
    )


def _job(number: int, name: str) -> AnyJob:
    with workflow.unsafe.imports_passed_through():
        # The catalogue imports this module, so it can only be asked for when it is complete.
        from workflows.catalogue import UnknownJob, job_named  # noqa: PLC0415
    path = ("steps", number, "job")
    try:
        job = job_named(name)
    except UnknownJob as error:
        raise InputFault(path, str(error)) from error
    if job.is_internal:
        raise InputFault(path, f"{name!r} is housekeeping, which has no tasks")
    if job.pool is not None:
        raise InputFault(path, f"{name!r} is worked in pools, without a workflow of its own")
    return job


@workflow.defn(name="run-flow")
class RunFlowWorkflow:
    """Runs a composed flow."""

    @workflow.run
    @tracked
    async def run(self, request: RunFlow) -> FlowResult:
        """Check the graph, for a raw start has not been, and run it."""
        return await run_flow(composed_flow(request), request)


def _check(request: RunFlow) -> None:
    composed_flow(request)


RUN_FLOW = Job(
    name="run-flow",
    run=RunFlowWorkflow.run,
    input=RunFlow,
    result=FlowResult,
    check=_check,
    summary="Run jobs as a graph: each once those that it needs have succeeded.",
)
JOBS: tuple[AnyJob, ...] = (RUN_FLOW,)
