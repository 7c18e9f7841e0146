"""The decisions of flows: which graphs can run, what is ready, skipped, kept, and how far it is."""

import sys
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.contracts.flows import PreviousRun, PreviousStep, StepResult, StepStatus
from mainspring.domain.flows import (
    GraphFault,
    check_graph,
    child_task_id,
    dependants,
    flow_progress,
    flow_result,
    input_hash,
    open_flow,
    ready_steps,
)

Graph = list[tuple[str, tuple[str, ...]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw a graph without cycles, declared in any order."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 30)))]
    graph = [
        (name, tuple(draw(st.sets(st.sampled_from(names[:place]), max_size=4))) if place else ())
        for place, name in enumerate(names)
    ]
    return draw(st.permutations(graph))


def walk(graph: Graph, failing: set[str]) -> tuple[list[str], set[str]]:
    """Work a graph as its flow does: return the steps that ran, in order, and those that were skipped."""
    needs = dict(graph)
    ran: list[str] = []
    completed: set[str] = set()
    skipped: set[str] = set()
    while ready := list(ready_steps(needs, completed, {*ran, *skipped})):
        ran += ready
        completed |= set(ready) - failing
        skipped |= dependants(needs, set(ready) & failing)
    return ran, skipped


@given(graphs(), st.randoms(use_true_random=False))
def test_every_step_runs_once_after_its_needs_or_is_skipped(graph: Graph, chance: Any) -> None:
    """Whatever fails, nothing is left over and nothing comes too early."""
    check_graph(graph)
    failing = {name for name, _ in graph if chance.random() < 0.2}
    ran, skipped = walk(graph, failing)

    assert sorted(name for name, _ in graph) == sorted([*ran, *skipped])
    for name, needs in graph:
        if name in ran:
            assert all(need in ran[: ran.index(name)] and need not in failing for need in needs)


@given(graphs(), st.data())
def test_a_cycle_is_found_wherever_it_is(graph: Graph, data: st.DataObject) -> None:
    """One more need, from a step to one that depends on it, and the graph is refused."""
    needs = dict(graph)
    name = data.draw(st.sampled_from(sorted(needs)))
    later = data.draw(st.sampled_from(sorted(dependants(needs, [name]) | {name})))
    cyclic = [(each, (*needed, later) if each == name else needed) for each, needed in graph]

    with pytest.raises(GraphFault, match="a cycle: ") as fault:
        check_graph(cyclic)

    assert "needs" == fault.value.path[-1]


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ([("a", ()), ("a", ())], "steps.1.name: 'a' is the name of step 0 already"),
        ([("a", ()), ("b", ("a", "x"))], "steps.1.needs.1: no step is called 'x'; known: a, b"),
        ([("a", ("a",))], "steps.0.needs: a cycle: a needs a"),
        ([("z", ()), ("a", ("b",)), ("b", ("a",))], "steps.1.needs: a cycle: a needs b needs a"),
    ],
)
def test_what_cannot_run_is_refused_with_its_path(graph: Graph, said: str) -> None:
    """The path leads to the fault."""
    with pytest.raises(GraphFault) as fault:
        check_graph(graph)

    assert said == str(fault.value)


def test_a_long_chain_is_no_cycle() -> None:
    """A graph is not walked by recursion."""
    check_graph(
        [
            ("s0", ()),
            *((f"s{number}", (f"s{number - 1}",)) for number in range(1, sys.getrecursionlimit() + 100)),
        ]
    )


@pytest.mark.parametrize(
    ("completed", "running", "total", "percent"),
    [(0, 0, 3, 0), (0, 1, 1, 5), (1, 0, 3, 33), (1, 1, 2, 52), (3, 0, 3, 99), (0, 20, 20, 5), (0, 0, 0, 0)],
)
def test_progress_counts_weights_and_a_little_of_what_runs(
    completed: int, running: int, total: int, percent: int
) -> None:
    """5 % of what runs, and 100 only for a task that has ended."""
    assert percent == flow_progress(completed, running, total)


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.randoms(use_true_random=False))
def test_the_hash_is_of_the_values_not_of_their_order(fields: dict[str, Any], chance: Any) -> None:
    """The same input has the same hash, another one another."""
    shuffled = list(fields.items())
    chance.shuffle(shuffled)

    assert input_hash(fields) == input_hash(dict(shuffled))
    assert input_hash(fields) != input_hash(fields | {"one more": None})


def earlier(
    name: str, status: StepStatus = StepStatus.COMPLETED, input_hash: str | None = "h"
) -> PreviousStep:
    """Return a step as a task left it."""
    return PreviousStep(name=name, status=status, input_hash=input_hash)


def cached(*runs: tuple[str | None, Sequence[PreviousStep]]) -> list[str]:
    """Return what the first of these tasks may take over; b needs a."""
    chain = [
        PreviousRun(task_id=uuid4(), rerun_from=rerun_from, steps=tuple(steps)) for rerun_from, steps in runs
    ]
    return sorted(open_flow({"a": (), "b": ("a",), "other": ()}, chain).cached)


def test_the_last_time_that_a_step_was_begun_counts() -> None:
    """What completed before a later attempt that failed may have been changed by it."""
    done = [earlier("a"), earlier("b"), earlier("other")]
    failed = [earlier("b", StepStatus.FAILED), earlier("other", StepStatus.SKIPPED, input_hash=None)]

    assert ["a", "b", "other"] == cached((None, ()), (None, done))
    assert ["a", "other"] == cached((None, ()), (None, failed), (None, done))


def test_what_is_forced_is_not_taken_from_before() -> None:
    """A forced step and its dependants are run until they complete, in however many retries."""
    done = [earlier("a"), earlier("b"), earlier("other")]

    assert ["other"] == cached(("a", ()), (None, done))
    assert ["other"] == cached((None, ()), ("a", [earlier("a", StepStatus.FAILED)]), (None, done))
    assert ["a", "other"] == cached((None, ()), ("a", [earlier("a")]), (None, done))


def test_the_latest_child_of_each_step_is_known() -> None:
    """A child that is retried goes on from the one before it, whatever became of that."""
    asked, without, new, old = (uuid4() for _ in range(4))
    runs = [
        PreviousRun(
            task_id=task_id,
            rerun_from=None,
            steps=(earlier("a", StepStatus.FAILED),),
            children=frozenset() if task_id == without else frozenset({child_task_id(task_id, "a")}),
        )
        for task_id in (without, new, old)
    ]
    first = PreviousRun(task_id=asked, rerun_from=None, steps=())

    assert {"a": child_task_id(new, "a")} == open_flow({"a": ()}, [first, *runs]).children


def test_a_flow_s_result_sums_its_steps_up() -> None:
    """Every step is in it, under its name and in the list of its status."""
    steps = [StepResult(step=status.value, status=status) for status in StepStatus]
    result = flow_result(steps, started_at=None, completed_at=None)

    assert [status.value for status in StepStatus] == list(result.steps)
    assert (("completed",), ("failed",), ("skipped",), "running") == (
        result.completed_steps,
        result.failed_steps,
        result.skipped_steps,
        result.current_step,
    )
    assert (5, 1, 1) == (result.total_steps, result.completed_count, result.failed_count)
