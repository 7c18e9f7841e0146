"""Claiming rows, and having them prepared by their job in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from mainspring.activities.runtime.queue.leases import Holding
from mainspring.activities.runtime.queue.results import Done, PoolTask, Prepare
from mainspring.activities.runtime.retry import WORLD
from mainspring.contracts.message import Message
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import PoolRepository
from mainspring.storage.ledger.pool import ClaimedTask

In = TypeVar("In", bound=Message)

# Claims rows, or takes them up again.
Claim = Callable[[PoolRepository], Awaitable[list[ClaimedTask]]]

log = structlog.get_logger(__name__)


@dataclass
class Taken(Generic[In]):
    """Rows that were claimed, as tasks; apart are those whose input cannot be read or be prepared."""

    rows: Sequence[ClaimedTask]
    deliveries: Sequence[UUID] = ()
    tasks: list[PoolTask[In]] = field(default_factory=list)
    unreadable: list[tuple[ClaimedTask, Exception]] = field(default_factory=list)
    unprepared: list[Done[In]] = field(default_factory=list)


class Taking(Generic[In]):
    """Takes rows for one attempt."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        holding: Holding,
        *,
        claim: str,
        kind: type[In],
        prepare: Prepare[In] | None,
    ) -> None:
        self._database, self._clock = database, clock
        self._holding, self._claim = holding, claim
        self._kind, self._prepare = kind, prepare

    async def take(self, work: Claim) -> Taken[In]:
        """Claim rows and prepare them. A row that cannot be prepared is no reason not to work the others."""
        since = self._clock.now()
        try:
            taken, is_prepared = await self._claimed(work, self._prepare), True
        except WORLD:
            raise
        except Exception as error:
            if self._prepare is None:
                raise
            log.warning("a page could not be prepared", error_type=type(error).__name__, error=str(error))
            taken, is_prepared = await self._claimed(work, None), False
        self._holding.add(taken.rows, since=since)
        if not is_prepared:
            await self._prepare_each(taken)
        return taken

    async def _claimed(self, work: Claim, prepare: Prepare[In] | None) -> Taken[In]:
        async def write(session: Session) -> Taken[In]:
            queues = PoolRepository(session)
            taken = self._read(await work(queues))
            taken.deliveries = queues.deliveries
            if prepare is not None and taken.tasks:
                prepared = await prepare(session, taken.tasks)
                taken.tasks = [replace(task, prepared=prepared.get(task.id)) for task in taken.tasks]
            return taken

        return await self._database.transact(write)

    def _read(self, rows: Sequence[ClaimedTask]) -> Taken[In]:
        taken: Taken[In] = Taken(rows)
        for row in rows:
            try:
                given = self._kind.model_validate(row.given)
            except ValueError as error:  # pydantic's: the row was written by another version of the job
                taken.unreadable.append((row, error))
            else:
                begin = partial(self._holding.begin, row.id)
                taken.tasks.append(PoolTask(row.id, given, row.attempt, begin=begin))
        return taken

    async def _prepare_each(self, taken: Taken[In]) -> None:
        """Prepare the tasks one by one. An attempt that ends in the midst of it has left claims only."""
        tasks, taken.tasks = taken.tasks, []
        for task in tasks:
            try:
                prepared = await self._prepared(task)
            except WORLD:
                raise
            except Exception as error:  # noqa: BLE001  # it became of this task, and faults judges it
                taken.unprepared.append(Done(task, error))
            else:
                taken.tasks.extend(prepared)

    async def _prepared(self, task: PoolTask[In]) -> list[PoolTask[In]]:
        """Return the task as it was prepared; none when another attempt has taken it up."""

        async def write(session: Session) -> list[PoolTask[In]]:
            assert self._prepare is not None  # noqa: S101  # or else nothing could fail
            if not await PoolRepository(session).held(self._claim, [task.id], hold=True):
                return []
            prepared = await self._prepare(session, [task])
            return [replace(task, prepared=prepared.get(task.id))]

        return await self._database.transact(write)
