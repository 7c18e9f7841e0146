"""The loop of every batch job: batch by batch, until nothing is left.

done = await run_batches(request, StockProgress(task_id=task_id()), in_activity(StockActivities.batch))
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow

from mainspring.contracts.message import Message
from mainspring.contracts.progress import PAUSE_ENDED, BatchProgress
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.tracking import carried, continue_with
from mainspring.workflows.runtime.waiting import heed_cancellation, wait_until

In = TypeVar("In", bound=Message)
Progress = TypeVar("Progress", bound=BatchProgress)


async def run_batches(
    request: Message, first: Progress, batch: Callable[[Progress], Awaitable[Progress]]
) -> Progress:
    """Call `batch` with what it gave back last until it is finished, and wait for its pauses.

    `first` is where the job begins. Long work continues as new, and its next run goes on with the progress of
    the run before. A batch that hears of a cancellation breaks off. One that ends before it hears counts; if
    it was the last one, all is done.

    Example:
        class StockProgress(TaskProgress):
            counted: int = 0

        class StockActivities:
            @activity.defn(name="stock.batch")
            async def batch(self, progress: StockProgress) -> StockProgress: ...

        async def count_stock(request: Message) -> StockProgress:
            first = StockProgress(task_id=task_id())
            return await run_batches(request, first, in_activity(StockActivities.batch))
    """
    progress = carried(type(first)) or first
    while True:
        progress = await batch(progress)
        if progress.finished:
            return progress
        heed_cancellation()
        if progress.pause is not None:
            pause = progress.pause
            await wait_until(pause.waiting_for, pause.resumes_at, signal=PAUSE_ENDED)
            heed_cancellation()
        if workflow.info().is_continue_as_new_suggested():
            continue_with(request, progress)


def in_activity(
    work: Callable[[Any, Progress], Awaitable[Progress]],
) -> Callable[[Progress], Awaitable[Progress]]:
    """Return the batch that an activity method works, which takes the progress and gives back a later one."""
    return lambda progress: workflow.execute_activity_method(work, progress, **options.BATCH)


def in_activity_with(
    work: Callable[[Any, In], Awaitable[Progress]], message: Callable[[Progress], In]
) -> Callable[[Progress], Awaitable[Progress]]:
    """Return the batch of an activity method that takes the progress within another message."""
    return lambda progress: workflow.execute_activity_method(work, message(progress), **options.BATCH)
