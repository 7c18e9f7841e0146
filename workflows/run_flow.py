"""`run-flow`: jobs of the catalogue as a graph that the caller makes up."""

from pydantic import ValidationError
from temporalio import workflow

from mainspring.contracts.flows import (
    AdHocFault,
    AdHocPlan,
    AdHocStep,
    FlowResult,
    PlannedStep,
    RunFlow,
)
from mainspring.contracts.message import InputFault
from mainspring.domain.flows import GraphFault, check_graph, check_size
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.flow import Flow, run_flow
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.steps import JobStep, PlannedJobStep
from mainspring.workflows.runtime.tracking import tracked, was_accepted

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.flows import FlowActivities

NAME = "run-flow"


def check_flow(request: RunFlow) -> None:
    """Raise InputFault, with the path, for a flow that cannot run."""
    plan = ad_hoc_plan(request)
    if plan.fault is not None:
        raise InputFault(plan.fault.path, plan.fault.message)


def ad_hoc_plan(request: RunFlow, *, is_checked: bool = False) -> AdHocPlan:
    """Return what the catalogue says of a flow: of each step, or why it cannot run.

    Unknown fields are left out of the inputs of a flow that was checked when its task was accepted: a newer
    release knows them.
    """
    try:
        check_size([{"job": step.job, "input": step.input} for step in request.steps], flow=NAME)
        check_graph([(step.name, step.needs) for step in request.steps])
        steps = tuple(
            _planned(number, step, request.workspace, is_checked=is_checked)
            for number, step in enumerate(request.steps)
        )
    except GraphFault as fault:
        return AdHocPlan(fault=AdHocFault(path=("steps", *fault.path), message=fault.message))
    except InputFault as fault:
        return AdHocPlan(fault=AdHocFault(path=fault.path, message=fault.message))
    return AdHocPlan(steps=steps)


def _planned(number: int, step: AdHocStep, fairness_key: str | None, *, is_checked: bool) -> PlannedStep:
    job = _job(number, step.job)
    try:
        message = job.input.restore(step.input) if is_checked else job.input.model_validate(step.input)
    except ValidationError as error:
        raise InputFault.of(error, ("steps", number, "input")) from error
    if job.check is not None:
        try:
            job.check(message)
        except InputFault as fault:
            raise InputFault(("steps", number, "input", *fault.path), fault.message) from fault
    own = None if job.fairness_key is None else job.fairness_key(message)
    input_hash = JobStep(step.name, job, input=lambda _request, _results: message).hash_of(message)
    return PlannedStep(fairness_key=own or fairness_key, input_hash=input_hash)


def _job(number: int, name: str) -> AnyJob:
    with workflow.unsafe.imports_passed_through():
        # The catalogue imports this module, so it can only be asked for when it is complete.
        from mainspring.workflows.runtime.catalogue import UnknownJob, job_named  # noqa: PLC0415
    path = ("steps", number, "job")
    try:
        job = job_named(name)
    except UnknownJob as error:
        raise InputFault(path, str(error)) from error
    if job.is_internal:
        raise InputFault(path, f"{name!r} is housekeeping, which has no tasks")
    if job.queue is not None:
        raise InputFault(path, f"{name!r} is worked in a batched queue, without a workflow of its own")
    return job


@workflow.defn(name=NAME)
class RunFlowWorkflow:
    """Runs a composed flow."""

    @workflow.run
    @tracked
    async def run(self, request: RunFlow) -> FlowResult:
        """Check the graph, for a raw start has not been, and run it."""
        return await run_flow(await _checked(request), request)


async def _checked(request: RunFlow) -> Flow:
    # What was found at the start is kept in the history: the catalogue of a later release may say otherwise,
    # which must not change what a flow that runs has done already.
    plan = await workflow.execute_local_activity_method(
        FlowActivities.keep_plan, ad_hoc_plan(request, is_checked=was_accepted()), **options.LEDGER
    )
    if plan.fault is not None:
        raise InputFault(plan.fault.path, plan.fault.message)
    steps = zip(request.steps, plan.steps, strict=True)
    return Flow(tuple(_job_step(step, planned) for step, planned in steps), passes_results=False)


def _job_step(step: AdHocStep, planned: PlannedStep) -> PlannedJobStep:
    return PlannedJobStep(
        name=step.name,
        job=step.job,
        job_input=step.input,
        input_hash=planned.input_hash,
        fairness_key=planned.fairness_key,
        needs=step.needs,
        weight=step.weight,
    )


RUN_FLOW = Job(
    name=NAME,
    run=RunFlowWorkflow.run,
    input=RunFlow,
    result=FlowResult,
    fairness_key=lambda request: request.workspace,
    check=check_flow,
    summary="Run jobs as a graph: each once those that it needs have succeeded.",
)

JOBS: tuple[AnyJob, ...] = (RUN_FLOW,)
