"""The loop of every paged job: stretch by stretch, until nothing is left."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.tracking import continue_with, task_id

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.message import Message
from mainspring.contracts.progress import BatchProgress, Pause
from mainspring.contracts.tasks import MarkWaiting, TaskId

Progress = TypeVar("Progress", bound=BatchProgress)


async def run_batches(
    request: Message, progress: Progress, stretch: Callable[[Progress], Awaitable[Progress]]
) -> Progress:
    """Call `stretch` with what it gave back last until it is finished; sleep out its pauses.

    Long work continues as new: the next run finds with `carried` how far it came. A stretch that hears of a
    cancellation breaks off. One that ends before it hears counts; if it was the last one, all is done.
    """
    while True:
        progress = await stretch(progress)
        if progress.finished:
            return progress
        _heed_cancellation()
        if progress.pause is not None:
            await _sleep_out(progress.pause)
            _heed_cancellation()
        if workflow.info().is_continue_as_new_suggested():
            continue_with(request, progress)


def _heed_cancellation() -> None:
    """Raise CancelledError when the workflow was cancelled while an activity worked.

    An activity that ends before it hears of a cancellation gives back its result, and asyncio tells of a
    cancellation once only.
    """
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError


async def _sleep_out(pause: Pause) -> None:
    """Sleep until the pause ends, as WAITING in the ledger; a signal `quota_changed` ends it early.

    Uses no attempt: waiting is not a failure.
    """
    changed = False

    def quota_changed() -> None:
        nonlocal changed
        changed = True

    workflow.set_signal_handler("quota_changed", quota_changed)
    await workflow.execute_local_activity_method(
        TaskActivities.mark_waiting,
        MarkWaiting(task_id=task_id(), waiting_for=pause.waiting_for, resumes_at=pause.resumes_at),
        **options.LEDGER,
    )
    _heed_cancellation()
    remaining = pause.resumes_at - workflow.now()
    if remaining.total_seconds() > 0:
        with contextlib.suppress(TimeoutError):  # the usual end of a wait
            await workflow.wait_condition(lambda: changed, timeout=remaining)
    # A signal that comes before the next wait is kept for it.
    workflow.set_signal_handler("quota_changed", None)
    await workflow.execute_local_activity_method(
        TaskActivities.mark_running, TaskId(task_id=task_id()), **options.LEDGER
    )
