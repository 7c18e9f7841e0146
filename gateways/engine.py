"""Temporal as an outside service: starting, cancelling and asking after workflows.

Workflows and activities talk to Temporal through their own SDK; this is for those who stand outside of one.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ResetStickyTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, FailureError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contracts.tasks import JsonObject
from gateways.errors import Refused, Unreachable

# How long one call may take before the engine counts as away.
RPC_TIMEOUT = timedelta(seconds=5)

# The same for a client that has to connect first, to a host that may not answer at all.
CALL_LIMIT = 2 * RPC_TIMEOUT

# A drain that a worker was deciding on when it died is free again after this, instead of the usual 10 s.
DRAIN_TASK_TIMEOUT = timedelta(seconds=3)

SERVICE = "Temporal"

# The memo field that ties a workflow to its row in the ledger.
TASK_ID = "task_id"

# Temporal refuses a longer fairness key, in bytes: the length of a SHA-256 in hexadecimal.
LONGEST_FAIRNESS_KEY = 64

# What gRPC says of a message above its 4 MB; the code, RESOURCE_EXHAUSTED, is that of a rate limit too.
TOO_LARGE = "larger than max"

AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


@dataclass(frozen=True)
class ClosedRun:
    """A workflow that is over. `error_type` and `error_message` say why it did not complete."""

    status: WorkflowExecutionStatus
    result: JsonObject | None
    error_type: str
    error_message: str
    closed_at: datetime | None = None


@dataclass(frozen=True)
class AskingWorker:
    """A worker, and when it last asked for work.

    The SDK's default identity of a worker is its process id, an @ and its host's name.
    """

    identity: str
    asked_at: datetime


class StartRefused(Refused):
    """Temporal will never take this start: its arguments are wrong or too large."""


class Engine:
    """The Temporal namespace that a connected client speaks to. Unreachable: it is away."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(
        self,
        workflow: str,
        workflow_id: str,
        argument: JsonObject,
        *,
        task_id: UUID,
        priority: int,
        workspace: str | None = None,
        starts_in: timedelta | None = None,
    ) -> str | None:
        """Start a workflow and return its run id; None when another task's run holds the workflow id.

        Starting the same task twice is harmless: the second call returns the first one's run. Its
        activities and children inherit the priority (1 is first) and the turn of its workspace.
        StartRefused: no repetition helps.
        """
        turn = None if workspace is None else _fairness_key(workspace)
        try:
            async with _start_translated():
                handle = await self._client.start_workflow(
                    workflow,
                    argument,
                    id=workflow_id,
                    task_queue=self._task_queue,
                    memo={TASK_ID: str(task_id)},
                    priority=Priority(priority_key=priority, fairness_key=turn),
                    # A delay of nothing would still cost the engine a timer.
                    start_delay=starts_in if starts_in and starts_in > timedelta() else None,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    rpc_timeout=RPC_TIMEOUT,
                )
        except WorkflowAlreadyStartedError:
            return await self._run_of(workflow_id, task_id)
        return handle.first_execution_run_id

    async def _run_of(self, workflow_id: str, task_id: UUID) -> str | None:
        async with _start_translated():
            holder = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
        return first_run_id(holder) if await self.task_id_of(holder) == task_id else None

    async def cancel(self, workflow_id: str, first_run_id: str | None) -> bool:
        """Ask a workflow to cancel itself; return False when it is over already."""
        handle = self._client.get_workflow_handle(workflow_id, first_execution_run_id=first_run_id)
        return await self._told(handle.cancel(rpc_timeout=RPC_TIMEOUT))

    async def wake(self, workflow: str) -> None:
        """Signal `wake` to the one workflow of this type, which is started if it does not run."""
        async with _translated():
            await self._client.start_workflow(
                workflow,
                {},
                id=workflow,
                task_queue=self._task_queue,
                start_signal="wake",
                task_timeout=DRAIN_TASK_TIMEOUT,
                rpc_timeout=RPC_TIMEOUT,
            )

    async def tell_worker_started(self, workflow_id: str) -> bool:
        """Signal `worker_started` to a workflow that another worker may hold; False when it is over.

        That worker's cache has no claim to it any more: if it died, nobody waits for its queue to time out.
        """
        request = ResetStickyTaskQueueRequest(
            namespace=self._client.namespace, execution=ExecutionId(workflow_id=workflow_id)
        )
        reset = self._client.workflow_service.reset_sticky_task_queue(request, timeout=RPC_TIMEOUT)
        return await self._told(reset) and await self.signal(workflow_id, "worker_started")

    async def signal(self, workflow_id: str, signal: str) -> bool:
        """Send a signal without arguments; return False when the workflow is over."""
        handle = self._client.get_workflow_handle(workflow_id)
        return await self._told(handle.signal(signal, rpc_timeout=RPC_TIMEOUT))

    async def _told(self, call: Any) -> bool:
        try:
            async with _translated():
                await call
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def running(self, workflow_ids: Collection[str]) -> AsyncIterator[WorkflowExecution]:
        """Give the runs listed as running under these workflow ids; the list lags a little behind."""
        quoted = ", ".join(_quoted(workflow_id) for workflow_id in workflow_ids)
        query = f'WorkflowId IN ({quoted}) AND ExecutionStatus = "Running"'
        async for execution in self._list(query):
            yield execution

    async def closed_without_success(
        self, workflows: Collection[str], *, since: datetime
    ) -> AsyncIterator[WorkflowExecution]:
        """Give the runs of these workflow types that failed, timed out or were ended from outside."""
        quoted = ", ".join(_quoted(workflow) for workflow in workflows)
        query = (
            f"WorkflowType IN ({quoted}) AND TaskQueue = {_quoted(self._task_queue)} AND "
            'ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled") AND '
            f'CloseTime >= "{since.isoformat()}"'
        )
        async for execution in self._list(query):
            yield execution

    async def _list(self, query: str) -> AsyncIterator[WorkflowExecution]:
        async with _translated(limit=None):
            async for execution in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
                yield execution

    async def closed_run(self, workflow_id: str, run_id: str) -> ClosedRun | None:
        """Return how the chain of runs that began with `run_id` ended; None while it goes on.

        A chain that the engine does not know (any more) is TERMINATED, of type `Lost`.
        """
        try:
            async with _translated():
                latest = await self._latest_run(workflow_id, run_id)
                if latest.status is WorkflowExecutionStatus.RUNNING:
                    return None
                # The chain's first run may have outlived its retention.
                return await self._closed(
                    self._client.get_workflow_handle(workflow_id, run_id=latest.run_id), latest
                )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                message = "the engine does not know this workflow any more"
                return ClosedRun(WorkflowExecutionStatus.TERMINATED, None, "Lost", message)
            raise

    async def _latest_run(self, workflow_id: str, run_id: str) -> WorkflowExecution:
        latest = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
        if first_run_id(latest) == run_id:
            return latest
        # Another chain holds the id by now, so that this one is over; its first run leads to its end.
        own = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        return await own.describe(rpc_timeout=RPC_TIMEOUT)

    async def _closed(self, handle: WorkflowHandle[Any, Any], run: WorkflowExecution) -> ClosedRun:
        went_on = run.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
        closed_at = None if went_on else run.close_time
        try:
            result = await handle.result(rpc_timeout=RPC_TIMEOUT)
        except WorkflowFailureError as error:
            cause = error.cause
            kind = (cause.type if isinstance(cause, ApplicationError) else None) or type(cause).__name__
            message = cause.message if isinstance(cause, FailureError) else str(cause)
            status = run.status or WorkflowExecutionStatus.FAILED
            return ClosedRun(status, None, kind, message, closed_at)
        return ClosedRun(WorkflowExecutionStatus.COMPLETED, result, "", "", closed_at)

    async def input_of(self, workflow_id: str, run_id: str) -> JsonObject:
        """Return the first argument of a workflow as it was sent; what is not a JSON object is wrapped."""
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        async with _translated():
            async for event in handle.fetch_history_events(page_size=1, rpc_timeout=RPC_TIMEOUT):
                payloads = event.workflow_execution_started_event_attributes.input.payloads
                return _json_object(payloads[0]) if payloads else {}
        return {}

    async def task_id_of(self, execution: WorkflowExecution) -> UUID | None:
        """Return the task id in a workflow's memo, if it was started with one."""
        try:
            told = (await execution.memo()).get(TASK_ID)
            return UUID(told) if isinstance(told, str) else None
        except (ValueError, KeyError, RuntimeError):  # somebody's own memo, in whatever encoding
            return None

    async def workers(self) -> list[AskingWorker]:
        """Return the workers that have asked for workflows of the task queue in the last minutes."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        async with _translated():
            answer = await self._client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
        return [
            AskingWorker(poller.identity, poller.last_access_time.ToDatetime(UTC))
            for poller in answer.pollers
        ]

    async def history_length(self, workflow_id: str, run_id: str | None = None) -> int:
        """Return how many events a run has written so far."""
        async with _translated():
            described = await self._client.get_workflow_handle(workflow_id, run_id=run_id).describe(
                rpc_timeout=RPC_TIMEOUT
            )
        return described.history_length


def first_run_id(execution: WorkflowExecution) -> str:
    """Return the id of the first run in the chain that an execution belongs to."""
    return execution.raw_info.first_run_id or execution.run_id


def _fairness_key(workspace: str) -> str:
    if len(workspace.encode()) <= LONGEST_FAIRNESS_KEY:
        return workspace
    return hashlib.sha256(workspace.encode()).hexdigest()


def _json_object(payload: Payload) -> JsonObject:
    try:
        value = json.loads(payload.data)
    except ValueError:
        return {"unreadable": payload.data.decode(errors="replace")}
    return value if isinstance(value, dict) else {"value": value}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@asynccontextmanager
async def _translated(limit: timedelta | None = CALL_LIMIT) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(None if limit is None else limit.total_seconds()):
            yield
    except RPCError as error:
        if error.status in AWAY:
            raise Unreachable(error.message, service=SERVICE) from error
        if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS}:
            raise
        raise Refused(error.message, service=SERVICE, code=error.status.name) from error
    except TimeoutError as error:
        raise Unreachable("no answer in time", service=SERVICE) from error
    except RuntimeError as error:  # what a client that connects at its first call raises when it cannot
        raise Unreachable(str(error), service=SERVICE) from error


@asynccontextmanager
async def _start_translated() -> AsyncIterator[None]:
    try:
        async with _translated():
            yield
    except Refused as error:
        if error.code == RPCStatusCode.INVALID_ARGUMENT.name or TOO_LARGE in str(error):
            raise StartRefused(str(error.__cause__), service=SERVICE, code=error.code) from error
        raise
    except RPCError as error:  # whatever is not found here is the namespace
        raise Refused(error.message, service=SERVICE, code=error.status.name) from error
