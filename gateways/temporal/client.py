"""Temporal as the rest of the service sees it. Starting and signalling are here, what is asked beside."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowExecution
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from mainspring.contracts.tasks import JsonObject
from mainspring.gateways.temporal import runs
from mainspring.gateways.temporal.calls import (
    RPC_TIMEOUT,
    Calls,
    start_translated,
    translated,
    was_received,
)
from mainspring.gateways.temporal.task_queue import AskingWorker, asking_workers, back_to_all_workers

# A consumer that a worker was deciding on when it died is free again after this, instead of the usual 10 s.
CONSUMER_TASK_TIMEOUT = timedelta(seconds=3)

# A caller that has committed its task waits for an answer this long; the relay starts what it has left.
PATIENCE = timedelta(milliseconds=50)

# Temporal refuses a longer fairness key, in bytes: the length of a SHA-256 in hexadecimal.
LONGEST_FAIRNESS_KEY = 64


class TemporalGateway:
    """The Temporal namespace that a connected client speaks to. Unreachable: it is away.

    `patience` is how much `silence` a caller bears that has committed what it tells Temporal of.
    `clock` gives the seconds by which the silence is measured.
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        *,
        patience: timedelta = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._task_queue = task_queue
        self._calls = Calls(clock)
        self.patience = patience

    @property
    def silence(self) -> timedelta:
        """For how long Temporal has answered no start, signal or cancellation while there are such."""
        return self._calls.silence

    @property
    def answered_within(self) -> timedelta | None:
        """How long Temporal took for its last such answer; None before the first."""
        return self._calls.took

    def give_up(self) -> None:
        """End the starts, signals and cancellations under way: Unreachable for each."""
        self._calls.give_up()

    async def start(
        self,
        workflow: str,
        workflow_id: str,
        argument: JsonObject,
        *,
        task_id: UUID,
        priority: int,
        fairness_key: str | None = None,
        starts_in: timedelta | None = None,
    ) -> str | None:
        """Start a workflow and return its run id; None when another task's run holds the workflow id.

        Starting the same task twice is harmless: the second call returns the first one's run. Its
        activities and children inherit the priority (1 is first) and the turns of its fairness key.
        StartRefused: no repetition helps.
        """
        turn = None if fairness_key is None else _short(fairness_key)
        try:
            async with start_translated():
                handle = await self._calls.counted(
                    self._client.start_workflow(
                        workflow,
                        argument,
                        id=workflow_id,
                        task_queue=self._task_queue,
                        memo={runs.TASK_ID: str(task_id)},
                        priority=Priority(priority_key=priority, fairness_key=turn),
                        # A delay of nothing would still cost Temporal a timer.
                        start_delay=starts_in if starts_in and starts_in > timedelta() else None,
                        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                        rpc_timeout=RPC_TIMEOUT,
                    )
                )
        except WorkflowAlreadyStartedError:
            return await self._run_of(workflow_id, task_id)
        return handle.first_execution_run_id

    async def _run_of(self, workflow_id: str, task_id: UUID) -> str | None:
        async with start_translated():
            handle = self._client.get_workflow_handle(workflow_id)
            holder = await self._calls.counted(handle.describe(rpc_timeout=RPC_TIMEOUT))
        return runs.first_run_id(holder) if await runs.task_id_of(holder) == task_id else None

    async def cancel(self, workflow_id: str, first_run_id: str | None) -> bool:
        """Ask a workflow to cancel itself; return False when it is over already."""
        handle = self._client.get_workflow_handle(workflow_id, first_execution_run_id=first_run_id)
        return await was_received(self._calls.counted(handle.cancel(rpc_timeout=RPC_TIMEOUT)))

    async def wake(self, workflow: str) -> None:
        """Signal `wake` to the one workflow of this type, which is started if it does not run."""
        async with translated():
            await self._calls.counted(
                self._client.start_workflow(
                    workflow,
                    {},
                    id=workflow,
                    task_queue=self._task_queue,
                    start_signal="wake",
                    task_timeout=CONSUMER_TASK_TIMEOUT,
                    rpc_timeout=RPC_TIMEOUT,
                )
            )

    async def begin(self, workflow: str) -> None:
        """Start the one workflow of this type if it does not run; one that runs hears nothing of it."""
        async with translated():
            await self._calls.counted(
                self._client.start_workflow(
                    workflow,
                    {},
                    id=workflow,
                    task_queue=self._task_queue,
                    task_timeout=CONSUMER_TASK_TIMEOUT,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    rpc_timeout=RPC_TIMEOUT,
                )
            )

    async def tell_worker_started(self, workflow_id: str) -> bool:
        """Signal `worker_started` to a workflow that another worker may hold; False when it is over.

        That worker's cache has no claim to it any more: if it died, nobody waits for its queue to time out.
        """
        freed = await back_to_all_workers(self._client, workflow_id)
        return freed and await self.signal(workflow_id, "worker_started")

    async def signal(self, workflow_id: str, signal: str) -> bool:
        """Send a signal without arguments; return False when the workflow is over."""
        handle = self._client.get_workflow_handle(workflow_id)
        return await was_received(self._calls.counted(handle.signal(signal, rpc_timeout=RPC_TIMEOUT)))

    def running(self, workflow_ids: Collection[str]) -> AsyncIterator[WorkflowExecution]:
        """Give the runs listed as running under these workflow ids; the list lags a little behind."""
        return runs.listed(self._client, runs.running_under(workflow_ids))

    def closed_without_success(
        self, workflows: Collection[str], *, since: datetime
    ) -> AsyncIterator[WorkflowExecution]:
        """Give the runs of these workflow types that failed, timed out or were ended from outside."""
        return runs.listed(self._client, runs.unsuccessful(workflows, self._task_queue, since=since))

    async def closed_run(self, workflow_id: str, run_id: str) -> runs.ClosedRun | None:
        """Return how the chain of runs that began with `run_id` ended; None while it goes on.

        A chain that Temporal does not know (any more) is TERMINATED, of type `Lost`.
        """
        return await runs.closed_run(self._client, workflow_id, run_id)

    async def input_of(self, workflow_id: str, run_id: str) -> JsonObject:
        """Return the first argument of a workflow as it was sent; what is not a JSON object is wrapped."""
        return await runs.input_of(self._client.get_workflow_handle(workflow_id, run_id=run_id))

    async def task_id_of(self, execution: WorkflowExecution) -> UUID | None:
        """Return the task id in a workflow's memo, if it was started with one."""
        return await runs.task_id_of(execution)

    async def parent_id_of(self, execution: WorkflowExecution) -> UUID | None:
        """Return the id of the task that a workflow is a step of, if its memo says so."""
        return await runs.parent_id_of(execution)

    async def workers(self) -> list[AskingWorker]:
        """Return the workers that have asked for workflows of the task queue in the last minutes."""
        return await asking_workers(self._client, self._task_queue)

    async def history_length(self, workflow_id: str, run_id: str | None = None) -> int:
        """Return how many events a run has written so far."""
        return await runs.history_length(self._client.get_workflow_handle(workflow_id, run_id=run_id))


def _short(key: str) -> str:
    return key if len(key.encode()) <= LONGEST_FAIRNESS_KEY else hashlib.sha256(key.encode()).hexdigest()
