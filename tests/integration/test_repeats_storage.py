"""What a second start of a key does, as the ledger decides it, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.contracts.tasks import BeginTask, Enqueued, FinishTask, NewTask, Task, TaskBegun, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database
from mainspring.storage.errors import AlreadyRetried
from mainspring.storage.ledger import TaskIntake, TaskWriter, WorkspaceTasks
from tests.ledger_writes import get

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

# Long enough for another transaction to come as far as it can.
OVERLAP_SECONDS = 0.2


def push(version: int, *, key: str = "shop", quiet: timedelta | None = 2 * SECOND, **more: object) -> NewTask:
    """Return a start of a debounced job."""
    task_id = uuid4()
    return NewTask(
        id=task_id,
        job="embed-product",
        workflow_id=f"embed-product/{key}/{task_id}",
        job_key=f"embed-product/{key}",
        dedupe_key=f"embed-product/{key}",
        input={"version": version},
        quiet=quiet,
        **more,
    )


def throttled(key: str = "shop") -> NewTask:
    """Return a start of a job that runs at most once an hour."""
    return push(1, key=key, quiet=None, at_most_every=timedelta(hours=1))


async def accept(database: Database, *tasks: NewTask, now: datetime = NOW) -> list[Enqueued]:
    """Accept tasks in a transaction of their own."""
    return await database.transact(lambda session: TaskIntake(session).enqueue(tasks, now=now))


async def begin(database: Database, task: NewTask, now: datetime) -> TaskBegun:
    """Let a task's workflow begin, started with the input of its first start."""
    message = BeginTask(
        task_id=task.id,
        fallback_id=uuid4(),
        job=task.job,
        workflow_id=task.workflow_id,
        run_id=f"run-{task.id}",
        input=task.input,
        triggered_by="test",
    )
    return await database.transact(lambda session: TaskWriter(session).begin(message, now=now))


async def finish(
    database: Database, task_id: UUID, now: datetime, state: TaskState = TaskState.SUCCESS
) -> None:
    """End a task."""
    message = FinishTask(task_id=task_id, state=state)
    await database.transact(lambda session: TaskWriter(session).finish(message, now=now))


async def all_tasks(database: Database) -> list[Task]:
    """Return every task, the newest first."""
    return await database.read(lambda session: WorkspaceTasks(session, DEFAULT_WORKSPACE).find(limit=1_000))


async def test_the_last_of_many_starts_gives_the_input_and_the_time(database: Database) -> None:
    """One task is queued, whose quiet time begins anew with each start."""
    first = push(0)
    await accept(database, first)

    pushed = [(await accept(database, push(each), now=NOW + each * SECOND))[0] for each in range(1, 5)]

    (task,) = await all_tasks(database)
    assert {(first.id, True)} == {(each.task_id, each.deduplicated) for each in pushed}
    assert ({"version": 4}, NOW + 6 * SECOND) == (task.input, task.starts_at)


async def test_starts_of_one_key_in_one_transaction_are_one_task(database: Database) -> None:
    """The last input of a batch wins as well."""
    accepted = await accept(database, push(1), push(2), push(3, key="other"), push(4))

    assert {("shop", 4), ("other", 3)} == {
        (task.workflow_id.split("/")[1], task.input["version"]) for task in await all_tasks(database)
    }
    assert [False, True, False, True] == [each.deduplicated for each in accepted]


async def test_a_task_begins_when_no_start_came_for_the_quiet_time(database: Database) -> None:
    """Its workflow is told to come back until then, and gets the last input when it may begin."""
    task = push(1)
    await accept(database, task)
    await accept(database, push(2), now=NOW + SECOND)

    early = await begin(database, task, NOW + 2 * SECOND)
    waiting = await get(database, task.id)
    begun = await begin(database, task, NOW + 3 * SECOND)

    assert (SECOND, None) == (early.starts_in, early.input)
    assert (TaskState.QUEUED, None) == (waiting.state, waiting.started_at)
    assert (None, {"version": 2}) == (begun.starts_in, begun.input)
    assert TaskState.RUNNING == (await get(database, task.id)).state


async def test_a_start_while_the_task_runs_makes_the_next_one(database: Database) -> None:
    """What comes too late for a run is never lost: the key was given up when it began."""
    task, late, later = push(1), push(2), push(3)
    await accept(database, task)
    await begin(database, task, NOW + 2 * SECOND)

    accepted = [(await accept(database, each, now=NOW + 3 * SECOND))[0] for each in (late, later)]

    assert [(late.id, False), (late.id, True)] == [(each.task_id, each.deduplicated) for each in accepted]
    assert [{"version": 1}, {"version": 3}] == [(await get(database, each.id)).input for each in (task, late)]


async def test_a_later_task_of_a_key_does_not_begin_beside_the_one_before(database: Database) -> None:
    """The older input is never written after the newer one, however long the older run takes."""
    task, late = push(1), push(2)
    await accept(database, task)
    await begin(database, task, NOW + 2 * SECOND)
    await accept(database, late, now=NOW + 3 * SECOND)

    soon = await begin(database, late, NOW + 5 * SECOND)
    long_after = await begin(database, late, NOW + 102 * SECOND)
    await finish(database, task.id, NOW + 103 * SECOND)
    begun = await begin(database, late, NOW + 152 * SECOND)

    assert [2 * SECOND, 50 * SECOND, None] == [each.starts_in for each in (soon, long_after, begun)]


async def test_each_start_is_in_a_run_that_begins_after_it(database: Database) -> None:
    """However starts and beginnings meet, the last one of a key is in the input of some run."""
    quiet = timedelta(microseconds=1)
    seen: list[int] = []

    async def start(version: int) -> None:
        await accept(database, push(version, quiet=quiet), now=datetime.now(UTC))

    async def work() -> None:
        for task in await all_tasks(database):
            if task.state is TaskState.QUEUED:
                new = push(0).model_copy(update={"id": task.id, "input": {"version": -1}})
                begun = await begin(database, new, datetime.now(UTC))
                if begun.starts_in is None and begun.input is not None:
                    seen.append(begun.input["version"])
                    await finish(database, task.id, datetime.now(UTC))

    for version in range(20):
        await asyncio.gather(start(version), work(), work())
    await asyncio.sleep(0.001)
    await work()

    assert 19 == seen[-1]
    assert sorted(seen) == seen
    assert [] == [task for task in await all_tasks(database) if not task.state.is_final]


async def test_a_start_takes_the_key_of_a_running_task_that_holds_it_still(database: Database) -> None:
    """A job that becomes debounced while a task of it runs loses no start."""
    old = push(1, quiet=None)
    await accept(database, old)
    await begin(database, old, NOW)

    (accepted,) = await accept(database, push(2))

    assert not accepted.deduplicated


async def test_a_throttled_start_that_is_too_early_returns_the_last_task(database: Database) -> None:
    """Also after its end; and of another key, or once the time is over, a start makes a task."""
    first, second = throttled(), throttled()
    await accept(database, first)
    await finish(database, first.id, NOW + SECOND)

    (early,) = await accept(database, throttled(), now=NOW + timedelta(minutes=59))
    (other,) = await accept(database, throttled("other"), now=NOW + SECOND)
    (late,) = await accept(database, second, now=NOW + timedelta(minutes=60))

    assert (first.id, True) == (early.task_id, early.deduplicated)
    assert [False, False] == [other.deduplicated, late.deduplicated]
    assert second.id == late.task_id


async def test_a_throttled_task_that_was_cancelled_before_it_began_does_not_count(database: Database) -> None:
    """It used up nothing of what the limit is there for."""
    first = throttled()
    await accept(database, first)
    await finish(database, first.id, NOW, TaskState.CANCELLED)

    (accepted,) = await accept(database, throttled(), now=NOW + SECOND)

    assert not accepted.deduplicated


async def test_of_many_throttled_starts_at_once_one_makes_a_task(database: Database) -> None:
    """The check and the insert are one, also when the first task ends in between."""

    async def start_and_end() -> Enqueued:
        task = throttled()
        (accepted,) = await accept(database, task)
        if not accepted.deduplicated:
            await finish(database, task.id, NOW)
        return accepted

    accepted = await asyncio.gather(*(start_and_end() for _ in range(12)))

    assert 1 == len({each.task_id for each in accepted}) == len(await all_tasks(database))


async def test_a_throttled_start_waits_for_one_that_is_not_committed(database: Database) -> None:
    """Also one that begins and ends before anybody could see it counts."""
    first = throttled()
    async with database.session.begin() as session:
        await TaskIntake(session).enqueue([first], now=NOW)
        other = asyncio.create_task(accept(database, throttled()))
        await asyncio.sleep(OVERLAP_SECONDS)
        await TaskWriter(session).finish(FinishTask(task_id=first.id, state=TaskState.FAILED), now=NOW)

    assert [(first.id, True)] == [(each.task_id, each.deduplicated) for each in await other]


async def test_a_task_does_not_begin_beside_a_start_that_is_not_committed(database: Database) -> None:
    """The start was accepted while the task was queued, so its input is the one that is worked on."""
    task = push(1)
    await accept(database, task)
    async with database.session.begin() as session:
        await TaskIntake(session).enqueue([push(2)], now=NOW + SECOND)
        beginning = asyncio.create_task(begin(database, task, NOW + 2 * SECOND))
        await asyncio.sleep(OVERLAP_SECONDS)

    assert SECOND == (await beginning).starts_in
    assert {"version": 2} == (await get(database, task.id)).input


async def test_a_task_is_retried_once_whoever_asks(database: Database) -> None:
    """Of many operators at the same moment one starts it; the others are told of the newer task."""
    failed = push(1)
    await accept(database, failed)
    await finish(database, failed.id, NOW, TaskState.FAILED)

    async def retry() -> UUID | AlreadyRetried:
        task = push(1, retry_of=failed.id).model_copy(update={"dedupe_key": None})
        try:
            return (await accept(database, task))[0].task_id
        except AlreadyRetried as error:
            return error

    outcomes = await asyncio.gather(*(retry() for _ in range(8)))

    (winner,) = [each for each in outcomes if isinstance(each, UUID)]
    refusals = [each for each in outcomes if isinstance(each, AlreadyRetried)]
    assert {winner} == {each.retried_by for each in refusals}
    assert f"as task {winner}" in str(refusals[0])
    assert winner == (await get(database, failed.id)).retried_by
    assert 2 == len(await all_tasks(database))


async def test_a_retry_neither_changes_a_queued_task_nor_is_throttled(database: Database) -> None:
    """Its input is older than that of whoever is queued; and an operator who asks for it means it."""
    failed, failed_throttled = push(1), throttled("other")
    await accept(database, failed, failed_throttled)
    for each in (failed, failed_throttled):
        await finish(database, each.id, NOW, TaskState.FAILED)
    newer = push(2)
    await accept(database, newer)

    again, again_throttled = await accept(
        database,
        push(1, retry_of=failed.id),
        throttled("other").model_copy(update={"retry_of": failed_throttled.id}),
    )

    assert (newer.id, {"version": 2}) == (again.task_id, (await get(database, newer.id)).input)
    assert not again_throttled.deduplicated


async def test_a_task_for_a_later_time_keeps_its_key_while_it_runs(database: Database) -> None:
    """Only a debounced job makes another task of a key that is being worked on."""
    task = push(1, quiet=None, starts_at=NOW + SECOND)
    await accept(database, task)
    early = await begin(database, task, NOW)
    begun = await begin(database, task, NOW + SECOND)

    (accepted,) = await accept(database, push(2, quiet=None))

    assert [SECOND, None] == [early.starts_in, begun.starts_in]
    assert (task.id, True) == (accepted.task_id, accepted.deduplicated)


async def test_a_task_that_was_cancelled_before_its_time_does_not_begin(database: Database) -> None:
    """Its workflow learns it when it asks."""
    task = push(1)
    await accept(database, task)
    await finish(database, task.id, NOW, TaskState.CANCELLED)

    assert (await begin(database, task, NOW + 3 * SECOND)).already_final


@pytest.mark.parametrize("at", [NOW + 9 * SECOND, NOW + SECOND])
async def test_a_debounced_task_for_a_later_time_waits_for_both(database: Database, at: datetime) -> None:
    """It starts at its time, or after the quiet time if that is later."""
    task = push(1, starts_at=at)
    (accepted,) = await accept(database, task)

    assert max(at, NOW + 2 * SECOND) == accepted.starts_at == (await get(database, task.id)).starts_at


async def test_a_start_does_not_bring_a_queued_task_forward(database: Database) -> None:
    """Temporal was told when it begins: its input is the newer one, its time the later one."""
    task = push(1, starts_at=NOW + 60 * SECOND)
    await accept(database, task)

    await accept(database, push(2), now=NOW + SECOND)

    queued = await get(database, task.id)
    assert ({"version": 2}, NOW + 60 * SECOND) == (queued.input, queued.starts_at)


async def test_a_queued_task_of_a_job_that_becomes_debounced_takes_a_newer_input(database: Database) -> None:
    """Its workflow, which was started with the older one, is given it when it begins."""
    old = push(1, quiet=None)
    await accept(database, old)
    await accept(database, push(2))

    early = await begin(database, old, NOW + SECOND)
    begun = await begin(database, old, NOW + 2 * SECOND)

    assert (SECOND, {"version": 2}) == (early.starts_in, begun.input)


async def test_a_throttled_start_for_a_later_time_counts_from_then(database: Database) -> None:
    """What begins at nine does not happen again at five past nine."""
    hour = timedelta(hours=1)
    first = throttled().model_copy(update={"starts_at": NOW + 8 * hour})
    await accept(database, first)
    await begin(database, first, NOW + 8 * hour)
    await finish(database, first.id, NOW + 8 * hour + SECOND)

    (early,) = await accept(database, throttled(), now=NOW + 8.5 * hour)
    (late,) = await accept(database, throttled(), now=NOW + 9 * hour)

    assert [(first.id, True), False] == [(early.task_id, early.deduplicated), late.deduplicated]
