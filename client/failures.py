"""Failed tasks as operators work through them: looked at in groups, replayed, or dismissed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from mainspring.client.errors import BadInput, GroupUnknown, TaskNotRetryable
from mainspring.client.jobs import Jobs
from mainspring.contracts.failures import FailureFilter, FailureGroup, Replayed
from mainspring.contracts.tasks import Task
from mainspring.domain.failures import REPLAYS_A_SECOND
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.errors import AlreadyRetried
from mainspring.storage.ledger import FailureStore
from mainspring.workflows.runtime.catalogue import UnknownJob

# Failed tasks read at once.
PAGE = 100

# The first task of a group is watched so long before its neighbours follow: three attempts, 2 and 4 s apart,
# and some work. A task that takes longer is not waited for.
PATIENCE = timedelta(seconds=20)

# What keeps one task from being replayed, and is no reason to leave the others.
NOT_THIS_ONE = (AlreadyRetried, TaskNotRetryable, UnknownJob, ValidationError, BadInput)


class Failures:
    """Failed tasks of a workspace, neither retried nor dismissed. All of it works while Temporal is away."""

    def __init__(self, database: Database, jobs: Jobs, clock: Clock) -> None:
        self._database = database
        self._jobs = jobs
        self._clock = clock

    async def groups(self, criteria: FailureFilter | None = None, *, limit: int = 100) -> list[FailureGroup]:
        """Return the groups, the one that failed last first."""
        criteria = criteria or FailureFilter()
        return await self._database.read(
            lambda session: FailureStore(session, self._jobs.workspace).groups(criteria, limit=limit)
        )

    async def group(self, beginning: str) -> FailureGroup:
        """Return the one group whose fingerprint begins so; GroupUnknown when there is none, or several."""
        found = await self.groups(FailureFilter(group=beginning), limit=2) if beginning else []
        if len(found) != 1:
            raise GroupUnknown(beginning, is_ambiguous=bool(found))
        return found[0]

    async def tasks(
        self, criteria: FailureFilter, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return failed tasks without their error logs, the latest failure first.

        `before` is the last task of the page above.
        """
        above = None if before is None else (before.finished_at or before.created_at, before.id)
        return await self._database.read(
            lambda session: FailureStore(session, self._jobs.workspace).newest(
                criteria, before=above, limit=limit
            )
        )

    async def count(self, criteria: FailureFilter) -> int:
        """Return how many failed tasks meet the criteria."""
        return await self._database.read(
            lambda session: FailureStore(session, self._jobs.workspace).count(criteria)
        )

    async def dismiss(self, criteria: FailureFilter) -> int:
        """Take failed tasks off the list without retrying them; return how many."""
        return await self._database.transact(
            lambda session: FailureStore(session, self._jobs.workspace).dismiss(
                criteria, now=self._clock.now()
            )
        )

    async def replay(
        self,
        criteria: FailureFilter,
        *,
        limit: int | None = None,
        rate: float = REPLAYS_A_SECOND,
        stop_when_it_returns: bool = True,
        patience: timedelta = PATIENCE,
        within: timedelta | None = None,
        on_replayed: Callable[[Task, UUID], None] = lambda _task, _new_id: None,
    ) -> Replayed:
        """Retry the oldest failures first, at most `limit`, at `rate` tasks a second.

        The first task of each group goes ahead and is watched for `patience`, also when it is the only one:
        the replay stops when a replayed task fails in a way that is being replayed. No task is replayed
        twice, whoever else replays meanwhile. With `within` no task is replayed after so long. `on_replayed`
        is called with each task and its new task. What failed since the replay began does not count as left.
        """
        replay, began = _Replay(self._clock.now()), time.monotonic()
        # What fails again meanwhile is for the next replay, or this one might never end.
        criteria = criteria.model_copy(update={"until": min(criteria.until or replay.since, replay.since)})
        async for task in self._oldest(criteria):
            if limit is not None and len(replay.started) >= limit:
                break
            if within is not None and time.monotonic() - began >= within.total_seconds():
                break
            if stop_when_it_returns and await self._has_returned(replay):
                break
            new_id = await self._retried(task, replay)
            if new_id is not None:
                on_replayed(task, new_id)
                is_first = replay.note(task, new_id)
                await self._pause(new_id, 1 / rate, patience if is_first and stop_when_it_returns else None)
        # The last one, or the only one, has no successor that would have asked.
        if stop_when_it_returns and replay.stopped_because is None:
            await self._has_returned(replay)
        return replay.result(remaining=await self.count(criteria))

    async def _oldest(self, criteria: FailureFilter) -> AsyncIterator[Task]:
        after: tuple[datetime, UUID] | None = None
        while page := await self._page(criteria, after):
            for task in page:
                yield task
            last = page[-1]
            after = (last.finished_at or last.created_at, last.id)

    async def _page(self, criteria: FailureFilter, after: tuple[datetime, UUID] | None) -> list[Task]:
        return await self._database.read(
            lambda session: FailureStore(session, self._jobs.workspace).oldest(
                criteria, after=after, limit=PAGE
            )
        )

    async def _retried(self, task: Task, replay: "_Replay") -> UUID | None:
        try:
            started = await self._jobs.retry(task.id)
        except NOT_THIS_ONE as error:
            replay.passed_over[task.id] = str(error)
            return None
        if started.deduplicated:
            replay.passed_over[task.id] = f"task {started.id} of the same key is active"
            return None
        return started.id

    async def _pause(self, new_id: UUID, pause_seconds: float, patience: timedelta | None) -> None:
        if patience is not None:
            with suppress(TimeoutError):  # a long task, or no worker: its end is not waited for
                await asyncio.wait_for(self._jobs.tasks.wait(new_id), patience.total_seconds())
        await asyncio.sleep(pause_seconds)

    async def _has_returned(self, replay: "_Replay") -> bool:
        returned = await self._database.read(
            lambda session: FailureStore(session, self._jobs.workspace).returned(
                replay.fingerprints, since=replay.since
            )
        )
        if returned is not None:
            replay.stopped_because = (
                f"task {returned.id} failed again: {returned.error_type}: {returned.error_message}"
            )
        return returned is not None


@dataclass
class _Replay:
    """How far a replay has come."""

    since: datetime
    started: list[UUID] = field(default_factory=list)
    passed_over: dict[UUID, str] = field(default_factory=dict)
    fingerprints: set[str] = field(default_factory=set)
    stopped_because: str | None = None

    def note(self, task: Task, new_id: UUID) -> bool:
        """Count a new task; return whether it is the first one of its group."""
        self.started.append(new_id)
        known = len(self.fingerprints)
        self.fingerprints.add(task.fingerprint or "")
        return len(self.fingerprints) > known

    def result(self, remaining: int = 0) -> Replayed:
        return Replayed(
            started=tuple(self.started),
            passed_over=dict(self.passed_over),
            stopped_because=self.stopped_because,
            remaining=remaining,
        )
