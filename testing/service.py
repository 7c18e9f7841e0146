"""A whole service for one test: every way in, a clock that tests move, and workers in this process."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle

from mainspring.client.service import Service, service_of
from mainspring.config.gateways import Gateways, open_gateways
from mainspring.config.settings import Settings
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.tasks import ReconcileTasks, RelayTasks, Task, TasksReconciled, TasksRelayed
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal.payloads import plain
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.worker import Workers, build_worker
from mainspring.workflows.maintenance import ReconcileTasksWorkflow, RelayTasksWorkflow

# More tasks than a test makes, and more effects.
ALL = 1_000

# What a test has started is started when the test goes on, however busy the machine is.
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True)
class ServiceUnderTest(Service):
    """What `idle_service` gives: the service as its callers see it, and what a test does with it beside.

    `clock` is the clock of the service and of its workers, so that days pass in no time. Temporal's own
    timers go by the real clock.
    """

    gateways: Gateways
    clock: ShiftedClock

    def worker(self, clock: Clock | None = None) -> Workers:
        """Return one more worker, which runs from `async with` to its end."""
        return build_worker(
            self.settings, self.temporal_client, self.database, self.gateways, clock or self.clock
        )

    async def sent(self, kind: str | None = None) -> list[Effect]:
        """Return the effects that were sent, of one kind or of all, the oldest first."""
        found = await self.effects.find([EffectState.SENT], limit=ALL)
        return [each for each in reversed(found) if kind in {None, each.kind}]

    async def until(self, task_id: UUID, reached: Callable[[Task], bool]) -> Task:
        """Wait until a task is as wished, and return the task as it was then.

        Raises AssertionError: when the task has ended, and was not as wished.
        """
        task = await eventually(
            lambda: self.tasks.get(task_id), lambda task: reached(task) or task.state.is_final
        )
        if not reached(task):
            raise AssertionError(f"the task has ended otherwise: {task}")
        return task

    async def wait(self, task_id: UUID) -> Task:
        """Return a task in its final state."""
        return await eventually(lambda: self.tasks.get(task_id), lambda task: task.state.is_final)

    async def wait_all(self, task_ids: Iterable[UUID]) -> list[Task]:
        """Return tasks in their final states, in the given order, as a list has them: without error logs."""
        wanted = list(task_ids)

        async def seen() -> dict[UUID, Task]:
            found = {task.id: task for task in await self.all_tasks()}
            return {each: found.get(each) or await self.tasks.get(each) for each in wanted}

        await self.wait(wanted[-1])
        tasks = await eventually(seen, lambda tasks: all(task.state.is_final for task in tasks.values()))
        return list(tasks.values())

    async def all_tasks(self) -> list[Task]:
        """Return every task, the newest first."""
        return await self.tasks.find(limit=ALL)

    async def first_task(self) -> Task:
        """Wait until there is a task, and return it."""
        return (await eventually(self.all_tasks, bool))[-1]

    async def active_tasks(self) -> list[Task]:
        """Return the tasks that have not ended."""
        return [task for task in await self.all_tasks() if not task.state.is_final]

    async def idle(self) -> None:
        """Wait until every task has ended, also those that other tasks have started."""
        await eventually(self.active_tasks, lambda tasks: not tasks)

    async def raw_start(self, workflow: str, *arguments: Any, workflow_id: str) -> WorkflowHandle[Any, Any]:
        """Start a workflow as `temporal workflow start` does: plain JSON, no memo."""
        return await self.temporal_client.start_workflow(
            workflow,
            args=[plain(each) for each in arguments],
            id=workflow_id,
            task_queue=self.settings.task_queue,
        )

    async def until_listed(self, status: str, *, least: int = 1) -> None:
        """Wait until Temporal's list, which lags a little, has `least` workflows of this status."""
        query = f'ExecutionStatus="{status}"'
        await eventually(
            lambda: self.temporal_client.count_workflows(query), lambda found: found.count >= least
        )

    async def relay(self) -> TasksRelayed:
        """Run the relay once, as its schedule does."""
        return await self.temporal_client.execute_workflow(
            RelayTasksWorkflow.run, RelayTasks(), id="relay", task_queue=self.settings.task_queue
        )

    async def reconcile(self) -> TasksReconciled:
        """Run the reconciler once, as its schedule does."""
        return await self.temporal_client.execute_workflow(
            ReconcileTasksWorkflow.run,
            ReconcileTasks(),
            id="reconcile",
            task_queue=self.settings.task_queue,
        )


@asynccontextmanager
async def idle_service(
    temporal_client: Client,
    database: Database,
    state_dir: Path,
    clock: ShiftedClock | None = None,
    **settings: Any,
) -> AsyncIterator[ServiceUnderTest]:
    """Give everything but a worker: tasks are accepted, and stay until one runs.

    `database` has the schema; the caller disposes of it. `settings` lead to emulators, and win over the
    environment.
    """
    chosen = Settings(state_dir=state_dir, **({"webhooks_allow_private": True} | settings))
    clock = clock or ShiftedClock()
    async with AsyncExitStack() as stack:
        gateways = await stack.enter_async_context(open_gateways(chosen))
        stack.push_async_callback(after_commits)
        service = service_of(chosen, database, temporal_client, clock, patience=PATIENCE)
        yield ServiceUnderTest(**vars(service) | {"clock": clock}, gateways=gateways)
