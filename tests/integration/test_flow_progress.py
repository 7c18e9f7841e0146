"""The progress of a flow whose steps are tasks themselves, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.activities.runtime.steps import begin_child_step, finish_child_step
from mainspring.contracts.flows import OpenedStep
from mainspring.contracts.tasks import BeginTask, ChildTask, FinishTask, MarkWaiting, TaskState
from mainspring.domain.flows import child_task_id
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ProgressStore, StepStore, TaskWriter
from tests.ledger_writes import get

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """Return a time after the flow's beginning."""
    return NOW + timedelta(seconds=seconds)


def part_of(parent: UUID, step: str) -> ChildTask:
    """Return what a task that is a step of another one knows of it."""
    return ChildTask(
        parent_id=parent, step=step, input_hash="hash", fairness_key=None, priority=3, retry_of=None
    )


async def begin(
    database: Database, task_id: UUID, *steps: str, of: UUID | None = None, step: str = ""
) -> UUID:
    """Begin a task with these steps, as a step of another one if it is one."""
    message = BeginTask(
        task_id=task_id,
        fallback_id=task_id,
        job="toy",
        workflow_id=str(task_id),
        run_id="run",
        input={},
        triggered_by="test",
        child=None if of is None else part_of(of, step),
    )

    async def write(session: Session) -> None:
        await TaskWriter(session).begin(message, now=NOW)
        await begin_child_step(session, message, now=NOW)
        if steps:
            await StepStore(session).open(task_id, [OpenedStep(name=name) for name in steps], now=NOW)

    await database.transact(write)
    return task_id


async def begin_child(database: Database, parent: UUID, step: str, *steps: str) -> UUID:
    """Begin a task that is a step of another one."""
    return await begin(database, child_task_id(parent, step), *steps, of=parent, step=step)


async def end_child(database: Database, parent: UUID, step: str, *, at: datetime) -> None:
    """End a task that is a step of another one."""
    child = child_task_id(parent, step)
    ended = FinishTask(task_id=child, state=TaskState.SUCCESS, child=part_of(parent, step))

    async def write(session: Session) -> None:
        await TaskWriter(session).finish(ended, now=at)
        await finish_child_step(session, ended, now=at)

    await database.transact(write)


async def report(database: Database, task_id: UUID, percent: int, *, at: datetime) -> None:
    """Report a task's progress as its activities do."""
    await database.transact(
        lambda session: ProgressStore(session).report(
            task_id, processed=percent, total=100, step=None, checkpoint={}, now=at
        )
    )


@pytest.fixture
async def flow(database: Database) -> UUID:
    """Give a running task of two steps, both of which are tasks that run."""
    parent = await begin(database, uuid4(), "a", "b")
    for step in "ab":
        await begin_child(database, parent, step)
    return parent


async def test_a_flow_is_as_far_as_its_children_together(database: Database, flow: UUID) -> None:
    """An hour's child is seen to come along; its end counts whole, and the percentage never falls."""
    seen = [(await get(database, flow)).progress]
    for seconds, step, percent in ((1, "a", 50), (2, "b", 20), (3, "a", 80), (4, "b", 40)):
        await report(database, child_task_id(flow, step), percent, at=later(seconds))
        seen.append((await get(database, flow)).progress)
    await end_child(database, flow, "a", at=later(5))
    seen.append((await get(database, flow)).progress)
    await report(database, child_task_id(flow, "b"), 60, at=later(6))
    seen.append((await get(database, flow)).progress)

    assert [5, 27, 35, 50, 60, 60, 80] == seen


async def test_a_flow_is_written_to_once_a_second_by_however_many_children(
    database: Database, flow: UUID
) -> None:
    """Those between say nothing; one that is going to wait for long is heard at once."""
    await report(database, child_task_id(flow, "a"), 20, at=later(1))
    await report(database, child_task_id(flow, "a"), 60, at=later(1.9))
    between = (await get(database, flow)).progress
    waiting = MarkWaiting(
        task_id=child_task_id(flow, "a"), waiting_for="daily quota", resumes_at=later(60_000)
    )
    await database.transact(lambda session: TaskWriter(session).mark_waiting(waiting, now=later(1.95)))

    assert (12, 32) == (between, (await get(database, flow)).progress)


async def test_children_of_children_count_too(database: Database) -> None:
    """A flow whose step is a flow whose step is a task: a report at the bottom is seen at the top."""
    top = await begin(database, uuid4(), "a", "b")
    middle = await begin_child(database, top, "a", "x", "y")
    bottom = await begin_child(database, middle, "x")
    await report(database, bottom, 80, at=later(2))

    assert [80, 40, 20] == [(await get(database, each)).progress for each in (bottom, middle, top)]


async def test_children_that_report_and_end_at_once_do_not_get_into_each_other_s_way(
    database: Database,
) -> None:
    """Nobody waits for a lock that somebody else holds who waits; all are counted in the end."""
    names = [f"s{number}" for number in range(12)]
    parent = await begin(database, uuid4(), *names)
    for name in names:
        await begin_child(database, parent, name)

    async def work(name: str) -> None:
        child = child_task_id(parent, name)
        for turn in range(1, 4):
            await report(database, child, 30 * turn, at=later(2 * turn))
        await end_child(database, parent, name, at=later(9))

    await asyncio.gather(*(work(name) for name in names))

    assert (99, 12) == ((task := await get(database, parent)).progress, task.processed)
