"""Starts at the same time share transactions, and each caller gets the answer for its own task."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import event

from mainspring.client.jobs import Jobs
from mainspring.client.jobs.coalescing import CoalescedStarts
from mainspring.client.jobs.notes import Note
from mainspring.contracts.tasks import Enqueued, NewTask
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway
from mainspring.testing.service import PATIENCE
from tests.pooled import NOTE_NUMBER, NoteNumber
from tests.service import Service


@pytest.fixture
def jobs(workerless: Service) -> Jobs:
    """Start tasks of a job without a key."""
    temporal = TemporalGateway(workerless.temporal_client, workerless.settings.task_queue, patience=PATIENCE)
    return Jobs(workerless.database, temporal, workerless.clock, lambda _: NOTE_NUMBER)


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_starts_at_the_same_time_share_transactions(workerless: Service, jobs: Jobs) -> None:
    """A hundred callers need a handful of commits; each has a task of its own with its own input."""
    with commits_of(workerless.database) as commits:
        started = await asyncio.gather(*(jobs.start(NOTE_NUMBER, NoteNumber(number=n)) for n in range(100)))

    tasks = [await workerless.tasks.get(each.id) for each in started]
    assert list(range(100)) == [task.input["number"] for task in tasks]
    assert 6 >= len(commits)


async def test_a_caller_that_is_cancelled_waits_for_the_commit(workerless: Service, jobs: Jobs) -> None:
    """The task is there once the caller has gone, and the caller behind is not held up."""
    gone = asyncio.create_task(jobs.start(NOTE_NUMBER, NoteNumber(number=1)))
    other = asyncio.create_task(jobs.start(NOTE_NUMBER, NoteNumber(number=2)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    assert 1 in {task.input["number"] for task in await workerless.all_tasks()}
    assert 2 == (await workerless.tasks.get((await other).id)).input["number"]


async def test_a_task_that_is_refused_takes_no_other_with_it() -> None:
    """The others are committed each by itself; only the caller of the refused task gets the error."""

    async def commit(tasks: Sequence[NewTask], _notes: Sequence[Note | None]) -> list[Enqueued]:
        if any(task.priority == 5 for task in tasks):
            raise ValueError("priority 5")
        return [accepted(task) for task in tasks]

    starts = CoalescedStarts(commit, told)
    answers = await asyncio.gather(
        *(starts.accept(new(priority)) for priority in (1, 5, 2)), return_exceptions=True
    )

    assert [False, True, False] == [isinstance(each, ValueError) for each in answers]


async def test_a_database_that_is_away_is_asked_once_for_all() -> None:
    """Every caller gets the error at once, however many there are."""
    asked = []

    async def commit(tasks: Sequence[NewTask], _notes: Sequence[Note | None]) -> list[Enqueued]:
        asked.append(len(tasks))
        raise DatabaseAway("away")

    starts = CoalescedStarts(commit, told)
    answers = await asyncio.gather(*(starts.accept(new()) for _ in range(20)), return_exceptions=True)

    assert [True] * 20 == [isinstance(each, DatabaseAway) for each in answers]
    assert [20] == asked


@contextmanager
def commits_of(database: Database) -> Iterator[list[object]]:
    """Collect the commits of a database."""
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(database.engine.sync_engine, "commit", note)
    yield commits
    event.remove(database.engine.sync_engine, "commit", note)


def new(priority: int = 3) -> NewTask:
    return NOTE_NUMBER.task(uuid4(), NoteNumber(number=1), priority=priority, triggered_by="test")


def accepted(task: NewTask) -> Enqueued:
    return Enqueued(task_id=task.id, workflow_id=task.workflow_id, deduplicated=False)


async def told(_tasks: Sequence[NewTask], _enqueued: Sequence[Enqueued]) -> None:
    """Take every task for started."""
