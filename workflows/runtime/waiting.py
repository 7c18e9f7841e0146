"""Waiting as a state of the task: WAITING in the ledger, with its reason, on a timer of Temporal's."""

import asyncio
import contextlib
from datetime import datetime

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.tracking import task_id

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.tasks import MarkWaiting, TaskId


async def wait_until(reason: str, until: datetime, *, signal: str | None = None) -> bool:
    """Wait until a moment, or until `signal` comes; return whether it was the signal.

    The ledger shows the task as WAITING meanwhile, and `reason` as what it waits for: "daily quota of
    JustTCG". Waiting uses no attempt: it is not a failure. A signal that comes before the wait ends the wait
    at once, and one that comes between two waits ends the second.
    """
    has_come = False

    def come() -> None:
        nonlocal has_come
        has_come = True

    if signal is not None:
        workflow.set_signal_handler(signal, come)
    await workflow.execute_local_activity_method(
        TaskActivities.mark_waiting,
        MarkWaiting(task_id=task_id(), waiting_for=reason, resumes_at=until),
        **options.LEDGER,
    )
    heed_cancellation()
    remaining = until - workflow.now()
    if remaining.total_seconds() > 0:
        with contextlib.suppress(TimeoutError):  # the usual end of a wait
            await workflow.wait_condition(lambda: has_come, timeout=remaining)
    if signal is not None:
        # A signal that comes before the next wait is kept for it.
        workflow.set_signal_handler(signal, None)
    await workflow.execute_local_activity_method(
        TaskActivities.mark_running, TaskId(task_id=task_id()), **options.LEDGER
    )
    return has_come


def heed_cancellation() -> None:
    """Raise CancelledError when the workflow was cancelled while an activity worked.

    An activity that ends before it hears of a cancellation gives back its result, and asyncio tells of a
    cancellation once only.
    """
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError
