"""What a flow decides: whether a graph can run, what is ready or skipped, how far it is, what is kept."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from mainspring.contracts.flows import (
    MOST_STEPS,
    CachedStep,
    FlowOpened,
    FlowResult,
    PreviousRun,
    StepResult,
    StepStatus,
)
from mainspring.contracts.secret_urls import lasting
from mainspring.contracts.tasks import JsonObject

# The namespace of a child's id, which is derived so that a replay and a second attempt name the same task.
CHILDREN = UUID("8a0f3a52-3c1e-5d7b-a2c4-6d61696e7370")

# So deep may flows be within flows: each level is a workflow that waits for the next.
MOST_LEVELS = 10

# A step that runs counts for a little, so that a page shows that something happens.
RUNNING_SHARE = 0.05
ROUNDING = 1e-9

# The names of the steps that each step needs.
Needs = Mapping[str, Collection[str]]


class GraphFault(ValueError):
    """A graph of steps cannot run. `path` leads to the fault from the list of steps: (2, "needs", 0)."""

    def __init__(self, path: tuple[int | str, ...], message: str) -> None:
        super().__init__(f"{'.'.join(map(str, ('steps', *path)))}: {message}")
        self.path = path
        self.message = message


def check_size(steps: Sequence[Mapping[str, Any]], flow: str) -> None:
    """Raise GraphFault for a graph that, with the graphs in it, has too many steps or levels.

    A step has its `job`, and as `input` that job's input; steps of the job `flow` are graphs of `steps`.
    """
    total, level = 0, list(steps)
    for _ in range(MOST_LEVELS):
        total += len(level)
        if total > MOST_STEPS:
            raise GraphFault((), f"with the flows in it, it has more than {MOST_STEPS} steps")
        level = [inner for step in level if step.get("job") == flow for inner in _steps_of(step.get("input"))]
        if not level:
            return
    raise GraphFault((), f"flows within flows are more than {MOST_LEVELS} levels deep")


def _steps_of(flow_input: object) -> list[Mapping[str, Any]]:
    """Return the steps of a graph that was not looked at yet: what is no step is refused later."""
    found = flow_input.get("steps") if isinstance(flow_input, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def check_graph(steps: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Raise GraphFault for a name used twice, a need that no step has, or a cycle."""
    names: dict[str, int] = {}
    for position, (name, _) in enumerate(steps):
        if name in names:
            raise GraphFault((position, "name"), f"{name!r} is the name of step {names[name]} already")
        names[name] = position
    for position, (_, needs) in enumerate(steps):
        for number, need in enumerate(needs):
            if need not in names:
                known = ", ".join(names)
                raise GraphFault((position, "needs", number), f"no step is called {need!r}; known: {known}")
    _check_acyclic(dict(steps), names)


def _check_acyclic(needs: Needs, positions: Mapping[str, int]) -> None:
    left = dict(needs)
    while free := [name for name in left if not any(need in left for need in left[name])]:
        for name in free:
            del left[name]
    if left:
        cycle = _cycle(left)
        raise GraphFault((positions[cycle[0]], "needs"), f"a cycle: {' needs '.join([*cycle, cycle[0]])}")


def _cycle(left: Needs) -> list[str]:
    """Return the steps of one cycle; each step in `left` needs another one in it."""
    walked = [next(iter(left))]
    while True:
        following = next(need for need in left[walked[-1]] if need in left)
        if following in walked:
            return walked[walked.index(following) :]
        walked.append(following)


def ready_steps(needs: Needs, completed: Collection[str], taken: Collection[str]) -> Iterator[str]:
    """Give the steps that are not taken up yet and whose needs are all completed, as declared."""
    for name, needed in needs.items():
        if name not in taken and all(need in completed for need in needed):
            yield name


def dependants(needs: Needs, of: Collection[str]) -> set[str]:
    """Return the steps that need one of these, directly or through others."""
    needed_by: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for need in needed:
            needed_by.setdefault(need, []).append(name)
    found: set[str] = set()
    left = list(of)
    while left:
        for name in needed_by.get(left.pop(), ()):
            if name not in found:
                found.add(name)
                left.append(name)
    return found


def flow_progress(completed_weight: float, running_weight: float, total_weight: float) -> int:
    """Return the progress of an unfinished flow: 0 to 99, for only a finished task is at 100."""
    if total_weight <= 0:
        return 0
    percent = 100 * (completed_weight + RUNNING_SHARE * running_weight) / total_weight
    # What should be 29 must not become 28 because its parts are not exact.
    return min(99, max(0, int(percent + ROUNDING)))


def input_hash(value: JsonObject) -> str:
    """Return the SHA-256 of a step's input: the same for the same values, in whatever order.

    A rotation of keys changes no hash.
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(lasting(canonical).encode()).hexdigest()


def child_task_id(parent_id: UUID, step: str) -> UUID:
    """Return the id of the task that works a step of another task."""
    return uuid5(CHILDREN, f"{parent_id}/{step}")


def open_flow(needs: Needs, runs: Sequence[PreviousRun]) -> FlowOpened:
    """Return what a flow may take over. `runs` are the task itself and those that it retries, newest first.

    Only the last time that a step was begun counts: a later attempt, with another input perhaps, may have
    changed what an earlier one left. What a task was told to run again is not taken from those before it.
    """
    cached: dict[str, CachedStep] = {}
    children: dict[str, UUID] = {}
    settled: set[str] = set()
    for run in runs:
        for step in run.steps:
            child = child_task_id(run.task_id, step.name)
            if child in run.children:
                children.setdefault(step.name, child)
            if step.input_hash is None or step.name in settled or step.name not in needs:
                continue
            settled.add(step.name)
            if step.status is StepStatus.COMPLETED:
                cached[step.name] = CachedStep(task_id=run.task_id, input_hash=step.input_hash)
        if run.rerun_from is not None and run.rerun_from in needs:
            settled |= {run.rerun_from, *dependants(needs, [run.rerun_from])}
    return FlowOpened(cached=cached, children=children)


def flow_result(
    steps: Sequence[StepResult], *, started_at: datetime | None, completed_at: datetime | None
) -> FlowResult:
    """Return all steps and their sums."""

    def named(status: StepStatus) -> tuple[str, ...]:
        return tuple(step.step for step in steps if step.status is status)

    completed, failed, running = (
        named(StepStatus.COMPLETED),
        named(StepStatus.FAILED),
        named(StepStatus.RUNNING),
    )
    return FlowResult(
        steps={step.step: step for step in steps},
        completed_steps=completed,
        failed_steps=failed,
        skipped_steps=named(StepStatus.SKIPPED),
        current_step=running[-1] if running else None,
        total_steps=len(steps),
        completed_count=len(completed),
        failed_count=len(failed),
        started_at=started_at,
        completed_at=completed_at,
    )
