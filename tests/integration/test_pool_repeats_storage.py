"""Debounced and throttled rows in the queues of pooled jobs, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.contracts.queues import QueueStatistics
from mainspring.contracts.tasks import Enqueued, NewTask, Task, TaskError, TaskState
from mainspring.storage.database import Database
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    ClaimedRow,
    QueueQueries,
    QueueStore,
    TaskIntake,
    TaskQueries,
    TaskWriter,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
JOB = "embed-product"
SECOND = timedelta(seconds=1)
QUIET = 2 * SECOND


def push(version: int, *, key: str = "shoe", quiet: timedelta = QUIET) -> NewTask:
    """Return a start of a debounced pooled job."""
    return NewTask(
        id=uuid4(),
        job=JOB,
        workflow_id=f"drain-{JOB}",
        job_key=f"{JOB}/{key}",
        dedupe_key=f"{JOB}/{key}",
        input={"version": version},
        is_pooled=True,
        quiet=quiet,
    )


def later(starts_at: datetime) -> NewTask:
    """Return a start of a pooled job for a later time."""
    return push(0, key=str(starts_at)).model_copy(update={"quiet": None, "starts_at": starts_at})


async def accept(database: Database, *tasks: NewTask, now: datetime = NOW) -> list[Enqueued]:
    """Accept tasks in a transaction of their own."""
    return await database.transact(lambda session: TaskIntake(session).enqueue(tasks, now=now))


async def claim(database: Database, now: datetime, claimant: str = "run/1") -> list[ClaimedRow]:
    """Claim what is due."""
    return await database.transact(
        lambda session: QueueStore(session).claim(JOB, claimant, limit=10, now=now)
    )


async def settle(
    database: Database, acknowledgement: Acknowledgement, now: datetime, claimant: str = "run/1"
) -> None:
    """Write what became of a row."""
    await database.transact(
        lambda session: AcknowledgementStore(session).acknowledge(claimant, [acknowledgement], now=now)
    )


async def queue(database: Database, now: datetime) -> QueueStatistics:
    """Return what waits."""
    return await database.read(lambda session: QueueQueries(session).queue(JOB, at_most=100, now=now))


async def has_due(database: Database, now: datetime) -> bool:
    """Whether the relay would wake the consumer."""
    return await database.read(lambda session: QueueQueries(session).has_due(JOB, now=now))


async def wakes(database: Database, task: NewTask, now: datetime) -> bool:
    """Whether the start of this task wakes the consumer."""
    return await database.read(
        lambda session: QueueQueries(session).is_first_in_line(JOB, [task.id], now=now)
    )


async def stored(database: Database, task_id: UUID) -> Task:
    """Return a task."""
    task = await database.read(lambda session: TaskQueries(session).get(task_id))
    assert task is not None
    return task


def done(task_id: UUID) -> Acknowledgement:
    """Return the acknowledgement of a success."""
    return Acknowledgement(task_id, TaskState.SUCCESS, result={})


def snoozed(task_id: UUID, until: datetime) -> Acknowledgement:
    """Return the acknowledgement of a failure that is tried again."""
    error = TaskError(at=NOW, step="test", error_type="Unreachable", message="away")
    return Acknowledgement(task_id, TaskState.RUNNING, error=error, next_attempt_at=until, failures=1)


async def test_the_last_of_many_starts_gives_the_input_and_the_time(database: Database) -> None:
    """One row waits, and it is not due before its key has been quiet."""
    first = push(0)
    await accept(database, first, *(push(version) for version in range(1, 50)))
    await accept(database, push(50), now=NOW + SECOND)

    early = await claim(database, NOW + QUIET)
    claimed = await claim(database, NOW + SECOND + QUIET)

    assert [] == early
    assert [(first.id, {"version": 50})] == [(row.id, row.input) for row in claimed]


async def test_a_start_while_the_row_is_worked_waits_until_that_has_ended(database: Database) -> None:
    """It is a row of its own, which is not due, wakes nobody, and keeps nobody else of the queue back."""
    first, second, other = push(1), push(2), push(7, key="hat")
    await accept(database, first)
    await claim(database, NOW + QUIET)
    await accept(database, second, other, now=NOW + QUIET)
    due = NOW + 2 * QUIET

    claimed = await claim(database, due, "run/2")
    meanwhile = await queue(database, due)
    again = await claim(database, due, "run/3")
    await settle(database, done(first.id), due)
    afterwards = await queue(database, due)
    last = await claim(database, due, "run/3")

    assert ([other.id], [], [second.id]) == tuple([row.id for row in rows] for rows in (claimed, again, last))
    assert [0, 1] == [each.due for each in (meanwhile, afterwards)]
    assert {"version": 1} == (await stored(database, first.id)).input


async def test_a_row_waits_for_the_next_attempt_of_the_one_before(database: Database) -> None:
    """Nobody looks for it in vain meanwhile: not the consumer, not the relay, not a start behind it."""
    first, second, behind = push(1), push(2), push(3, key="hat")
    await accept(database, first)
    await claim(database, NOW + QUIET)
    next_attempt = NOW + 600 * SECOND
    await settle(database, snoozed(first.id, next_attempt), NOW + QUIET)
    await accept(database, second, now=NOW + QUIET)
    due = NOW + 2 * QUIET

    waiting = await queue(database, due), await has_due(database, due), await claim(database, due)
    await accept(database, behind, now=due)
    woken = await wakes(database, behind, due)
    retried = await claim(database, next_attempt)
    await settle(database, done(first.id), next_attempt)
    last = await claim(database, next_attempt)

    nothing_due = QueueStatistics(due=0, next_due_at=next_attempt, next_due_in=next_attempt - due)
    assert (nothing_due, False, []) == waiting
    assert woken
    assert [{first.id, behind.id}, {second.id}] == [{row.id for row in rows} for rows in (retried, last)]


async def test_a_row_that_was_cancelled_between_its_attempts_lets_the_next_one_begin(
    database: Database,
) -> None:
    """What has ended in whatever way is not waited for."""
    first, second = push(1), push(2)
    await accept(database, first)
    await claim(database, NOW + QUIET)
    await settle(database, snoozed(first.id, NOW + 600 * SECOND), NOW + QUIET)
    await accept(database, second, now=NOW + QUIET)
    await database.transact(lambda session: TaskWriter(session).request_cancel(first.id, now=NOW))

    assert [second.id] == [row.id for row in await claim(database, NOW + 2 * QUIET)]


async def test_each_start_is_in_a_claim_that_comes_after_it(database: Database) -> None:
    """However starts and claims meet, no two rows of a key are worked at once, and the last input wins."""
    quiet = timedelta(microseconds=1)
    seen: list[int] = []
    under_way = 0

    async def start(version: int) -> None:
        await accept(database, push(version, quiet=quiet), now=datetime.now(UTC))

    async def work(claimant: str) -> None:
        nonlocal under_way
        for row in await claim(database, datetime.now(UTC), claimant):
            under_way += 1
            assert 1 == under_way
            seen.append(row.input["version"])
            await asyncio.sleep(0)
            under_way -= 1
            await settle(database, done(row.id), datetime.now(UTC), claimant)

    for version in range(20):
        await asyncio.gather(start(version), work("run/1"), work("run/2"))
    await asyncio.sleep(0.001)
    await work("run/1")

    assert 19 == seen[-1]
    assert sorted(set(seen)) == seen
    assert QueueStatistics(due=0, next_due_at=None) == await queue(database, datetime.now(UTC))


async def test_of_many_throttled_starts_at_once_one_makes_a_row(database: Database) -> None:
    """It is returned to the others, also after it was worked, until its time is over."""

    def throttled() -> NewTask:
        return push(1).model_copy(update={"quiet": None, "at_most_every": timedelta(hours=1)})

    accepted = await asyncio.gather(*(accept(database, throttled()) for _ in range(12)))
    (row,) = await claim(database, NOW)
    await settle(database, done(row.id), NOW)
    (early,) = await accept(database, throttled(), now=NOW + timedelta(minutes=59))
    (late,) = await accept(database, throttled(), now=NOW + timedelta(minutes=60))

    assert {row.id} == {each.task_id for (each,) in accepted}
    assert [(row.id, True), False] == [(early.task_id, early.deduplicated), late.deduplicated]


@pytest.mark.parametrize(("due_after", "expected"), [(5, True), (10, False), (20, False)])
async def test_a_later_start_wakes_the_consumer_only_when_none_before_it_is_due_by_then(
    due_after: int, expected: bool, database: Database
) -> None:
    """The consumer waits for that one, and looks again: a flurry of many keys costs one signal."""
    first, second = later(NOW + 10 * SECOND), later(NOW + due_after * SECOND + timedelta(microseconds=1))
    await accept(database, first)
    await accept(database, second, now=NOW + SECOND)

    assert [True, expected] == [await wakes(database, each, NOW + SECOND) for each in (first, second)]
