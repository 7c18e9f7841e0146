"""The rows of steps, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from mainspring.activities.runtime.steps import StepRecords, begin_child_step, fail_step
from mainspring.contracts.flows import FailedStep, OpenedStep, StepInput, StepStatus
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import BeginTask, ChildTask, FinishTask, NewTask, TaskError, TaskState
from mainspring.domain.flows import child_task_id, open_flow
from mainspring.domain.sizes import MOST_AT_ONCE
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ErrorLog, StepQueries, StepStore, TaskIntake, TaskWriter
from tests.ledger_writes import get

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
T = TypeVar("T")


async def steps(database: Database, work: Callable[[StepStore], Awaitable[T]]) -> T:
    """Write in a transaction of its own."""
    return await database.transact(lambda session: work(StepStore(session)))


async def looked_at(database: Database, work: Callable[[StepQueries], Awaitable[T]]) -> T:
    """Run a query in a transaction of its own."""
    return await database.read(lambda session: work(StepQueries(session)))


@pytest.fixture
async def flow(database: Database) -> UUID:
    """Give a running task with four steps, the first of which weighs as much as the others together."""
    task_id = uuid4()
    begin = BeginTask(
        task_id=task_id,
        fallback_id=task_id,
        job="toy",
        workflow_id="toy",
        run_id="run",
        input={},
        triggered_by="test",
    )
    await database.transact(lambda session: TaskWriter(session).begin(begin, now=NOW))
    opened = [OpenedStep(name=name, weight=weight) for name, weight in zip("abcd", (3, 1, 1, 1), strict=True)]
    await steps(database, lambda rows: rows.open(task_id, opened, now=NOW))
    return task_id


async def test_a_step_goes_from_pending_to_completed(database: Database, flow: UUID) -> None:
    """Its row says when, how often and what; the task says how far it is."""
    later = NOW + timedelta(minutes=1)
    await steps(database, lambda rows: rows.start(flow, "a", "hash", 1, now=NOW))
    running = await get(database, flow)
    await steps(database, lambda rows: rows.start(flow, "a", "hash", 2, now=later))
    await steps(database, lambda rows: rows.complete(flow, "a", {"size": 7}, now=later))
    first, *others = await looked_at(database, lambda rows: rows.steps(flow))
    done = await get(database, flow)

    assert ("a", 2, 0, 4) == (running.current_step, running.progress, running.processed, running.total)
    assert (None, 50, 1, 4) == (done.current_step, done.progress, done.processed, done.total)
    assert (StepStatus.COMPLETED, 2, {"size": 7}) == (first.status, first.attempts, first.data)
    assert (NOW, later) == (first.started_at, first.completed_at)
    assert ["b", "c", "d"] == [each.step for each in others if each.status is StepStatus.PENDING]


async def test_a_second_attempt_of_a_completed_step_gets_its_data(database: Database, flow: UUID) -> None:
    """The attempt that completed it died before it could tell Temporal: nothing is done twice."""
    assert await steps(database, lambda rows: rows.start(flow, "a", "hash", 1, now=NOW)) is None
    await steps(database, lambda rows: rows.complete(flow, "a", {"size": 7}, now=NOW))

    assert {"size": 7} == await steps(database, lambda rows: rows.start(flow, "a", "hash", 2, now=NOW))
    assert await steps(database, lambda rows: rows.start(flow, "a", "another", 2, now=NOW)) is None
    (first, *_) = await looked_at(database, lambda rows: rows.steps(flow))
    assert 1 == first.attempts


async def test_a_final_status_is_not_left(database: Database, flow: UUID) -> None:
    """An attempt that was given up may still write: it changes nothing."""
    failed = [FailedStep(name="a", error="timed out")]
    await steps(database, lambda rows: rows.start(flow, "a", "hash", 1, now=NOW))
    await steps(
        database, lambda rows: rows.record_unworked(flow, adopted={}, failed=failed, skipped=["b"], now=NOW)
    )
    await steps(database, lambda rows: rows.complete(flow, "a", {}, now=NOW))
    await steps(database, lambda rows: rows.complete(flow, "b", {}, now=NOW))
    first, second, *_ = await looked_at(database, lambda rows: rows.steps(flow))

    assert (StepStatus.FAILED, "timed out") == (first.status, first.error)
    assert StepStatus.SKIPPED is second.status


async def test_an_attempt_before_the_last_leaves_the_step_running(database: Database, flow: UUID) -> None:
    """Its error is shown while it waits for the next attempt, and gone once that succeeds."""
    await steps(database, lambda rows: rows.start(flow, "a", "hash", 1, now=NOW))
    await steps(database, lambda rows: rows.fail(flow, "a", "no answer", is_final=False, now=NOW))
    (waiting, *_) = await looked_at(database, lambda rows: rows.steps(flow))
    await steps(database, lambda rows: rows.complete(flow, "a", {}, now=NOW))
    (done, *_) = await looked_at(database, lambda rows: rows.steps(flow))

    assert (StepStatus.RUNNING, "no answer") == (waiting.status, waiting.error)
    assert (StepStatus.COMPLETED, None) == (done.status, done.error)


async def test_closing_ends_what_is_open(database: Database, flow: UUID) -> None:
    """What ran was cancelled, what waited is skipped, what is done stays."""
    for name in "ab":
        await steps(database, lambda rows, name=name: rows.start(flow, name, "hash", 1, now=NOW))  # type: ignore[misc]  # a default binds the loop's name
    await steps(database, lambda rows: rows.complete(flow, "a", {}, now=NOW))
    closed, started_at = await steps(database, lambda rows: rows.close(flow, now=NOW))

    assert [StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.SKIPPED] == [
        each.status for each in closed
    ]
    assert ("cancelled", NOW) == (closed[1].error, started_at)


async def test_steps_that_end_at_once_are_all_counted(database: Database, flow: UUID) -> None:
    """Progress is right after any number of writers at the same time."""
    await asyncio.gather(
        *(
            steps(database, lambda rows, name=name: rows.complete(flow, name, {}, now=NOW))  # type: ignore[misc]  # as above
            for name in "abcd"
        )
    )
    done = await get(database, flow)

    assert (99, 4, 4) == (done.progress, done.processed, done.total)


async def test_a_step_tells_how_far_it_is_and_progress_never_falls(database: Database, flow: UUID) -> None:
    """Half of a step that weighs half is a quarter."""
    await steps(database, lambda rows: rows.start(flow, "a", "hash", 1, now=NOW))
    reported = []
    for fraction in (0.0, 0.5, 0.2, 1.0):
        await steps(database, lambda rows, part=fraction: rows.advance(flow, "a", part, now=NOW))  # type: ignore[misc]  # as above
        reported.append((await get(database, flow)).progress)

    assert [2, 25, 25, 50] == reported


async def test_a_task_that_has_ended_is_not_reported_on(database: Database, flow: UUID) -> None:
    """A late write of a step leaves the final state and its progress alone."""
    finish = FinishTask(task_id=flow, state=TaskState.CANCELLED)
    await database.transact(lambda session: TaskWriter(session).finish(finish, now=NOW))
    await steps(database, lambda rows: rows.complete(flow, "a", {}, now=NOW))

    assert 0 == (await get(database, flow)).progress


async def test_opening_again_changes_nothing(database: Database, flow: UUID) -> None:
    """The local activity that opens a flow may be run twice."""
    await steps(database, lambda rows: rows.complete(flow, "a", {}, now=NOW))
    await steps(database, lambda rows: rows.open(flow, [OpenedStep(name="a")], now=NOW))
    found = await looked_at(database, lambda rows: rows.steps(flow))

    assert [StepStatus.COMPLETED, *[StepStatus.PENDING] * 3] == [each.status for each in found]


async def another_flow(database: Database, **fields: Any) -> UUID:
    """Make a running task with the steps a and b."""
    task_id = uuid4()
    task = NewTask(id=task_id, job="toy", workflow_id=str(task_id), dedupe_key=None, input={}, **fields)
    await database.transact(lambda session: TaskIntake(session).enqueue([task], now=NOW))
    begin = BeginTask(
        task_id=task_id,
        fallback_id=task_id,
        job="toy",
        workflow_id=str(task_id),
        run_id="run",
        input={},
        triggered_by="test",
    )
    await database.transact(lambda session: TaskWriter(session).begin(begin, now=NOW))
    opened = [OpenedStep(name=name) for name in "ab"]
    await steps(database, lambda rows: rows.open(task_id, opened, now=NOW))
    return task_id


async def test_a_step_that_is_taken_over_keeps_its_times_and_attempts(database: Database, flow: UUID) -> None:
    """It shows as it was done, in the task that did it."""
    earlier, began, ended = await another_flow(database), NOW - timedelta(days=3), NOW - timedelta(days=2)
    await steps(database, lambda rows: rows.start(earlier, "b", "hash", 2, now=began))
    await steps(database, lambda rows: rows.complete(earlier, "b", {"size": 7}, now=ended))
    taken = {"b": earlier}
    await steps(
        database, lambda rows: rows.record_unworked(flow, adopted=taken, failed=(), skipped=(), now=NOW)
    )
    first, found, *_ = await looked_at(database, lambda rows: rows.steps(flow))

    assert (StepStatus.COMPLETED, {"size": 7}, 2) == (found.status, found.data, found.attempts)
    assert (began, ended, 1) == (found.started_at, found.completed_at, found.weight)
    assert StepStatus.PENDING is first.status


async def test_what_steps_gave_back_is_recalled_a_message_s_worth_at_a_time(database: Database) -> None:
    """Temporal refuses messages above 2 MB: what is above half of that is asked for again."""
    earlier = await another_flow(database)
    much = {"text": "x" * (MOST_AT_ONCE - 100)}
    await steps(database, lambda rows: rows.complete(earlier, "a", much, now=NOW))
    await steps(database, lambda rows: rows.complete(earlier, "b", {"text": "é" * 100}, now=NOW))

    first = await looked_at(database, lambda rows: rows.recall({"a": earlier, "b": earlier}))
    missing = {name: earlier for name in "ab" if name not in first}
    second = await looked_at(database, lambda rows: rows.recall(missing))

    assert 1 == len(first)
    assert {"a": much, "b": {"text": "é" * 100}} == first | second
    assert {} == await looked_at(database, lambda rows: rows.recall({"a": uuid4()}))


async def test_a_child_is_known_from_its_beginning(database: Database) -> None:
    """Temporal may be lost before the child ends: a retry of the parent still retries the child."""
    first = await another_flow(database)
    second = await another_flow(database, retry_of=first)
    child = child_task_id(first, "a")
    begin = BeginTask(
        task_id=child,
        fallback_id=child,
        job="toy",
        workflow_id="child",
        run_id="run",
        input={},
        triggered_by="test",
        child=ChildTask(
            parent_id=first, step="a", input_hash="hash", fairness_key=None, priority=3, retry_of=None
        ),
    )

    async def begin_child(session: Session) -> None:
        await TaskWriter(session).begin(begin, now=NOW)
        await begin_child_step(session, begin, now=NOW)

    await database.transact(begin_child)
    await steps(database, lambda rows: rows.close(first, now=NOW))
    opened = open_flow({"a": ()}, await looked_at(database, lambda rows: rows.earlier_runs(second)))
    (shown, _) = await looked_at(database, lambda rows: rows.steps(first))

    assert {"a": child} == opened.children
    assert {"task_id": str(child)} == shown.data


async def test_steps_that_fail_at_once_are_all_in_the_log(database: Database, flow: UUID) -> None:
    """A failure and its step are one transaction, and such transactions do not get into each other's way."""

    async def fail(session: Session, name: str) -> None:
        error = TaskError(at=NOW, step=name, error_type="Refusal", message="no")
        await ErrorLog(session).append(flow, error)
        await fail_step(session, StepInput(task_id=flow, step=name), error, is_last=True)

    await asyncio.gather(*(database.transact(partial(fail, name=name)) for name in "abcd"))
    failed = await get(database, flow)

    assert ["a", "b", "c", "d"] == sorted(error.step for error in failed.errors)
    assert {StepStatus.FAILED} == {
        each.status for each in await looked_at(database, lambda rows: rows.steps(flow))
    }


class Size(Message):
    """What the step gives back."""

    size: int


async def test_work_that_is_recorded_is_not_done_again(database: Database, flow: UUID) -> None:
    """The next attempt of an activity that had completed gives back what that gave."""
    records, done = StepRecords(database, SystemClock()), []

    async def work() -> Size:
        done.append("work")
        return Size(size=7)

    given = StepInput(task_id=flow, step="a", input_hash="hash")

    assert Size(size=7) == await records.work(given, 1, work)
    assert {"size": 7} == await records.work(given, 2, work)
    assert ["work"] == done
