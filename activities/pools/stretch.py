"""One stretch of a queue: rows are claimed for this activity, and settled under its claim."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from temporalio import activity

from activities.dispatch import wake_deliveries
from activities.faults import Patience
from activities.pools.outcomes import Done, Outcome, PoolTask, Prepare, Store, verdict_of
from contracts.message import Message
from contracts.pools import Pool, StretchWorked
from contracts.tasks import TaskState
from gateways.clock import Clock
from gateways.engine import Engine
from storage.database import Database, Session
from storage.tasks import PoolRepository, SettlementRepository
from storage.tasks.pool import ClaimedTask, claim_of
from storage.tasks.settling import Settled, Verdict

In = TypeVar("In", bound=Message)

# A queue of any length costs the engine one activity in this time.
STRETCH = timedelta(seconds=30)


class Stretch(Generic[In]):
    """The rows that the running activity holds, until its time is over."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        clock: Clock,
        *,
        job: str,
        pool: Pool,
        kind: type[In],
        patience: Patience,
        prepare: Prepare[In] | None,
        store: Store[In] | None,
    ) -> None:
        info = activity.info()
        self._step = info.activity_type
        self._claim = claim_of(info.workflow_run_id or "", info.activity_id)
        self._database, self._engine, self._clock = database, engine, clock
        self._job, self._kind, self._patience = job, kind, patience
        self._prepare, self._store = prepare, store
        self._held: dict[UUID, ClaimedTask] = {}
        self._counts: Counter[TaskState] = Counter()
        self._is_first = info.attempt == 1
        self._ends = time.monotonic() + STRETCH.total_seconds()
        self.pool = pool

    @property
    def goes_on(self) -> bool:
        """Whether more rows may be claimed.

        Not by an attempt after one that died: the drain has put another stretch in its place long ago.
        """
        return self._is_first and time.monotonic() < self._ends and not activity.is_worker_shutdown()

    async def resume(self) -> list[PoolTask[In]]:
        """Take up what an attempt of this activity that died has left."""
        return await self._take(lambda queues: queues.resume(self._claim, now=self._clock.now()))

    async def claim(self, limit: int) -> list[PoolTask[In]]:
        """Take up to `limit` rows that are due, unless the stretch is over."""
        if limit < 1 or not self.goes_on:
            return []
        return await self._take(
            lambda queues: queues.claim(self._job, self._claim, limit=limit, now=self._clock.now())
        )

    async def _take(
        self, work: Callable[[PoolRepository], Awaitable[list[ClaimedTask]]]
    ) -> list[PoolTask[In]]:
        async def write(session: Session) -> tuple["_Taken[In]", list[UUID]]:
            queues = PoolRepository(session)
            taken = self._read(await work(queues))
            if self._prepare is not None and taken.tasks:
                prepared = await self._prepare(session, taken.tasks)
                taken.tasks = [replace(task, prepared=prepared.get(task.id)) for task in taken.tasks]
            return taken, queues.deliveries

        taken, deliveries = await self._database.transact(write)
        await self._tell(deliveries)
        self._held |= {row.id: row for row in taken.rows}
        if taken.unreadable:
            verdicts = [self._verdict(row, error) for row, error in taken.unreadable]
            await self._settle(verdicts, ())
        return taken.tasks

    def _read(self, rows: Sequence[ClaimedTask]) -> "_Taken[In]":
        taken: _Taken[In] = _Taken(rows)
        for row in rows:
            try:
                given = self._kind.model_validate(row.given)
            except ValueError as error:  # pydantic's: the row was written by another version of the job
                taken.unreadable.append((row, error))
            else:
                taken.tasks.append(PoolTask(row.id, given, row.attempt))
        return taken

    async def settle(self, done: Sequence[Done[In]]) -> None:
        """Write what became of these, with the job's own results, in one transaction."""
        await self._settle([self._verdict(self._held[each.task.id], each.outcome) for each in done], done)

    def _verdict(self, row: ClaimedTask, outcome: Outcome) -> Verdict:
        return verdict_of(row, outcome, patience=self._patience, step=self._step, now=self._clock.now())

    async def _settle(self, verdicts: Sequence[Verdict], done: Sequence[Done[In]]) -> None:
        async def write(session: Session) -> Settled:
            settled = await SettlementRepository(session).settle(self._claim, verdicts, now=self._clock.now())
            # What another has claimed meanwhile is the other's.
            ours = [
                replace(each, state=settled.states[each.task.id])
                for each in done
                if each.task.id in settled.states
            ]
            if self._store is not None and ours:
                await self._store(session, ours)
            return settled

        settled = await self._database.transact(write)
        self._counts.update(settled.states.values())
        for verdict in verdicts:
            del self._held[verdict.id]
        await self._tell(settled.deliveries)

    async def _tell(self, deliveries: Sequence[UUID]) -> None:
        await wake_deliveries(self._database, self._engine, deliveries, now=self._clock.now())

    async def report(self) -> StretchWorked:
        """Return what became of the rows, and what waits now."""
        at_most = self.pool.page * self.pool.parallel
        queue = await self._database.read(
            lambda session: PoolRepository(session).queue(self._job, at_most=at_most, now=self._clock.now())
        )
        return StretchWorked(
            succeeded=self._counts[TaskState.SUCCESS],
            put_off=self._counts[TaskState.RUNNING],
            failed=self._counts[TaskState.FAILED],
            cancelled=self._counts[TaskState.CANCELLED],
            queue=queue,
        )


@dataclass
class _Taken(Generic[In]):
    """Rows that were claimed, as tasks; those whose input cannot be read are apart."""

    rows: Sequence[ClaimedTask]
    tasks: list[PoolTask[In]] = field(default_factory=list)
    unreadable: list[tuple[ClaimedTask, Exception]] = field(default_factory=list)
