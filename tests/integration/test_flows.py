"""Flows with a real engine, worker and database: what is run, what is not, and what is written of it."""

import asyncio
import random
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from mainspring.activities.reconcile import ReconcileActivities, RecordedJobs
from mainspring.contracts.flows import FlowResult, StepStatus
from mainspring.contracts.tasks import ReconcileTasks, TaskState
from mainspring.domain.flows import dependants
from mainspring.gateways.clock import SystemClock
from tests.flow_toys import RUN_GRAPH, Flows, GraphStep, RunGraph, chain
from tests.service import Service

# The workflow's own beginning and end, and the local activities that open and close it.
EVENTS_OF_A_FLOW = 12
EVENTS_OF_A_STEP = 7


@pytest.fixture
def flows(workerless: Service) -> Flows:
    """Give the toy without a worker."""
    return Flows(workerless)


async def events_of(flows: Flows, task_id: UUID) -> int:
    """Return how many history events a task has cost."""
    task = await flows.service.tasks.get(task_id)
    return await flows.temporal.history_length(task.workflow_id, task.run_id)


async def test_a_flow_runs_its_steps_in_order_and_keeps_each(flows: Flows) -> None:
    """A finished flow is at 100 with every step's times, attempts and data."""
    async with flows.worker():
        task = await flows.service.tasks.get(await flows.run(chain("a", "b", "c")))

    assert TaskState.SUCCESS is task.state, task
    result = FlowResult.model_validate(task.result)
    assert ("a", "b", "c") == result.completed_steps
    assert ["a", "b", "c"] == flows.shop.began
    assert (100, 3, 3) == (task.progress, task.processed, task.total)
    assert {1} == {step.attempts for step in result.steps.values()}
    assert all(step.completed_at and step.started_at and step.data for step in result.steps.values())


def random_graph(size: int, seed: int) -> RunGraph:
    """Return a graph of up to three needs a step, declared in any order."""
    chance = random.Random(seed)
    steps = [
        GraphStep(
            name=f"s{number}",
            needs=tuple(f"s{each}" for each in chance.sample(range(number), min(number, number % 4))),
            weight=chance.randint(1, 5),
        )
        for number in range(size)
    ]
    chance.shuffle(steps)
    return RunGraph(steps=tuple(steps))


async def check_graph_runs(flows: Flows, graph: RunGraph, broken: set[str]) -> int:
    """Run a graph some of whose steps fail; return the history events that it cost."""
    needs = {step.name: step.needs for step in graph.steps}
    skipped = dependants(needs, broken)
    completed = needs.keys() - broken - skipped
    flows.shop.began.clear()
    flows.shop.ended.clear()
    flows.shop.broken = broken

    task = await flows.service.tasks.get(await flows.run(graph))

    result = FlowResult.model_validate(task.result)
    assert (TaskState.FAILED if broken else TaskState.SUCCESS) is task.state
    assert dict.fromkeys(completed | (broken - skipped), 1) == dict(flows.shop.times)
    assert completed == set(result.completed_steps)
    assert broken - skipped == set(result.failed_steps)
    assert skipped == set(result.skipped_steps)
    ended = {name: place for place, name in enumerate(flows.shop.ended)}
    for name in completed:
        assert all(ended[need] < ended[name] for need in needs[name])
    return await events_of(flows, task.id)


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("examples", "largest"),
    [
        pytest.param(3, 20, id="short"),
        pytest.param(20, 200, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(1_200)]),
    ],
)
async def test_a_random_graph_runs_each_step_once_after_all_its_needs_whatever_fails(
    flows: Flows, examples: int, largest: int
) -> None:
    """Exactly those steps run that can, each once; at most 7 history events a step."""
    loop = asyncio.get_running_loop()

    # No shrinking: an example takes seconds.
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(
        size=st.integers(1, largest), seed=st.integers(0, 2**32), failing=st.sampled_from([0.0, 0.03, 0.2])
    )
    def holds(size: int, seed: int, failing: float) -> None:
        graph = random_graph(size, seed)
        chance = random.Random(seed)
        broken = {step.name for step in graph.steps if chance.random() < failing}
        run = asyncio.run_coroutine_threadsafe(check_graph_runs(flows, graph, broken), loop)
        events = run.result(timeout=120)
        assert events <= EVENTS_OF_A_FLOW + EVENTS_OF_A_STEP * size

    async with flows.worker():
        await asyncio.to_thread(holds)


@pytest.mark.parametrize(
    "size", [pytest.param(30, id="short"), pytest.param(200, id="full", marks=pytest.mark.drill)]
)
async def test_steps_cost_at_most_7_events_each_with_all_bookkeeping(flows: Flows, size: int) -> None:
    """The figure that is promised, on a wide graph and on the costliest form, a chain."""
    async with flows.worker():
        wide = await check_graph_runs(flows, random_graph(size, seed=7), {"s13", "s25"})
        long = await check_graph_runs(flows, chain(*(f"s{number}" for number in range(size))), set())

    assert max(wide, long) <= EVENTS_OF_A_STEP * size


async def test_a_failed_step_fails_the_task_and_its_dependants_are_skipped(flows: Flows) -> None:
    """Three attempts; independent branches finish; the result is whole and the error log names the step."""
    branch = GraphStep(name="other", needs=("a",))
    graph = RunGraph(steps=(*chain("a", "b", "c", "d").steps, branch))
    flows.shop.fragile = {"b"}

    async with flows.worker():
        task = await flows.service.tasks.get(await flows.run(graph))

    assert TaskState.FAILED is task.state
    result = FlowResult.model_validate(task.result)
    assert ("a", "other") == result.completed_steps
    assert (("b",), ("c", "d")) == (result.failed_steps, result.skipped_steps)
    assert (3, "b does not want to") == (result.steps["b"].attempts, result.steps["b"].error)
    assert [("b", "Refusal", attempt) for attempt in (1, 2, 3)] == [
        (error.step, error.error_type, error.attempt) for error in task.errors
    ]
    assert "Refusal" in task.errors[-1].stack
    # Two fifths, and the 5 % that the third counted while it ran: progress never falls.
    assert 41 == task.progress


async def test_a_flow_that_gives_back_more_than_a_message_carries_ends_with_all_of_it(flows: Flows) -> None:
    """Temporal has 2 MB for a message: the result goes to the ledger, the workflow gives back its sums."""
    names = [f"s{number}" for number in range(12)]
    graph = RunGraph(steps=tuple(GraphStep(name=name, padding=250_000) for name in names))
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, graph)
        result = await started.result()
        task = await flows.service.tasks.get(started.id)
        told = await flows.service.temporal_client.get_workflow_handle(task.workflow_id).result()

    assert {250_000} == {len((step.data or {})["padding"]) for step in result.steps.values()}
    assert (names, {}) == (told["completed_steps"], told["steps"])


async def test_steps_that_are_given_more_than_one_answer_carries_are_all_started(flows: Flows) -> None:
    """A workflow task's answer has 4 MB; what is above is said in the next one."""
    fan = [GraphStep(name=f"s{number}", needs=("a",)) for number in range(18)]
    async with flows.worker():
        task_id = await flows.run(RunGraph(steps=(GraphStep(name="a", padding=250_000), *fan)))

    task = await flows.service.tasks.get(task_id)
    assert (TaskState.SUCCESS, 19) == (task.state, task.processed)


TOO_MUCH = {
    "gave back 294 kB, and at most 256 kB can be": [GraphStep(name="last", padding=300_000)],
    "is to be given 1,221 kB, and at most 1,024 kB can be": [
        *(GraphStep(name=name, padding=250_000) for name in "abcde"),
        GraphStep(name="last", needs=tuple("abcde")),
    ],
}


@pytest.mark.parametrize("said", TOO_MUCH)
async def test_a_step_that_carries_too_much_fails_at_once_with_its_name_and_the_bound(
    flows: Flows, said: str
) -> None:
    """It is not tried again, for it would be as large; the flow ends, and what is done is kept."""
    async with flows.worker():
        task = await flows.service.tasks.get(await flows.run(RunGraph(steps=tuple(TOO_MUCH[said]))))

    assert (TaskState.FAILED, "TooMuch") == (task.state, task.error_type)
    result = FlowResult.model_validate(task.result)
    assert (("last",), len(TOO_MUCH[said]) - 1) == (result.failed_steps, result.completed_count)
    assert f"step 'last' {said}" in (result.steps["last"].error or "")
    assert result.steps["last"].attempts <= 1


async def test_an_error_that_is_a_book_ends_its_step_like_any_other(flows: Flows) -> None:
    """Its beginning is kept; Temporal would refuse the whole of it."""
    async with flows.worker():
        task = await flows.service.tasks.get(
            await flows.run(RunGraph(steps=(GraphStep(name="a", error_size=5_000_000),)))
        )

    assert (TaskState.FAILED, "TooMuch") == (task.state, task.error_type)
    error = FlowResult.model_validate(task.result).steps["a"].error or ""
    assert ("nono", True) == (error[:4], len(error) < 20_000)
    assert len(task.errors[0].stack) < 100_000


async def test_a_cancelled_flow_cancels_what_runs_and_skips_the_rest(flows: Flows) -> None:
    """The task is CANCELLED when its steps have stopped, and keeps how far it came."""
    flows.shop.gates = {"b": asyncio.Event()}
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, chain("a", "b", "c"))
        await flows.until_began("b")
        await flows.jobs.cancel(started.id)
        task = await flows.service.wait(started.id)

    assert TaskState.CANCELLED is task.state
    result = FlowResult.model_validate(task.result)
    assert (("a",), ("b",), ("c",)) == (result.completed_steps, result.failed_steps, result.skipped_steps)
    assert ("cancelled", None) == (result.steps["b"].error, result.current_step)


async def test_a_flow_shows_what_it_is_doing(flows: Flows) -> None:
    """While a step runs, its name and 5 % of its weight are on the task's page."""
    flows.shop.gates = {"b": asyncio.Event()}
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, chain("a", "b"))
        await flows.until_began("b")
        task = await flows.jobs.tasks.get(started.id)
        steps = await flows.jobs.tasks.steps(started.id)
        flows.shop.gates["b"].set()
        await flows.service.wait(started.id)

    assert ("b", 52, 1, 2) == (task.current_step, task.progress, task.processed, task.total)
    assert [StepStatus.COMPLETED, StepStatus.RUNNING] == [step.status for step in steps]


async def test_a_flow_without_a_result_of_its_code_fails_its_step(flows: Flows) -> None:
    """A bug in what a step is given is that step's failure, not a workflow that is stuck."""
    graph = RunGraph(steps=(GraphStep(name="a"), GraphStep(name="b", needs=("a",), forgets_needs=True)))
    async with flows.worker():
        task = await flows.service.tasks.get(await flows.run(graph))

    assert TaskState.FAILED is task.state
    assert ["b"] == [error.step for error in task.errors]


async def test_a_child_that_continues_as_new_stays_the_step_that_it_is(flows: Flows) -> None:
    """Its last run ends the step's row, with a task whose parent is the flow's."""
    graph = RunGraph(steps=(GraphStep(name="a"), GraphStep(name="job", needs=("a",), is_job=True)))
    async with flows.worker():
        task = await flows.service.tasks.get(await flows.run(graph))
    (child,) = await flows.jobs.tasks.children(task.id)

    assert (TaskState.SUCCESS, TaskState.SUCCESS) == (task.state, child.state)
    step = FlowResult.model_validate(task.result).steps["job"]
    assert {"task_id": str(child.id), "result": {"count": 2}} == step.data
    assert StepStatus.COMPLETED is step.status


async def test_the_sweep_ends_the_steps_of_a_flow_that_was_terminated(flows: Flows) -> None:
    """A terminated workflow writes nothing: the sweep keeps what its steps have done."""
    flows.shop.gates = {"b": asyncio.Event()}
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, chain("a", "b", "c"))
        await flows.until_began("b")
        task = await flows.jobs.tasks.get(started.id)
        await flows.service.temporal_client.get_workflow_handle(task.workflow_id).terminate()
        await flows.service.until_listed("Terminated")
    sweep = ReconcileActivities(
        flows.service.database, flows.temporal, SystemClock(), RecordedJobs(frozenset({"run-graph"}))
    )
    await asyncio.sleep(2.1)  # the sweep leaves alone what was written to just now
    await ActivityEnvironment().run(sweep.reconcile, ReconcileTasks())

    swept = await flows.jobs.tasks.get(started.id)
    result = FlowResult.model_validate(swept.result)
    assert TaskState.FAILED is swept.state
    assert (("a",), ("b",), ("c",)) == (result.completed_steps, result.failed_steps, result.skipped_steps)
