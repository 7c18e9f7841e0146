"""A whole Mainspring for one test: a worker in this process, the stand-in vendor, and the ways in."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from temporalio.client import Client, WorkflowHandle

from mainspring.client.accounts import Accounts
from mainspring.client.jobs import Jobs
from mainspring.client.schedules import Schedules
from mainspring.config.gateways import Gateways, open_gateways
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import (
    ReconcileTasks,
    RelayTasks,
    Task,
    TasksReconciled,
    TasksRelayed,
    TaskState,
)
from mainspring.domain.cards import InventoryLine
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.cards import InventoryRepository
from mainspring.storage.database import Database, after_commits
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import VariantRow
from mainspring.testing.eventually import eventually
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.worker import Workers, build_worker
from mainspring.workflows.maintenance import ReconcileTasksWorkflow, RelayTasksWorkflow


@dataclass(frozen=True)
class Service:
    """What `running_service` gives. The vendor's clock is the worker's, so minutes pass in no time."""

    settings: Settings
    temporal_client: Client
    database: Database
    sandbox: JustTcgEmulator
    gateways: Gateways
    clock: ShiftedClock

    @property
    def temporal(self) -> TemporalGateway:
        """Temporal as the client sees it."""
        return TemporalGateway(self.temporal_client, self.settings.task_queue)

    @property
    def jobs(self) -> Jobs:
        """The typed client."""
        return Jobs(self.database, self.temporal, self.clock)

    @property
    def schedules(self) -> Schedules:
        """The declared schedules, in the test's own namespace."""
        return Schedules(self.temporal_client, self.settings)

    @property
    def accounts(self) -> Accounts:
        """The accounts from outside."""
        box = SecretBox(encryption_key(self.settings))
        return Accounts(self.database, self.temporal, box, self.clock)

    def worker(self, clock: Clock | None = None) -> Workers:
        """Return one more worker, which is not running yet."""
        return build_worker(
            self.settings, self.temporal_client, self.database, self.gateways, clock or self.clock
        )

    async def add_account(
        self,
        name: str = "shop",
        plan: str = "Professional",
        *,
        games: Sequence[str] = (),
        sets: Sequence[str] = (),
        inventory: Sequence[str] = (),
        **limits: int,
    ) -> UUID:
        """Add an account with a key of its own that the vendor knows; return its id."""
        self.sandbox.add_key(f"key-of-{name}", plan, **limits)
        account = await self.accounts.add(name, plan=plan, api_key=f"key-of-{name}")
        await self.accounts.follow(name, games=games, sets=sets)
        lines = [InventoryLine(f"item-{number}", each, 1) for number, each in enumerate(inventory)]
        await self.database.transact(lambda session: InventoryRepository(session).load(account.id, lines))
        return account.id

    async def prices(self) -> dict[str, int | None]:
        """Return every stored price by variant id."""

        async def look(session: Any) -> dict[str, int | None]:
            rows = await session.execute(select(VariantRow.id, VariantRow.price_cents))
            return {row.id: row.price_cents for row in rows}

        return await self.database.read(look)

    def sold_at(self, variant_ids: Collection[str]) -> dict[str, int | None]:
        """Return what the vendor asks for these now."""
        return {each: self.sandbox.price_cents(each) for each in variant_ids}

    def variants_of(self, *set_ids: str) -> list[str]:
        """Return the ids of all variants in these sets."""
        sets = self.sandbox.catalogue.sets
        return [variant.id for each in set_ids for card in sets[each].cards for variant in card.variants]

    async def until(self, task_id: UUID, reached: Callable[[Task], bool]) -> Task:
        """Wait until a task is as wished, and return it as it was then."""
        task = await eventually(
            lambda: self.jobs.get(task_id), lambda task: reached(task) or task.state.is_final
        )
        assert reached(task), task
        return task

    async def wait(self, task_id: UUID) -> Task:
        """Return a task in its final state."""
        return await eventually(lambda: self.jobs.get(task_id), lambda task: task.state.is_final)

    async def all_tasks(self) -> list[Task]:
        """Return every task, the newest first."""
        return await self.jobs.find(limit=1_000)

    async def first_task(self) -> Task:
        """Wait until there is a task, and return it."""
        return (await eventually(self.all_tasks, bool))[-1]

    async def active_tasks(self) -> list[Task]:
        """Return the tasks that have not ended."""
        return [task for task in await self.all_tasks() if not task.state.is_final]

    async def raw_start(self, workflow: str, *arguments: Any, workflow_id: str) -> WorkflowHandle[Any, Any]:
        """Start a workflow as `temporal workflow start` does: plain JSON, no memo."""
        return await self.temporal_client.start_workflow(
            workflow, args=arguments, id=workflow_id, task_queue=self.settings.task_queue
        )

    async def until_listed(self, status: str) -> None:
        """Wait until Temporal's list, which lags a little, has a workflow of this status."""
        query = f'ExecutionStatus="{status}"'
        await eventually(lambda: self.temporal_client.count_workflows(query), lambda found: found.count > 0)

    async def relay(self) -> TasksRelayed:
        """Run the relay once, as its schedule does."""
        return await self.temporal_client.execute_workflow(
            RelayTasksWorkflow.run, RelayTasks(), id="relay", task_queue=self.settings.task_queue
        )

    async def reconcile(self) -> TasksReconciled:
        """Run the sweep once, as its schedule does."""
        return await self.temporal_client.execute_workflow(
            ReconcileTasksWorkflow.run,
            ReconcileTasks(),
            id="reconcile",
            task_queue=self.settings.task_queue,
        )


def is_waiting(task: Task) -> bool:
    """Whether a task waits for a quota."""
    return task.state is TaskState.WAITING


@asynccontextmanager
async def idle_service(
    temporal_client: Client,
    database: Database,
    state_dir: Path,
    clock: ShiftedClock | None = None,
    **settings_beside: Any,
) -> AsyncIterator[Service]:
    """Give everything but a worker; `settings_beside` win over what a test is given otherwise."""
    clock = clock or ShiftedClock()
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(JustTcgEmulator(now=clock.now))
        local: dict[str, Any] = {"justtcg_url": sandbox.base_url, "webhooks_allow_private": True}
        settings = Settings(state_dir=state_dir, **(local | settings_beside))
        gateways = await stack.enter_async_context(open_gateways(settings))
        stack.push_async_callback(after_commits)
        yield Service(settings, temporal_client, database, sandbox, gateways, clock)
