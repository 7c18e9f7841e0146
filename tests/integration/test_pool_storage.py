"""The queues of pooled jobs, on both databases."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from mainspring.contracts.queues import QueueStatistics
from mainspring.contracts.tasks import NewTask, TaskError, TaskState
from mainspring.domain.failures import fingerprint
from mainspring.storage.database import Database
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    ClaimedRow,
    QueueQueries,
    QueueStore,
    TaskIntake,
    TaskWriter,
)
from mainspring.storage.tables import TaskRow
from tests.ledger_writes import NOON, get

JOB = "tell-somebody"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """Give a second machine's connections to the same database."""
    second = Database(database.url)
    yield second
    await second.dispose()


def pooled(workspace: str | None = None, priority: int = 3, starts_at: datetime | None = None) -> NewTask:
    return NewTask(
        id=uuid4(),
        job=JOB,
        workflow_id=f"drain-{JOB}",
        dedupe_key=None,
        input={"workspace": workspace},
        fairness_key=workspace,
        priority=priority,
        starts_at=starts_at,
        is_pooled=True,
    )


async def enqueue(database: Database, *tasks: NewTask, now: datetime = NOON) -> list[UUID]:
    await database.transact(lambda session: TaskIntake(session).enqueue(tasks, now=now))
    return [task.id for task in tasks]


async def claim(
    database: Database, limit: int = 100, claimant: str = "run/1", now: datetime = NOON
) -> list[ClaimedRow]:
    return await database.transact(
        lambda session: QueueStore(session).claim(JOB, claimant, limit=limit, now=now)
    )


async def settle(
    database: Database, *acknowledgements: Acknowledgement, claimant: str = "run/1", now: datetime = NOON
) -> dict[UUID, TaskState]:
    return await database.transact(
        lambda session: AcknowledgementStore(session).acknowledge(claimant, acknowledgements, now=now)
    )


async def queue(database: Database, now: datetime = NOON) -> QueueStatistics:
    return await database.read(lambda session: QueueQueries(session).queue(JOB, at_most=1_000, now=now))


async def request_cancel(database: Database, task_id: UUID) -> None:
    await database.transact(lambda session: TaskWriter(session).request_cancel(task_id, now=NOON))


def failure(message: str = "no") -> TaskError:
    return TaskError(at=NOON, step="test", error_type="Refused", message=message)


def snoozed(task_id: UUID, until: datetime) -> Acknowledgement:
    return Acknowledgement(
        task_id,
        TaskState.RUNNING,
        error=failure(),
        next_attempt_at=until,
        failures=1,
        application_failures=1,
        failing_since=NOON,
    )


Batch = Sequence[tuple[int, str | None]]


@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["a", "b", "c", None])), max_size=20),
        max_size=4,
    ),
    page=st.integers(1, 15),
)
# The checker empties the database for each example.
@settings(max_examples=settings().max_examples // 4)
def test_rows_are_claimed_by_priority_then_round_robin_then_age(
    batches: Sequence[Batch], page: int, order: "Order"
) -> None:
    """However they were accepted and however large the pages, each row is claimed once, in this order."""
    expected, claimed = asyncio.run(order.of(batches, page))

    assert expected == claimed


# A row as the order sees it: its priority, its turn in its workspace, and how old it is.
WishCursor = tuple[int, int, datetime]


class Order:
    """Accepts and claims rows of one database, each time on a loop of its own: hypothesis is synchronous."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def of(self, batches: Sequence[Batch], page: int) -> tuple[list[WishCursor], list[WishCursor]]:
        """Return the order in which the rows are to be claimed, and that in which they were."""
        database = Database(self._url)
        try:
            await database.transact(lambda session: session.execute(delete(TaskRow)))
            places = await self._accept(database, batches)
            claimed = []
            while rows := await claim(database, page, now=NOON + len(batches) * MINUTE):
                claimed += [places[row.id] for row in rows]
        finally:
            await database.dispose()
        return sorted(places.values()), claimed

    async def _accept(self, database: Database, batches: Sequence[Batch]) -> dict[UUID, WishCursor]:
        places: dict[UUID, WishCursor] = {}
        turns: Counter[tuple[int, str | None]] = Counter()
        for number, batch in enumerate(batches):
            now = NOON + number * MINUTE
            tasks = [pooled(workspace, priority) for priority, workspace in batch]
            await enqueue(database, *tasks, now=now)
            for task in tasks:
                places[task.id] = task.priority, turns[task.priority, task.fairness_key], now
                turns[task.priority, task.fairness_key] += 1
        return places


@pytest.fixture
def order(database: Database) -> Order:
    """Give the order of one database."""
    return Order(database.url.render_as_string(hide_password=False))


async def test_a_workspace_that_comes_late_waits_for_one_round_only(database: Database) -> None:
    """Behind a burst of 500, another workspace's tasks are in the next page, every second one."""
    await enqueue(database, *(pooled("burst") for _ in range(500)))
    await claim(database, 100)
    late = await enqueue(database, *(pooled("late") for _ in range(20)), now=NOON + MINUTE)

    page = await claim(database, 50, now=NOON + MINUTE)

    assert set(late) <= {row.id for row in page}
    assert 20 * 2 >= max(number for number, row in enumerate(page) if row.id in late)


async def test_rows_that_back_off_do_not_let_a_workspace_overtake(database: Database) -> None:
    """The turns of those that wait for another attempt are not the head of the queue."""
    early = await enqueue(database, pooled("a"))
    await claim(database)
    await settle(database, snoozed(early[0], NOON + 60 * MINUTE))
    await enqueue(database, *(pooled("a") for _ in range(10)))
    await claim(database, 8)

    await enqueue(database, *(pooled("b") for _ in range(10)))
    page = await claim(database, 4)

    assert Counter({"a": 2, "b": 2}) == Counter(row.input["workspace"] for row in page)


async def test_two_machines_never_claim_the_same_row(database: Database, other: Database) -> None:
    """Claims at the same time share the queue."""
    ids = await enqueue(database, *(pooled() for _ in range(200)))

    pages = await asyncio.gather(
        *(claim((database, other)[number % 2], 30, f"run/{number}") for number in range(8))
    )

    claimed = [row.id for page in pages for row in page]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= set(ids)
    rest = await claim(database, 200, "run/9")
    assert set(ids) == set(claimed) | {row.id for row in rest}


async def test_pages_are_claimed_and_settled_with_statements_that_are_built_once(
    sqlite_database: Database,
) -> None:
    """To build them costs more than the database takes to answer them; their number does not grow."""
    await enqueue(sqlite_database, *(pooled() for _ in range(60)))
    statements: list[object] = []

    def note(_connection: object, statement: object, *_: object) -> None:
        statements.append(statement)

    event.listen(sqlite_database.engine.sync_engine, "before_execute", note)
    seen: list[list[object]] = []
    for limit in (10, 50):
        rows = await claim(sqlite_database, limit)
        done = [Acknowledgement(row.id, TaskState.SUCCESS, result={"status": 204}) for row in rows]
        await settle(sqlite_database, *done)
        seen.append(statements.copy())
        statements.clear()

    first, second = [[id(each) for each in some] for some in seen]
    assert first == second
    assert 6 == len(first)


async def test_a_page_is_settled_row_by_row(database: Database) -> None:
    """Success with its result, another attempt later, and failure with its group: each as it was."""
    done, later, failed = await enqueue(database, pooled(), pooled(), pooled())
    await claim(database)

    settled = await settle(
        database,
        Acknowledgement(done, TaskState.SUCCESS, result={"status": 204}),
        snoozed(later, NOON + MINUTE),
        Acknowledgement(
            failed, TaskState.FAILED, error=failure("item 7"), failures=3, application_failures=3
        ),
    )

    assert {done: "SUCCESS", later: "RUNNING", failed: "FAILED"} == settled
    succeeded, waiting, ended = [await get(database, each) for each in (done, later, failed)]
    assert (TaskState.SUCCESS, {"status": 204}, 100, NOON) == (
        succeeded.state,
        succeeded.result,
        succeeded.progress,
        succeeded.finished_at,
    )
    assert (NOON + MINUTE, None, ["no"]) == (
        waiting.next_attempt_at,
        waiting.finished_at,
        [error.message for error in waiting.errors],
    )
    assert (fingerprint(JOB, "Refused", "item 7"), "item 7") == (ended.fingerprint, ended.error_message)


async def test_a_row_backs_off_alone(database: Database) -> None:
    """It is not claimed before its time, others are, and it knows how often it has failed and since when."""
    first, second = await enqueue(database, pooled(), pooled())
    await claim(database, 1)
    await settle(database, snoozed(first, NOON + MINUTE))

    assert QueueStatistics(due=1, next_due_at=NOON + MINUTE, next_due_in=MINUTE) == await queue(database)
    assert [second] == [row.id for row in await claim(database)]
    (again,) = await claim(database, now=NOON + MINUTE)
    assert (first, 2, 1, 1, NOON) == (
        again.id,
        again.attempt,
        again.failures,
        again.application_failures,
        again.failing_since,
    )


async def test_a_later_start_waits_for_its_time(database: Database) -> None:
    """It is no part of the queue until then."""
    (later,) = await enqueue(database, pooled(starts_at=NOON + MINUTE))

    assert [] == await claim(database)
    assert QueueStatistics(due=0, next_due_at=NOON + MINUTE, next_due_in=MINUTE) == await queue(database)
    assert [later] == [row.id for row in await claim(database, now=NOON + MINUTE)]


async def resume(database: Database, claimant: str) -> list[ClaimedRow]:
    return await database.transact(lambda session: QueueStore(session).resume(claimant, now=NOON))


async def still_held(database: Database, claimant: str, ids: list[UUID]) -> set[UUID]:
    return await database.read(lambda session: QueueQueries(session).still_claimed(claimant, ids))


async def test_an_attempt_takes_up_the_page_of_the_one_before(database: Database) -> None:
    """Only of the same activity, and of earlier attempts."""
    ids = await enqueue(database, pooled(), pooled())
    others = await enqueue(database, pooled(), now=NOON + MINUTE)
    await claim(database, 2, "run/1/1")
    await claim(database, 1, "run/11/1")

    resumed = await resume(database, "run/1/10")

    assert set(ids) == {row.id for row in resumed}
    assert [2, 2] == [row.attempt for row in resumed]
    assert [] == await resume(database, "run/1/9")
    assert others == [row.id for row in await resume(database, "run/11/2")]


async def test_an_attempt_that_was_taken_for_dead_is_heard_no_more(database: Database) -> None:
    """Neither its success nor its failure changes what the next attempt works."""
    succeeded, failed = await enqueue(database, pooled(), pooled())
    await claim(database, claimant="run/1/1")
    await resume(database, "run/1/2")

    late = await settle(
        database,
        Acknowledgement(succeeded, TaskState.SUCCESS, result={}),
        snoozed(failed, NOON),
        claimant="run/1/1",
    )
    claimed_rows = [await still_held(database, each, [succeeded, failed]) for each in ("run/1/1", "run/1/2")]
    in_time = await settle(database, snoozed(failed, NOON + MINUTE), claimant="run/1/2")

    assert ({}, {failed: "RUNNING"}) == (late, in_time)
    assert [set(), {succeeded, failed}] == claimed_rows


async def test_claims_of_a_dead_consumer_are_freed_and_its_late_word_is_not_heard(database: Database) -> None:
    """What another run has claimed since, the first one cannot settle any more."""
    (task,) = await enqueue(database, pooled())
    await claim(database, claimant="dead/1")
    await database.transact(lambda session: QueueStore(session).release(JOB, run_id="alive", now=NOON))
    await claim(database, claimant="alive/1")

    late = await settle(database, Acknowledgement(task, TaskState.SUCCESS, result={}), claimant="dead/1")
    await database.transact(lambda session: QueueStore(session).release(JOB, run_id="alive", now=NOON))
    in_time = await settle(database, Acknowledgement(task, TaskState.SUCCESS, result={}), claimant="alive/1")

    assert ({}, {task: "SUCCESS"}) == (late, in_time)


async def test_a_queued_row_is_cancelled_at_once_and_a_claimed_one_when_it_settles(
    database: Database,
) -> None:
    """Neither is worked again; a row whose work was done is a success all the same."""
    claimed, done, queued = await enqueue(database, pooled(), pooled(), pooled())
    await claim(database, 2)

    for each in (claimed, done, queued):
        await request_cancel(database, each)
    states = [(await get(database, each)).state for each in (claimed, queued)]
    settled = await settle(
        database, snoozed(claimed, NOON), Acknowledgement(done, TaskState.SUCCESS, result={})
    )

    assert ["RUNNING", "CANCELLED"] == states
    assert {claimed: "CANCELLED", done: "SUCCESS"} == settled
    assert [] == await claim(database)


async def test_only_the_first_in_line_wakes_the_consumer(database: Database) -> None:
    """Of those that are accepted while others wait, none costs Temporal a signal."""
    first = await enqueue(database, pooled())
    second = await enqueue(database, pooled(), now=NOON + MINUTE)

    async def is_first(ids: list[UUID]) -> bool:
        return await database.read(
            lambda session: QueueQueries(session).is_first_in_line(JOB, ids, now=NOON + MINUTE)
        )

    assert [True, False] == [await is_first(ids) for ids in (first, second)]
    await claim(database, 1, now=NOON + MINUTE)
    assert [False, True] == [await is_first(ids) for ids in (first, second)]


async def test_one_for_later_whose_time_has_come_is_nobodys_reason_not_to_wake_the_consumer(
    database: Database,
) -> None:
    """Who started it woke the consumer long before; the relay may not have come since."""
    await enqueue(database, pooled(starts_at=NOON + 10 * MINUTE))
    late = NOON + 11 * MINUTE
    urgent = await enqueue(database, pooled(priority=1), now=late)

    assert await database.read(lambda session: QueueQueries(session).is_first_in_line(JOB, urgent, now=late))


async def test_a_row_that_is_snoozed_with_a_reason_waits_for_it(database: Database) -> None:
    """The row is shown as WAITING until then, is due then, and is RUNNING when it is claimed again."""
    (task_id,) = await enqueue(database, pooled())
    await claim(database)
    later = NOON + 60 * MINUTE
    snooze = Acknowledgement(
        task_id, TaskState.WAITING, next_attempt_at=later, waiting_for="daily quota of money"
    )

    assert {task_id: TaskState.WAITING} == await settle(database, snooze)

    task = await get(database, task_id)
    assert (TaskState.WAITING, "daily quota of money", later) == (
        task.state,
        task.waiting_for,
        task.resumes_at,
    )
    assert [] == await claim(database, now=later - MINUTE)
    assert (0, later) == ((await queue(database)).due, (await queue(database)).next_due_at)
    assert 1 == (await queue(database, later)).due
    assert await database.read(lambda session: QueueQueries(session).has_due(JOB, now=later))
    assert [task_id] == [row.id for row in await claim(database, claimant="run/2", now=later)]
    again = await get(database, task_id)
    assert (TaskState.RUNNING, None, None) == (again.state, again.waiting_for, again.resumes_at)


async def test_a_row_that_waits_is_cancelled_at_once(database: Database) -> None:
    """Nobody works it meanwhile."""
    (task_id,) = await enqueue(database, pooled())
    await claim(database)
    await settle(
        database,
        Acknowledgement(task_id, TaskState.WAITING, next_attempt_at=NOON + MINUTE, waiting_for="money"),
    )

    await request_cancel(database, task_id)

    assert TaskState.CANCELLED is (await get(database, task_id)).state
    assert [] == await claim(database, now=NOON + MINUTE)
