"""Claiming rows, and having them prepared by their job in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from mainspring.activities.runtime.queue.leases import Leases
from mainspring.activities.runtime.queue.results import Prepare, QueueTask, TaskDone
from mainspring.contracts.message import Message
from mainspring.contracts.retry import Retry, retry_of
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import DatabaseAway
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


def _is_of_the_batch(error: Exception) -> bool:
    """Whether no row could be prepared just now. What a person has to mend may be one row's own."""
    return isinstance(error, DatabaseAway) or retry_of(error) is Retry.TRANSIENT


class Claimer(Generic[In]):
    """Claims rows for one attempt of an activity."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        leases: Leases,
        *,
        claim: str,
        kind: type[In],
        prepare: Prepare[In] | None,
        begin: Callable[[UUID], Awaitable[None]],
        sets_suspects_apart: bool = False,
    ) -> None:
        self._database, self._clock = database, clock
        self._leases, self._claim = leases, claim
        self._kind, self._prepare, self._begin = kind, prepare, begin
        # Suspected tasks are prepared where they are worked: in isolation.
        self._sets_suspects_apart = sets_suspects_apart

    async def claim(self, work: Claim) -> Claimed[In]:
        """Claim rows and prepare them. A row that cannot be prepared is no reason not to work the others."""
        since = self._clock.now()
        try:
            claimed, is_prepared = await self._claimed(work, self._prepare), True
        except Exception as error:
            if self._prepare is None or _is_of_the_batch(error):
                raise
            log.warning("a page could not be prepared", error_type=type(error).__name__, error=str(error))
            claimed, is_prepared = await self._claimed(work, None), False
        self._leases.add(claimed.rows, since=since)
        if not is_prepared:
            await self._prepare_each(claimed)
        return claimed

    async def _claimed(self, work: Claim, prepare: Prepare[In] | None) -> Claimed[In]:
        async def write(session: Session) -> Claimed[In]:
            claimed = self._read(await work(QueueStore(session)))
            to_prepare = [task for task in claimed.tasks if self._is_prepared_here(task)]
            if prepare is not None and to_prepare:
                prepared = await prepare(session, to_prepare)
                claimed.tasks = [replace(task, prepared=prepared.get(task.id)) for task in claimed.tasks]
            return claimed

        return await self._database.transact(write)

    def _is_prepared_here(self, task: QueueTask[In]) -> bool:
        return task.deaths == 0 or not self._sets_suspects_apart

    def _read(self, rows: Sequence[ClaimedRow]) -> Claimed[In]:
        claimed: Claimed[In] = Claimed(rows)
        for row in rows:
            try:
                message = self._kind.restore(row.input)
            except ValueError as error:  # pydantic's: the row was written by another version of the job
                claimed.unreadable.append((row, error))
            else:
                begin = partial(self._begin, row.id)
                task = QueueTask(
                    row.id, message, row.attempt, workspace=row.workspace, deaths=row.deaths, begin=begin
                )
                claimed.tasks.append(task)
        return claimed

    async def _prepare_each(self, claimed: Claimed[In]) -> None:
        """Prepare the tasks one by one. An attempt that ends in the midst of it has left claims only."""
        tasks = [task for task in claimed.tasks if self._is_prepared_here(task)]
        claimed.tasks = [task for task in claimed.tasks if not self._is_prepared_here(task)]
        for task in tasks:
            try:
                prepared = await self._prepared(task)
            except Exception as error:  # it became of this task, and `delay_after` says what that means
                if _is_of_the_batch(error):
                    raise
                claimed.unprepared.append(TaskDone(task, error))
            else:
                claimed.tasks.extend(prepared)

    async def _prepared(self, task: QueueTask[In]) -> list[QueueTask[In]]:
        """Return the task as it was prepared; none when another attempt has taken it up."""

        async def write(session: Session) -> list[QueueTask[In]]:
            assert self._prepare is not None  # noqa: S101  # or else nothing could fail
            if not await QueueQueries(session).still_claimed(self._claim, [task.id], hold=True):
                return []
            prepared = await self._prepare(session, [task])
            return [replace(task, prepared=prepared.get(task.id))]

        return await self._database.transact(write)
