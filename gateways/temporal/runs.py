"""What became of runs: those that go on, those that are over, and what they were started with."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.service import RPCError, RPCStatusCode

from mainspring.contracts.tasks import JsonObject
from mainspring.contracts.text import readable
from mainspring.gateways.temporal.calls import RPC_TIMEOUT, translated

# The memo fields that tie a workflow to its row in the ledger, and to the task that it is a step of.
TASK_ID = "task_id"
CHILD = "child"

FAILED = WorkflowExecutionStatus.FAILED

# How deep an input may be nested that is kept as it was sent. No job's is deeper than a few levels, and
# databases, drivers and readers each give up at a depth of their own, from some hundreds on.
DEEPEST = 100


LOST = "Lost"


@dataclass(frozen=True)
class ClosedRun:
    """A workflow that is over. `error_type` and `error_message` say why it did not complete."""

    status: WorkflowExecutionStatus
    result: JsonObject | None
    error_type: str
    error_message: str
    closed_at: datetime | None = None

    @property
    def is_lost(self) -> bool:
        """Whether Temporal knows nothing of the workflow (any more)."""
        return self.error_type == LOST


def first_run_id(execution: WorkflowExecution) -> str:
    """Return the id of the first run in the chain that an execution belongs to."""
    return execution.raw_info.first_run_id or execution.run_id


async def task_id_of(execution: WorkflowExecution) -> UUID | None:
    """Return the task id in a workflow's memo, if it was started with one."""
    return _id((await _memo(execution)).get(TASK_ID))


async def parent_id_of(execution: WorkflowExecution) -> UUID | None:
    """Return the id of the task that a workflow is a step of, if its memo says so."""
    child = (await _memo(execution)).get(CHILD)
    return _id(child.get("parent_id")) if isinstance(child, dict) else None


async def _memo(execution: WorkflowExecution) -> Mapping[str, Any]:
    try:
        return await execution.memo()
    except (ValueError, RuntimeError):  # somebody's own memo, in whatever encoding
        return {}


def _id(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:  # somebody's own memo
        return None


async def listed(client: Client, query: str) -> AsyncIterator[WorkflowExecution]:
    """Give the runs that a query of Temporal's list finds; the list lags a little behind."""
    async with translated(limit=None):
        async for execution in client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
            yield execution


def running_under(workflow_ids: Collection[str]) -> str:
    """Return the query for the runs that go on under these workflow ids."""
    quoted = ", ".join(_quoted(workflow_id) for workflow_id in workflow_ids)
    return f'WorkflowId IN ({quoted}) AND ExecutionStatus = "Running"'


def unsuccessful(workflows: Collection[str], task_queue: str, *, since: datetime) -> str:
    """Return the query for the runs of these types that failed, timed out or were ended from outside."""
    quoted = ", ".join(_quoted(workflow) for workflow in workflows)
    return (
        f"WorkflowType IN ({quoted}) AND TaskQueue = {_quoted(task_queue)} AND "
        'ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled") AND '
        f'CloseTime >= "{since.isoformat()}"'
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def closed_run(client: Client, workflow_id: str, run_id: str) -> ClosedRun | None:
    """Return how the chain of runs that began with `run_id` ended; None while it goes on.

    A chain that Temporal does not know (any more) is TERMINATED, of type `Lost`.
    """
    try:
        async with translated():
            latest = await _latest_run(client, workflow_id, run_id)
            if latest.status is WorkflowExecutionStatus.RUNNING:
                return None
            # The chain's first run may have outlived its retention.
            return await _closed(client.get_workflow_handle(workflow_id, run_id=latest.run_id), latest)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            message = "Temporal does not know this workflow any more"
            return ClosedRun(WorkflowExecutionStatus.TERMINATED, None, LOST, message)
        raise


async def _latest_run(client: Client, workflow_id: str, run_id: str) -> WorkflowExecution:
    latest = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
    if first_run_id(latest) == run_id:
        return latest
    # Another chain holds the id by now, so that this one is over; its first run leads to its end.
    own = client.get_workflow_handle(workflow_id, run_id=run_id)
    return await own.describe(rpc_timeout=RPC_TIMEOUT)


async def _closed(handle: WorkflowHandle[Any, Any], run: WorkflowExecution) -> ClosedRun:
    went_on = run.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
    closed_at = None if went_on else run.close_time
    try:
        result = await handle.result(rpc_timeout=RPC_TIMEOUT)
    except (ValueError, RecursionError) as error:  # somebody's own result, in whatever encoding
        return ClosedRun(FAILED, None, type(error).__name__, _unreadable("result", error), closed_at)
    except WorkflowFailureError as error:
        cause = error.cause
        kind = (cause.type if isinstance(cause, ApplicationError) else None) or type(cause).__name__
        message = cause.message if isinstance(cause, FailureError) else str(cause)
        status = run.status or FAILED
        return ClosedRun(status, None, kind, message, closed_at)
    return ClosedRun(WorkflowExecutionStatus.COMPLETED, result, "", "", closed_at)


async def input_of(handle: WorkflowHandle[Any, Any]) -> JsonObject:
    """Return the first argument of a run as it was sent; what is not a JSON object is wrapped."""
    async with translated():
        async for event in handle.fetch_history_events(page_size=1, rpc_timeout=RPC_TIMEOUT):
            payloads = event.workflow_execution_started_event_attributes.input.payloads
            return _json_object(payloads[0]) if payloads else {}
    return {}


def _json_object(payload: Payload) -> JsonObject:
    try:
        value = json.loads(payload.data)
    except (ValueError, RecursionError):
        return _as_text(payload)
    if _is_deeper(value, DEEPEST):
        return _as_text(payload)
    return value if isinstance(value, dict) else {"value": value}


def _as_text(payload: Payload) -> JsonObject:
    return {"unreadable": readable(payload.data.decode(errors="replace"))}


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in more levels; no deeper look is taken than that."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _unreadable(what: str, error: Exception) -> str:
    return f"the {what} cannot be read: {readable(str(error))}"


async def history_length(handle: WorkflowHandle[Any, Any]) -> int:
    """Return how many events a run has written so far."""
    async with translated():
        described = await handle.describe(rpc_timeout=RPC_TIMEOUT)
    return described.history_length
