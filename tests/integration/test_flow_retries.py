"""Retrying flows: finished steps are not worked again, unless their input changed or somebody says so."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from mainspring.client.errors import BadInput
from mainspring.contracts.flows import FlowResult
from mainspring.contracts.tasks import TaskState
from mainspring.testing.temporal_server import own_namespace
from tests.flow_toys import RUN_GRAPH, Flows, GraphStep, RunGraph, chain
from tests.service import Service

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def flows(workerless: Service) -> Flows:
    """Give the toy without a worker."""
    return Flows(workerless)


async def result_of(flows: Flows, task_id: UUID) -> FlowResult:
    """Return the result of a task that has ended well."""
    task = await flows.jobs.tasks.get(task_id)
    assert TaskState.SUCCESS is task.state, task
    return FlowResult.model_validate(task.result)


async def test_a_retry_runs_only_what_is_missing(flows: Flows) -> None:
    """Finished steps are taken over with their data, times and attempts; attempt counts prove it."""
    flows.shop.broken = {"c"}
    async with flows.worker():
        failed = await flows.run(chain("a", "b", "c", "d"))
        flows.shop.broken = set()
        retried = await flows.retry(failed)

    assert {"c": 1, "d": 1} == flows.shop.times
    first = FlowResult.model_validate((await flows.jobs.tasks.get(failed)).result).steps
    second = (await result_of(flows, retried)).steps
    assert (first["a"], first["b"]) == (second["a"], second["b"])
    assert {1} == {step.attempts for step in second.values()}


async def test_a_retry_takes_over_more_than_a_message_carries(flows: Flows) -> None:
    """What is needed of it is read a part at a time: the parts of one workflow task have 4 MB as well."""
    numbers = range(18)
    steps = [
        *(GraphStep(name=f"s{number}", padding=250_000) for number in numbers),
        *(GraphStep(name=f"of{number}", needs=(f"s{number}",)) for number in numbers),
        GraphStep(name="last", needs=tuple(f"of{number}" for number in numbers)),
    ]
    flows.shop.broken = {"last"}
    async with flows.worker():
        failed = await flows.run(RunGraph(steps=tuple(steps)))
        flows.shop.broken = set()
        retried = await flows.retry(failed)

    assert {"last": 1} == flows.shop.times
    result = await result_of(flows, retried)
    assert {250_000} == {len((result.steps[f"s{number}"].data or {})["padding"]) for number in numbers}
    # Twelve for the flow and seven for the step, and six for each part but one.
    task = await flows.jobs.tasks.get(retried)
    assert await flows.temporal.history_length(task.workflow_id, task.run_id) <= 12 + 7 + 6 * 6


async def test_a_retry_of_a_retry_knows_what_all_of_them_have_done(flows: Flows) -> None:
    """The chain of retries is followed to its beginning."""
    flows.shop.broken = {"b"}
    async with flows.worker():
        first = await flows.run(chain("a", "b", "c"))
        second = await flows.retry(first)
        flows.shop.broken = {"c"}
        third = await flows.retry(second)
        flows.shop.broken = set()
        fourth = await flows.retry(third)

    assert {"c": 1} == flows.shop.times
    assert ("a", "b", "c") == (await result_of(flows, fourth)).completed_steps


async def test_a_retry_from_a_step_forces_it_and_its_dependants(flows: Flows) -> None:
    """--from runs a finished step again, with all that comes after it, also when that takes two retries."""
    graph = RunGraph(steps=(*chain("a", "b", "c", "d").steps, GraphStep(name="other", needs=("a",))))
    flows.shop.broken = {"d"}
    async with flows.worker():
        first = await flows.run(graph)
        flows.shop.broken = {"b"}
        second = await flows.retry(first, from_step="b")
        assert {"b": 1} == flows.shop.times
        flows.shop.broken = set()
        third = await flows.retry(second)

    assert {"b": 1, "c": 1, "d": 1} == flows.shop.times
    assert 5 == (await result_of(flows, third)).completed_count


async def test_a_retry_with_another_input_runs_exactly_the_steps_that_it_reaches(flows: Flows) -> None:
    """What is worked again is what is given something else than last time."""

    def graph(**values: str) -> RunGraph:
        needs = {"a": (), "x": (), "b": ("a",), "c": ("x",), "d": ("b", "c")}
        return RunGraph(
            steps=tuple(
                GraphStep(name=name, needs=need, value=values.get(name, "")) for name, need in needs.items()
            )
        )

    flows.shop.broken = {"d"}
    async with flows.worker():
        first = await flows.run(graph())
        flows.shop.broken = set()
        second = await flows.retry(first, given=graph(x="changed"))

    assert {"x": 1, "c": 1, "d": 1} == flows.shop.times
    assert 5 == (await result_of(flows, second)).completed_count


async def test_a_cancelled_flow_is_taken_up_where_it_was(flows: Flows) -> None:
    """Cancelling loses nothing that was finished."""
    flows.shop.gates = {"b": asyncio.Event()}
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, chain("a", "b"))
        await flows.until_began("b")
        await flows.jobs.cancel(started.id)
        await flows.service.wait(started.id)
        flows.shop.gates = {}
        await flows.retry(started.id)

    assert {"b": 1} == flows.shop.times


async def test_a_retry_needs_nothing_of_the_engine_s_memory(flows: Flows, temporal_server: str) -> None:
    """With a server that has never heard of the old workflow, finished steps are still not run again."""
    flows.shop.broken = {"c"}
    async with flows.worker():
        failed = await flows.run(chain("a", "b", "c"))
    elsewhere = Flows(replace(flows.service, temporal_client=await own_namespace(temporal_server)))
    async with elsewhere.worker():
        retried = await elsewhere.retry(failed)

    assert {"c": 1} == elsewhere.shop.times
    assert 3 == (await result_of(elsewhere, retried)).completed_count


async def test_a_step_that_the_task_does_not_have_is_refused(flows: Flows) -> None:
    """The error names the steps that there are."""
    flows.shop.broken = {"a"}
    async with flows.worker():
        failed = await flows.run(chain("a", "b"))

    with pytest.raises(BadInput, match="no step 'z': its steps are a, b"):
        await flows.jobs.retry(failed, from_step="z")


async def test_a_killed_worker_repeats_only_the_step_that_it_was_at(flows: Flows, tmp_path: Path) -> None:
    """Kill -9 in the middle of a step: finished steps are not worked again, and the flow succeeds."""
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.flow_worker",
        flows.service.temporal_client.service_client.config.target_host,
        flows.service.temporal_client.namespace,
        flows.service.database.url.render_as_string(hide_password=False),
        str(tmp_path / "killed"),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert killed.stdout is not None
    assert b"working\n" == await killed.stdout.readline()
    graph = chain("a", "b", "c")
    steps = tuple(step.model_copy(update={"heartbeat_seconds": 1}) for step in graph.steps)
    started = await flows.jobs.start(RUN_GRAPH, RunGraph(steps=steps))
    await flows.service.until(started.id, lambda task: task.current_step == "b")
    killed.kill()
    await killed.wait()
    async with flows.worker():
        await flows.service.wait(started.id)

    assert {"b": 1, "c": 1} == flows.shop.times
    results = (await result_of(flows, started.id)).steps
    assert {"a": 1, "b": 2, "c": 1} == {name: step.attempts for name, step in results.items()}
