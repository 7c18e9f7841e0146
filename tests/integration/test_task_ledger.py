"""The task ledger, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.database import Database
from mainspring.storage.ledger import ProgressStore, TaskIntake, TaskQueries, TaskWriter
from tests.ledger_writes import (
    FAILURE,
    LATER,
    NOON,
    accepted,
    begin,
    enqueue,
    finish,
    get,
    log_error,
    new_task,
    report,
    request_cancel,
    wait_for_quota,
)


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """Give a second machine's connections to the same database."""
    second = Database(database.url)
    yield second
    await second.dispose()


async def test_of_many_enqueues_at_once_exactly_one_is_accepted(database: Database, other: Database) -> None:
    """Two machines, ten callers, one key: one row, which all of them are told of."""
    answers = await asyncio.gather(
        *(enqueue((database, other)[number % 2], new_task("sync/1")) for number in range(10))
    )

    told = [answer for (answer,) in answers]
    assert 1 == len({answer.task_id for answer in told})
    assert 1 == sum(not answer.deduplicated for answer in told)


async def test_a_batch_is_accepted_in_its_order_with_each_key_once(database: Database) -> None:
    """Repeated keys within the batch, held keys and tasks without a key each get their answer."""
    held = await accepted(database, "sync/held")
    batch = [new_task("sync/1"), new_task("sync/held"), new_task(), new_task("sync/1"), new_task()]

    answers = await enqueue(database, *batch)

    assert [batch[0].id, held, batch[2].id, batch[0].id, batch[4].id] == [each.task_id for each in answers]
    assert [False, True, False, True, False] == [each.deduplicated for each in answers]


async def test_a_key_is_free_again_when_its_task_is_over(database: Database) -> None:
    """A finished task holds back nobody."""
    first = await accepted(database, "sync/1")
    await finish(database, first, TaskState.FAILED)

    assert first != await accepted(database, "sync/1")


async def test_a_task_that_is_enqueued_again_after_its_end_is_answered_for_itself(database: Database) -> None:
    """A retried attempt repeats the insert; what it accepted is accepted still, whoever has the key now."""
    ended, free = new_task("sync/1"), new_task("sync/2")
    await enqueue(database, ended, free)
    for task in (ended, free):
        await finish(database, task.id, TaskState.FAILED)
    successor = await accepted(database, "sync/1")

    async with asyncio.timeout(5):
        answers = await enqueue(database, ended, free, new_task("sync/1"))

    assert [ended.id, free.id, successor] == [answer.task_id for answer in answers]
    assert [False, False, True] == [answer.deduplicated for answer in answers]
    assert TaskState.FAILED == (await get(database, ended.id)).state


async def test_a_row_takes_whatever_an_engine_and_its_users_write(database: Database) -> None:
    """The longest workflow id, NUL characters and half surrogates; what no database can keep is replaced."""
    task = new_task("k\0" + "é" * 499).model_copy(
        update={
            "input": {"a\0": ["\0b", "\\u0000", "🂡"], "c": "\ud800"},
            "triggered_by": "schedule " + "s" * 1_000,
        }
    )
    failure = FAILURE.model_copy(update={"error_type": "E" * 1_000, "step": "s" * 1_000, "message": "no\0"})

    await enqueue(database, task)
    (again,) = await enqueue(database, task.model_copy(update={"id": uuid4()}))
    await finish(database, task.id, TaskState.FAILED, failure)
    kept = await get(database, task.id)

    assert (task.id, True) == (again.task_id, again.deduplicated)
    assert {"a\ufffd": ["\ufffdb", "\\u0000", "🂡"], "c": "\ufffd"} == kept.input
    assert ("k\ufffd" + "é" * 499, task.triggered_by) == (kept.workflow_id, kept.triggered_by)
    assert (failure.model_copy(update={"message": "no\ufffd"}),) == kept.errors


async def test_a_task_passes_through_its_states(database: Database) -> None:
    """Each write leaves the row as the platform's pages show it."""
    task_id = await accepted(database)
    assert TaskState.QUEUED == (await get(database, task_id)).state

    assert (task_id, False) == await begin(database, task_id)
    running = await get(database, task_id)
    assert (TaskState.RUNNING, "run", LATER) == (running.state, running.run_id, running.started_at)

    await wait_for_quota(database, task_id)
    waiting = await get(database, task_id)
    assert (TaskState.WAITING, "daily quota", LATER) == (
        waiting.state,
        waiting.waiting_for,
        waiting.resumes_at,
    )

    await database.transact(lambda session: TaskWriter(session).mark_running(task_id, now=LATER))
    again = await get(database, task_id)
    assert (TaskState.RUNNING, None, None) == (again.state, again.waiting_for, again.resumes_at)

    assert await finish(database, task_id, TaskState.SUCCESS)
    done = await get(database, task_id)
    assert (TaskState.SUCCESS, 100, {"done": True}, LATER) == (
        done.state,
        done.progress,
        done.result,
        done.finished_at,
    )


async def test_a_raw_start_makes_its_row_once(database: Database) -> None:
    """A workflow that nobody enqueued has the derived id; a repeated begin changes nothing."""
    raw = uuid4()

    assert [(raw, False)] * 2 == [await begin(database, None, raw) for _ in range(2)]
    task = await get(database, raw)

    assert ("by-hand", {"a": 1}, "temporal") == (task.workflow_id, task.input, task.triggered_by)
    assert TaskState.RUNNING == task.state


async def test_progress_never_falls_and_is_full_only_at_the_end(database: Database) -> None:
    """A retried page reports less, and a total that grows divides more: the percentage stays."""
    task_id = await accepted(database)
    seen = []
    for processed, total in [(0, None), (50, 100), (20, 100), (60, 1_000), (100, 100)]:
        await report(database, task_id, processed, total)
        seen.append((await get(database, task_id)).progress)

    assert [0, 50, 50, 50, 99] == seen
    kept = await database.read(lambda session: ProgressStore(session).checkpoint(task_id))
    assert {"at": 100} == kept


async def test_the_error_log_keeps_every_failure_in_order(database: Database) -> None:
    """The final error is there once, though the last attempt wrote it down before; stacks are kept."""
    task_id = await accepted(database)
    first = FAILURE.model_copy(update={"message": "first"})
    await log_error(database, task_id, first)
    await log_error(database, task_id, FAILURE)
    await finish(database, task_id, TaskState.FAILED, FAILURE.model_copy(update={"stack": ""}))

    assert (first, FAILURE) == (await get(database, task_id)).errors


async def test_a_task_that_the_engine_does_not_know_is_cancelled_at_once(database: Database) -> None:
    """One that it knows is only marked, for Temporal has to be told."""
    unknown, known = await accepted(database), await accepted(database)
    await database.transact(lambda session: TaskIntake(session).record_runs({known: "run"}))

    engine_must_be_told = [await request_cancel(database, each) for each in (unknown, known)]

    assert [False, True] == engine_must_be_told
    assert (TaskState.CANCELLED, LATER) == (
        (ended := await get(database, unknown)).state,
        ended.finished_at,
    )
    assert (TaskState.QUEUED, LATER) == (
        (marked := await get(database, known)).state,
        marked.cancel_requested_at,
    )
    assert (unknown, True) == await begin(database, unknown)


async def test_the_relay_takes_the_most_urgent_and_then_the_oldest(database: Database) -> None:
    """Neither a started task nor a fresh one; page by page, each task once."""
    tasks = [new_task(priority=priority) for priority in (3, 1, 3, 5)]
    for number, task in enumerate(tasks):
        await enqueue(database, task, now=NOON - timedelta(minutes=number))
    started, fresh = new_task(), new_task()
    await enqueue(database, started, now=NOON - timedelta(hours=1))
    await enqueue(database, fresh, now=LATER)
    await database.transact(lambda session: TaskIntake(session).record_runs({started.id: "run"}))

    async def unstarted(after: Task | None) -> list[Task]:
        return await database.read(
            lambda session: TaskQueries(session).unstarted(limit=3, created_before=LATER, after=after)
        )

    page = await unstarted(None)
    rest = await unstarted(page[-1])

    assert [tasks[1].id, tasks[2].id, tasks[0].id] == [task.id for task in page]
    assert [tasks[3].id] == [task.id for task in rest]
