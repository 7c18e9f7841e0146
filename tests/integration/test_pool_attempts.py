"""Attempts of a pool's activity that stood still, were cancelled or failed: what they begin, and leave."""

import asyncio
import errno
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes, QueueTask, Snooze, TaskDone
from mainspring.client.tasks.status_text import note
from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, QueueWorked, WorkQueue
from mainspring.contracts.tasks import Task, TaskState
from mainspring.gateways.errors import Refused
from mainspring.storage.database import Session
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.ledger import DeathCount
from tests.pooled import NAME, NOTE_NUMBER, NoteNumber, NumberNoted
from tests.service import Service

POOL = BatchedQueue(page=10, parallel=2)

# Longer than an attempt may say nothing.
STANDSTILL = timedelta(seconds=11)


@dataclass
class Notary:
    """Notes numbers task by task, each when it is let through; what cannot be prepared is in `poison`."""

    queues: BatchedQueues
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begins_late: bool = False
    poison: frozenset[int] = frozenset()
    arrived: int = 0
    noted: Counter[int] = field(default_factory=Counter)
    stored: list[TaskDone[NoteNumber]] = field(default_factory=list)
    claims_away: list[bool] = field(default_factory=list)
    stores_away: int = 0
    disk_is_full: bool = False

    async def work(self, request: WorkQueue) -> QueueWorked:
        """Work a batch."""
        return await self.queues.work_each(
            request,
            NoteNumber,
            self._note,
            prepare=self._prepare,
            store=self._store,
            begins_late=self.begins_late,
        )

    async def work_pages(self, request: WorkQueue) -> QueueWorked:
        """Work a batch page by page."""
        return await self.queues.work_batches(request, NoteNumber, self._note_page, store=self._store)

    async def _note_page(self, page: Sequence[QueueTask[NoteNumber]]) -> Mapping[UUID, Message | Exception]:
        self.noted.update(task.input.number for task in page)
        return {task.id: NumberNoted(number=task.input.number) for task in page}

    async def _note(self, task: QueueTask[NoteNumber]) -> Message:
        self.arrived += 1
        await self.open.wait()
        if self.begins_late:
            await task.begin()
        if self.disk_is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.noted[task.prepared] += 1
        return NumberNoted(number=task.input.number)

    async def _prepare(
        self, _session: Session, tasks: Sequence[QueueTask[NoteNumber]]
    ) -> Mapping[UUID, object]:
        if self.claims_away and self.claims_away.pop(0):
            raise DatabaseAway
        if self.poison & {task.input.number for task in tasks}:
            raise Refused("not this one", service="tests")
        return {task.id: task.input.number for task in tasks}

    async def _store(self, _session: Session, done: Sequence[TaskDone[NoteNumber]]) -> None:
        if self.stores_away:
            self.stores_away -= 1
            raise DatabaseAway
        self.stored += done


Hire = Callable[..., Notary]


@pytest.fixture
def hire(workerless: Service) -> Hire:
    """Give a maker of notaries, who all work the same queue."""
    queues = BatchedQueues(
        workerless.database, workerless.clock, QueueSizes({NAME: POOL}), Suspects(workerless.database)
    )
    return lambda **given: Notary(queues, **given)


def attempt(
    number: int,
    notary: Notary,
    *,
    failures: int = 0,
    activity_id: str = "1",
    work: Callable[[WorkQueue], Awaitable[QueueWorked]] | None = None,
) -> Awaitable[QueueWorked]:
    """Return an attempt at one activity, after so many that have failed; others before were lost."""
    environment = ActivityEnvironment()
    environment.info = replace(
        environment.info,
        workflow_run_id="run",
        activity_id=activity_id,
        attempt=number,
        heartbeat_details=[failures, 0, None],
    )
    return environment.run(work or notary.work, WorkQueue(job=NAME))


async def start(service: Service, count: int) -> list[UUID]:
    """Start tasks that nobody works yet."""
    return [
        each.id
        for each in await service.jobs.start_many(NOTE_NUMBER, [NoteNumber(number=n) for n in range(count)])
    ]


async def tasks(service: Service, ids: Sequence[UUID]) -> list[Task]:
    """Return the tasks as they are."""
    return [await service.tasks.get(each) for each in ids]


async def until_arrived(notary: Notary, count: int) -> None:
    """Wait until the work of so many tasks was called."""
    async with asyncio.timeout(10):
        while notary.arrived < count:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.01)


async def test_what_has_waited_through_a_standstill_is_not_begun_when_another_attempt_has_taken_it(
    workerless: Service, hire: Hire
) -> None:
    """An attempt that stood still does nothing twice, and changes nothing of what the next one has done."""
    frozen, next_one = hire(begins_late=True), hire(begins_late=True)
    ids = await start(workerless, 5)
    first = asyncio.ensure_future(attempt(1, frozen))
    await until_arrived(frozen, 5)

    workerless.clock.advance(STANDSTILL)
    next_one.open.set()
    second = await attempt(2, next_one)
    frozen.open.set()
    late = await first

    assert (5, 0, 0) == (second.succeeded, late.succeeded, late.put_off)
    assert (Counter(), Counter(range(5))) == (frozen.noted, next_one.noted)
    assert [] == frozen.stored
    assert {TaskState.SUCCESS} == {task.state for task in await tasks(workerless, ids)}


async def test_what_has_waited_through_a_standstill_is_begun_when_nobody_has_taken_it(
    workerless: Service, hire: Hire
) -> None:
    """It is looked up, not guessed; nothing more is claimed, for the next attempt is expected."""
    notary = hire(begins_late=True)
    await start(workerless, 15)
    working = asyncio.ensure_future(attempt(1, notary))
    await until_arrived(notary, 10)

    workerless.clock.advance(STANDSTILL)
    notary.open.set()
    worked = await working

    assert (10, 5) == (worked.succeeded, worked.queue.due)
    assert Counter(range(10)) == notary.noted


@pytest.mark.parametrize("begins_late", [True, False])
async def test_what_is_broken_off_before_it_has_begun_is_put_off(
    workerless: Service, hire: Hire, begins_late: bool
) -> None:
    """It is free for others, as one that surely did nothing; what had begun is left to the next attempt."""
    notary, other = hire(begins_late=begins_late), hire()
    await start(workerless, 3)
    working = asyncio.ensure_future(attempt(1, notary))
    await until_arrived(notary, 3)

    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    other.open.set()
    await attempt(1, other, activity_id="2")

    put_off = [each for each in notary.stored if isinstance(each.result, Snooze)]
    free = 3 if begins_late else 0
    assert (free, free) == (len(put_off), other.noted.total())


async def test_a_suspected_task_that_is_broken_off_before_it_has_begun_is_suspected_still(
    workerless: Service, hire: Hire
) -> None:
    """What has not begun has shown nothing."""
    notary = hire(begins_late=True)
    (task_id,) = await start(workerless, 1)
    await workerless.database.transact(lambda session: DeathCount(session).write(task_id, 2))

    working = asyncio.ensure_future(attempt(1, notary))
    await until_arrived(notary, 1)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert [2] == [task.deaths for task in await tasks(workerless, [task_id])]


async def test_a_task_that_cannot_be_prepared_holds_up_no_other_and_fails_in_the_end(
    workerless: Service, hire: Hire
) -> None:
    """Each of its attempts is in its log, and it backs off as one whose work fails."""
    notary = hire(poison=frozenset({3}))
    notary.open.set()
    ids = await start(workerless, 6)

    worked = []
    for number in range(3):
        worked.append(await attempt(1, notary, activity_id=str(number)))
        workerless.clock.advance(timedelta(minutes=1))

    poisoned = await workerless.tasks.get(ids[3])
    assert [(5, 1, 0), (0, 1, 0), (0, 0, 1)] == [(e.succeeded, e.put_off, e.failed) for e in worked]
    assert (TaskState.FAILED, "Refused", 3) == (poisoned.state, poisoned.error_type, len(poisoned.errors))
    assert Counter(n for n in range(6) if n != 3) == notary.noted


async def test_an_attempt_after_one_that_failed_goes_on_claiming(workerless: Service, hire: Hire) -> None:
    """If it cannot it fails too, and the consumer does not try without end; one after a lost one does not."""
    notary = hire()
    notary.open.set()
    await start(workerless, 4)

    after_lost = await attempt(2, notary)
    after_failed = await attempt(3, notary, failures=2)

    assert (0, 4) == (after_lost.succeeded, after_failed.succeeded)


@pytest.mark.parametrize("is_paged", [False, True])
async def test_what_is_done_is_kept_while_the_database_is_away_and_not_done_again(
    workerless: Service, hire: Hire, is_paged: bool
) -> None:
    """The attempt is alive, and holds the rows: it writes the results once the database is back."""
    notary = hire(stores_away=3)
    notary.open.set()
    ids = await start(workerless, 5)

    worked = await attempt(1, notary, work=notary.work_pages if is_paged else None)

    assert (5, 0, 0) == (worked.succeeded, worked.put_off, worked.failed)
    assert Counter(range(5)) == notary.noted
    assert {TaskState.SUCCESS} == {task.state for task in await tasks(workerless, ids)}


async def test_a_claim_that_meets_no_database_breaks_nothing_off(workerless: Service, hire: Hire) -> None:
    """What is under way goes on to its end and is acknowledged; the next attempt claims the others."""
    notary = hire(claims_away=[False, True])
    ids = await start(workerless, 9)
    first = asyncio.ensure_future(attempt(1, notary))
    await until_arrived(notary, 9)
    ids += await start(workerless, 3)
    async with asyncio.timeout(10):
        while notary.claims_away:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.01)
    notary.open.set()

    with pytest.raises(DatabaseAway):
        await first
    done = [task.state for task in await tasks(workerless, ids)].count(TaskState.SUCCESS)
    again = await attempt(2, notary, failures=1)

    assert (9, 3) == (done, again.succeeded)
    assert Counter([*range(9), *range(3)]) == notary.noted


async def test_what_is_broken_off_while_the_database_is_away_waits_for_it_a_moment(
    workerless: Service, hire: Hire
) -> None:
    """Its worker may be stopping: what is done is not given up at the first refusal."""
    notary = hire(stores_away=3)
    notary.open.set()
    ids = await start(workerless, 1)
    working = asyncio.ensure_future(attempt(1, notary))
    async with asyncio.timeout(10):
        while notary.stores_away == 3:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.005)

    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert [TaskState.SUCCESS] == [task.state for task in await tasks(workerless, ids)]


async def test_a_full_disk_is_waited_for_and_stands_once_in_the_error_log(
    workerless: Service, hire: Hire
) -> None:
    """However long that takes: the reason is shown, and the task goes on when there is room."""
    notary = hire()
    notary.open.set()
    notary.disk_is_full = True
    (task_id,) = await start(workerless, 1)
    for number in range(1, 8):
        await attempt(1, notary, activity_id=str(number))
        workerless.clock.advance(timedelta(hours=1))
    waiting = await workerless.tasks.get(task_id)
    notary.disk_is_full = False
    await attempt(1, notary, activity_id="8")
    done = await workerless.tasks.get(task_id)

    assert (TaskState.RUNNING, 7) == (waiting.state, waiting.attempts)
    assert [(7, "OSError")] == [(each.attempt, each.error_type) for each in waiting.errors]
    assert "No space left on device" in note(waiting)
    assert TaskState.SUCCESS == done.state
