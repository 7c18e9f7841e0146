"""The ledger's side of every workflow: `@tracked`, the task's id, and continuing as new."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.failures import FlowCancelled, FlowFailed, task_error, was_broken_off
from mainspring.workflows.runtime.secret_fields import with_secrets_changed

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.message import Message
from mainspring.contracts.secret_urls import hidden
from mainspring.contracts.tasks import (
    BeginTask,
    ChildTask,
    FinishTask,
    JsonObject,
    RunSkipped,
    StartKey,
    TaskBegun,
    TaskEnded,
    TaskState,
)
from mainspring.contracts.text import readable
from mainspring.domain.sizes import MOST_RESULT, check_data, size_of
from mainspring.domain.tasks import START_KEY, derived_task_id

Self_ = TypeVar("Self_")
In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)
State = TypeVar("State", bound=Message)

# A cancellation that Temporal was asked for reaches the workflow at once.
CANCELLATION_COMES = timedelta(seconds=10)

# The memo field of a flow's children that says that the flow was a raw start.
OF_RAW_START = "of_raw_start"

SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")


def tracked(
    run: Callable[[Self_, In], Awaitable[Out]],
) -> Callable[[Self_, In], Coroutine[Any, Any, Out]]:
    """Write RUNNING when the workflow starts, and its final state with result or error when it ends.

    Goes between `@workflow.run` and the method. A workflow that continues as new is one task: only the
    first run begins it, only the last one ends it. A bug in the workflow's code fails the task, and so does
    a result that Temporal cannot carry.

    Example:
        @workflow.defn(name="greet")
        class GreetWorkflow:
            @workflow.run
            @tracked
            async def run(self, request: TaskId) -> TaskId:
                return request
    """

    @wraps(run)
    async def tracked_run(self: Self_, message: In) -> Out:
        try:
            begun = await _begun(message)
            if isinstance(begun, RunSkipped):
                return begun  # type: ignore[return-value]  # only the list of schedules looks at it
            result = await run(self, begun)
            result_json = _json(result)
            check_data(f"job {workflow.info().workflow_type!r}", size_of(result_json), MOST_RESULT)
        except (workflow.ContinueAsNewError, GeneratorExit):
            raise  # the task goes on: in the next run, or at a worker that has not dropped this one
        except BaseException as error:
            ended = await _finish_unsuccessful(task_id(), error)
            if ended is not None and ended.state is TaskState.SUCCESS:
                return ended.result  # type: ignore[return-value]  # as JSON, which the message is too
            if ended is not None and ended.state is TaskState.FAILED:
                raise _failed_before(ended) from error
            if was_broken_off(error):
                raise asyncio.CancelledError from error
            if isinstance(error, FailureError | asyncio.CancelledError):
                raise
            # Any other exception would fail the workflow task, which is tried again for ever.
            raise ApplicationError(
                readable(str(error)), type=type(error).__name__, non_retryable=True
            ) from error
        await _finish(FinishTask(task_id=task_id(), state=TaskState.SUCCESS, result=result_json))
        return result

    return tracked_run


def task_id() -> UUID:
    """Return the id of the task that this workflow works for."""
    return _memo_task_id() or _fallback_id()


def was_accepted() -> bool:
    """Whether the task was accepted, with its input checked, before this workflow; no raw start was."""
    return _memo_task_id() is not None


def is_of_raw_start() -> bool:
    """Whether this workflow is a raw start, or a step of a flow that is. Nobody has sealed its secrets."""
    return not was_accepted() or workflow.memo_value(OF_RAW_START, default=False) is True


def _input_for_row(message: Message) -> JsonObject:
    given = _json(message)
    # The row of a raw start is made here, where no key is.
    return with_secrets_changed(workflow.info().workflow_type, given, hidden) if is_of_raw_start() else given


def _memo_task_id() -> UUID | None:
    value = workflow.memo_value("task_id", None)
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:  # somebody's own memo
        return None


def _fallback_id() -> UUID:
    info = workflow.info()
    # Each run of a cron workflow is a task; what `continue_with` continues has its id in the memo.
    return derived_task_id(info.run_id if info.continued_run_id else info.first_execution_run_id)


def continue_with(request: Message, state: State) -> NoReturn:
    """Continue as new: the same task, the same input, and how far it came.

    The state travels in the memo, for a second argument would make every raw start name it too.
    """
    child = _child()
    as_child = {} if child is None else {"child": child}
    workflow.continue_as_new(request, memo={"task_id": str(task_id()), "state": state, **as_child})


def carried(kind: type[State]) -> State | None:
    """Return what `continue_with` was given by the run before this one."""
    state: State | None = workflow.memo_value("state", None, type_hint=kind)
    return state


async def _begun(message: In) -> In | RunSkipped:
    """Begin the task when its time has come, and return the input that it has by then.

    RunSkipped: the run is a schedule's, and another task of its key is there.
    """
    if workflow.memo_value("state", None) is not None:
        return message  # continued by `continue_with`: the task has begun
    begun = await _begin(message)
    while begun.starts_in is not None:
        await workflow.sleep(begun.starts_in)
        begun = await _begin(message)
    if begun.held_by is not None:
        workflow.logger.info(f"not run: task {begun.held_by} holds the key")
        return RunSkipped(held_by=begun.held_by)
    if begun.cancelling:
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: False, timeout=CANCELLATION_COMES)
    if begun.already_final:
        raise ApplicationError(
            "the task was ended before it started", type="AlreadyFinal", non_retryable=True
        )
    return message if begun.input is None else type(message).restore(begun.input)


async def _begin(message: Message) -> TaskBegun:
    # Whoever cancels while this is under way must not leave a row that has not begun and cannot end.
    beginning = asyncio.create_task(_ask_to_begin(message))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        await workflow.wait([beginning])
        raise


async def _ask_to_begin(message: Message) -> TaskBegun:
    info = workflow.info()
    return await workflow.execute_local_activity_method(
        TaskActivities.begin,
        BeginTask(
            task_id=_memo_task_id(),
            fallback_id=_fallback_id(),
            job=info.workflow_type,
            workflow_id=info.workflow_id,
            run_id=info.first_execution_run_id,
            input=_input_for_row(message),
            fairness_key=_fairness_key(message),
            triggered_by=_triggered_by(),
            child=_child(),
            key=workflow.memo_value(START_KEY, None, type_hint=StartKey),
        ),
        **options.LEDGER,
    )


def _fairness_key(message: Message) -> str | None:
    """Return whose turns a raw start takes: no job of the catalogue is at hand here."""
    key = getattr(message, "workspace", None) or getattr(message, "account_id", None)
    return None if key is None else str(key)


def _child() -> ChildTask | None:
    child: ChildTask | None = workflow.memo_value("child", None, type_hint=ChildTask)
    return child


def _triggered_by() -> str:
    parent = workflow.info().parent
    if parent is not None:
        return f"flow {parent.workflow_id}"
    schedule = workflow.info().typed_search_attributes.get(SCHEDULED_BY)
    return f"schedule {schedule}" if schedule else "temporal"


def _failed_before(ended: TaskEnded) -> ApplicationError:
    return ApplicationError(ended.error_message or "", type=ended.error_type, non_retryable=True)


async def _finish_unsuccessful(task_id: UUID, error: BaseException) -> TaskEnded | None:
    """Write how the task ends; return how the task had ended before, if a cancellation came after that.

    Temporal has a workflow decide its end anew when a cancellation comes while the end is told.
    """
    result = _json(error.result) if isinstance(error, FlowFailed | FlowCancelled) else None
    if is_cancelled_exception(error) or was_broken_off(error):
        return await _finish(FinishTask(task_id=task_id, state=TaskState.CANCELLED, result=result))
    last_error = error.error if isinstance(error, FlowFailed) else task_error(error, workflow.now())
    await _finish(FinishTask(task_id=task_id, state=TaskState.FAILED, result=result, error=last_error))
    return None


async def _finish(finish: FinishTask) -> TaskEnded | None:
    finish = finish.model_copy(update={"child": _child()})
    writing = asyncio.ensure_future(
        workflow.execute_local_activity_method(TaskActivities.finish, finish, **options.LEDGER)
    )
    while not writing.done():
        # Whoever cancels while this is under way must not cut it short: what it says has happened.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(writing)
    return writing.result()


def _json(message: Message) -> JsonObject:
    return message.model_dump(mode="json")
