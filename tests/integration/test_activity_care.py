"""What every activity and every workflow is given on its way."""

import asyncio

import pytest

from mainspring.contracts.tasks import TaskState
from tests.flow_toys import RUN_GRAPH, Flows, GraphStep, RunGraph
from tests.service import Service
from tests.toys import UPDATE_PRODUCT, Toys, UpdateProduct


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


@pytest.mark.parametrize(
    ("description", "languages", "who"),
    [
        pytest.param(3_000_000, 1, "activity 'toys.update_product' gave back 2,930 kB", id="activity"),
        pytest.param(900_000, 3, "job 'update-product' gave back 2,637 kB", id="job"),
    ],
)
async def test_a_result_that_is_too_large_fails_at_once(
    workerless: Service, description: int, languages: int, who: str
) -> None:
    """It says whose it is, how large and what to do; Temporal would not take it, however often it is made."""
    toys = Toys(workerless)
    async with toys.worker():
        request = UpdateProduct(version=1, description=description, languages=languages)
        started = await toys.jobs.start(UPDATE_PRODUCT, request)
        task = await workerless.wait(started.id)

    assert (TaskState.FAILED, "TooMuch", [1]) == (task.state, task.error_type, toys.products.seen)
    assert f"{who}, and at most 1,024 kB can be" in (task.error_message or "")
