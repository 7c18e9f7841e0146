"""Which tasks are suspected of having killed their worker, and how often that has happened."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.isolation.deaths import WorkerDied
from mainspring.activities.runtime.isolation.isolation import Isolation, NoProcess
from mainspring.activities.runtime.isolation.process import Died, Heard
from mainspring.activities.runtime.isolation.register import Registered
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.message import Message
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import DeathCount, QueueStore

T = TypeVar("T")

# In the place of a worker: the attempt before was never heard of, or could not be tried alone.
SUSPECTED = "suspected"


class Suspects:
    """What a worker does about tasks whose worker has died.

    Without `isolation`, as in tests within one process, no task is suspected.
    """

    def __init__(
        self,
        database: Database,
        *,
        isolation: Isolation | None = None,
        registered: Registered | None = None,
        most_deaths: int = 3,
    ) -> None:
        self._database = database
        self._isolation, self._registered = isolation, registered
        self.most_deaths = most_deaths

    @property
    def worker(self) -> str | None:
        """The worker of whom heartbeats tell, so that the next attempt can ask whether it has died."""
        return None if self._registered is None else str(self._registered.id)

    @property
    def are_isolated(self) -> bool:
        """Whether a task can be tried away from the others."""
        return self._isolation is not None

    async def worker_died(self, worker: str | None) -> bool:
        """Whether the worker of the attempt before has died, by its id; also SUSPECTED is one that has."""
        registered = self._registered
        if registered is None or worker is None:
            return False
        return worker == SUSPECTED or await outlast(lambda: registered.has_died(UUID(worker)))

    async def suspect(self, task_id: UUID | None, workflow_id: str | None) -> tuple[UUID, int] | None:
        """Count the death of a worker that ran a task of a workflow; return the task and its deaths.

        None when the workflow has no task of its own, or the task has ended.
        """
        return await self._written(partial(_deaths, task_id, workflow_id, DeathCount.suspect))

    async def suspected(self, task_id: UUID | None, workflow_id: str | None) -> tuple[UUID, int] | None:
        """Return the task of a workflow and its deaths when it is suspected already, or else None."""
        if not self.are_isolated:
            return None
        look = partial(_deaths, task_id, workflow_id, DeathCount.of)
        found = await outlast(lambda: self._database.read(look))
        return found if found is not None and found[1] else None

    async def run(self, task_id: UUID, deaths: int | None, arguments: Sequence[Any]) -> Any:
        """Run the activity of a suspected task in isolation, again when it has killed its process.

        WorkerDied: when it has done so too often.
        """
        while deaths is not None and deaths < self.most_deaths:
            try:
                result = await self._isolated.run(activity.info(), arguments)
            except Died:
                deaths = await self._counted(task_id, deaths + 1)
                continue
            except NoProcess:
                raise
            except Exception:
                await self._clear(task_id)
                raise
            await self._clear(task_id)
            return result
        raise WorkerDied(deaths or self.most_deaths)

    async def run_order(self, order: Message, heard: Heard) -> None:
        """Have the running activity work an order in isolation; `heard` gets what is told of each task there.

        Died: when the process has died.
        """
        await self._isolated.run(activity.info(), [order], heard)

    async def count_of_claim(self, claim: str, task_id: UUID, deaths: int) -> int | None:
        """Write how many workers in a row have died under a row; None when another claim has the row."""
        return await self._written(lambda session: QueueStore(session).write_deaths(claim, task_id, deaths))

    @property
    def _isolated(self) -> Isolation:
        assert self._isolation is not None  # noqa: S101  # or else nothing is suspected
        return self._isolation

    async def _counted(self, task_id: UUID, deaths: int) -> int | None:
        return await self._written(lambda session: DeathCount(session).write(task_id, deaths))

    async def _clear(self, task_id: UUID) -> None:
        await self._written(lambda session: DeathCount(session).write(task_id, 0))

    async def _written(self, write: Callable[[Session], Awaitable[T]]) -> T:
        return await outlast(lambda: self._database.transact(write))


async def _deaths(
    task_id: UUID | None,
    workflow_id: str | None,
    count: Callable[[DeathCount, UUID], Awaitable[int | None]],
    session: Session,
) -> tuple[UUID, int] | None:
    """Return the task that is named, or that a workflow works for, with its count; None when it has none."""
    deaths = DeathCount(session)
    found = task_id or await deaths.task_of(workflow_id or "")
    counted = None if found is None else await count(deaths, found)
    return None if found is None or counted is None else (found, counted)
