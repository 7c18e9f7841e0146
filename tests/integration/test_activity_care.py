import asyncio

from contracts.tasks import TaskState
from tests.flow_toys import RUN_GRAPH, Flows, GraphStep, RunGraph
from tests.service import Service


async def test_an_attempt_that_does_not_end_fails_like_any_other(workerless: Service) -> None:
    """It counts, and the error log says where it was; what was only held up ends well the next time."""
    flows = Flows(workerless)
    flows.shop.gates["a"] = asyncio.Event()
    async with flows.worker():
        started = await flows.jobs.start(RUN_GRAPH, RunGraph(steps=(GraphStep(name="a", seconds=1),)))
        await workerless.until(started.id, lambda task: bool(task.errors))
        flows.shop.gates["a"].set()
        task = await workerless.wait(started.id)

    assert TaskState.SUCCESS is task.state
    assert 2 == flows.shop.times["a"]
    [error] = task.errors
    assert ("a", "AttemptTimedOut", 1) == (error.step, error.error_type, error.attempt)
    assert "not over after 0:00:01" in error.message
    assert "gates[given.step].wait()" in error.stack
