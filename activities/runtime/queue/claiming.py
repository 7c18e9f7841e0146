"""Claiming rows, and having them prepared by their job in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, TypeVar

import structlog

from mainspring.activities.runtime.queue.leases import Leases
from mainspring.activities.runtime.queue.results import Prepare, QueueTask, TaskDone
from mainspring.contracts.message import Message
from mainspring.contracts.retry import Retry, retry_of
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ClaimedRow, QueueQueries, QueueStore

In = TypeVar("In", bound=Message)

# Claims rows, or takes them up again.
Claim = Callable[[QueueStore], Awaitable[list[ClaimedRow]]]

log = structlog.get_logger(__name__)


@dataclass
class Claimed(Generic[In]):
    """Rows that were claimed, as tasks; apart are those whose input cannot be read or be prepared."""

    rows: Sequence[ClaimedRow]
    tasks: list[QueueTask[In]] = field(default_factory=list)
    unreadable: list[tuple[ClaimedRow, Exception]] = field(default_factory=list)
    unprepared: list[TaskDone[In]] = field(default_factory=list)


class Claimer(Generic[In]):
    """Takes rows for one attempt."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        holding: Leases,
        *,
        claim: str,
        kind: type[In],
        prepare: Prepare[In] | None,
    ) -> None:
        self._database, self._clock = database, clock
        self._holding, self._claim = holding, claim
        self._kind, self._prepare = kind, prepare

    async def take(self, work: Claim) -> Claimed[In]:
        """Claim rows and prepare them. A row that cannot be prepared is no reason not to work the others."""
        since = self._clock.now()
        try:
            taken, is_prepared = await self._claimed(work, self._prepare), True
        except Exception as error:
            if self._prepare is None or retry_of(error) is Retry.TRANSIENT:
                raise
            log.warning("a page could not be prepared", error_type=type(error).__name__, error=str(error))
            taken, is_prepared = await self._claimed(work, None), False
        self._holding.add(taken.rows, since=since)
        if not is_prepared:
            await self._prepare_each(taken)
        return taken

    async def _claimed(self, work: Claim, prepare: Prepare[In] | None) -> Claimed[In]:
        async def write(session: Session) -> Claimed[In]:
            taken = self._read(await work(QueueStore(session)))
            if prepare is not None and taken.tasks:
                prepared = await prepare(session, taken.tasks)
                taken.tasks = [replace(task, prepared=prepared.get(task.id)) for task in taken.tasks]
            return taken

        return await self._database.transact(write)

    def _read(self, rows: Sequence[ClaimedRow]) -> Claimed[In]:
        taken: Claimed[In] = Claimed(rows)
        for row in rows:
            try:
                given = self._kind.model_validate(row.given)
            except ValueError as error:  # pydantic's: the row was written by another version of the job
                taken.unreadable.append((row, error))
            else:
                begin = partial(self._holding.begin, row.id)
                taken.tasks.append(QueueTask(row.id, given, row.attempt, begin=begin))
        return taken

    async def _prepare_each(self, taken: Claimed[In]) -> None:
        """Prepare the tasks one by one. An attempt that ends in the midst of it has left claims only."""
        tasks, taken.tasks = taken.tasks, []
        for task in tasks:
            try:
                prepared = await self._prepared(task)
            except Exception as error:  # it became of this task, and `delay_after` says what that means
                if retry_of(error) is Retry.TRANSIENT:
                    raise
                taken.unprepared.append(TaskDone(task, error))
            else:
                taken.tasks.extend(prepared)

    async def _prepared(self, task: QueueTask[In]) -> list[QueueTask[In]]:
        """Return the task as it was prepared; none when another attempt has taken it up."""

        async def write(session: Session) -> list[QueueTask[In]]:
            assert self._prepare is not None  # noqa: S101  # or else nothing could fail
            if not await QueueQueries(session).held(self._claim, [task.id], hold=True):
                return []
            prepared = await self._prepare(session, [task])
            return [replace(task, prepared=prepared.get(task.id))]

        return await self._database.transact(write)
