"""How a workflow ends without success: the errors that carry a result, and what the error log says."""

import asyncio
import traceback
from datetime import datetime

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    RetryState,
)

from mainspring.contracts.flows import FlowResult
from mainspring.contracts.tasks import TaskError
from mainspring.contracts.text import readable


class FlowFailed(ApplicationError):
    """A step failed; the result sums up what became of all. The failure is of the step's own type."""

    def __init__(self, result: FlowResult, error: TaskError) -> None:
        message = f"step {error.step}: {readable(error.message)}"
        super().__init__(message, type=error.error_type, non_retryable=True)
        self.result = result
        self.error = error


class FlowCancelled(asyncio.CancelledError):
    """A flow was cancelled; the result sums up how far it came."""

    def __init__(self, result: FlowResult) -> None:
        super().__init__()
        self.result = result


def was_broken_off(error: BaseException) -> bool:
    """Whether an activity has failed while it was to be cancelled.

    The server does not try that again, whatever the failure: it is the cancellation's doing.
    """
    return isinstance(error, ActivityError) and error.retry_state is RetryState.CANCEL_REQUESTED


def task_error(error: BaseException, at: datetime, step: str | None = None) -> TaskError:
    """Return the entry of the error log: the innermost failure, at the step (or activity) that it was in."""
    cause, where = error, "workflow"
    while isinstance(cause, ActivityError | ChildWorkflowError):
        where = cause.activity_type if isinstance(cause, ActivityError) else cause.workflow_type
        if cause.cause is None:
            break
        cause = cause.cause
    kind = cause.type if isinstance(cause, ApplicationError) else None
    return TaskError(
        at=at,
        step=step or where,
        error_type=kind or type(cause).__name__,
        message=cause.message if isinstance(cause, FailureError) else str(cause),
        stack="".join(traceback.format_exception(error)),
    )
