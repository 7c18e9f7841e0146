"""The failure store on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ErrorLog, FailureStore, TaskIntake, TaskQueries, TaskWriter

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

# Job, error type and message of three ways to fail.
KINDS = (
    ("sync-cards", "Refused", "HTTP 429 from https://vendor.example/cards/{0}"),
    ("sync-cards", "Unreachable", "no answer from db-{0} in {0}.5 s"),
    ("embed-product", "ValueError", "product '{0}' has no name"),
)


async def fail(session: Session, kind: tuple[str, str, str], number: int, **more: object) -> UUID:
    """Make a task that failed in some way, `number` minutes after noon."""
    job, error_type, message = kind
    task_id, at = uuid4(), NOW + number * MINUTE
    new = NewTask(id=task_id, job=job, workflow_id=str(task_id), dedupe_key=None, input={}, **more)
    await TaskIntake(session).enqueue([new], now=at)
    error = TaskError(at=at, step="work", error_type=error_type, message=message.format(number))
    await TaskWriter(session).finish(FinishTask(task_id=task_id, state=TaskState.FAILED, error=error), now=at)
    return task_id


async def fail_many(database: Database, count: int) -> list[UUID]:
    """Make that many failed tasks of the three kinds, one a minute."""

    async def work(session: Session) -> list[UUID]:
        return [await fail(session, KINDS[number % len(KINDS)], number) for number in range(count)]

    return await database.transact(work)


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.drill)])
async def test_failures_of_three_kinds_are_three_groups(database: Database, count: int) -> None:
    """Each says how many there are, when it was first and last seen, and shows the latest."""
    failed = await fail_many(database, count)

    groups = await database.read(
        lambda session: FailureStore(session, DEFAULT_WORKSPACE).groups(FailureFilter())
    )

    third, last = count // 3, count - 1
    expected = [
        # The last of 50 or 500 is of the second kind.
        (
            *KINDS[1][:2],
            third + 1,
            NOW + MINUTE,
            NOW + last * MINUTE,
            failed[last],
            f"no answer from db-{last} in {last}.5 s",
        ),
        (*KINDS[0][:2], third + 1, NOW, NOW + (last - 1) * MINUTE, failed[-2], KINDS[0][2].format(last - 1)),
        (
            *KINDS[2][:2],
            third,
            NOW + 2 * MINUTE,
            NOW + (last - 2) * MINUTE,
            failed[-3],
            KINDS[2][2].format(last - 2),
        ),
    ]
    assert expected == [
        (
            *(group.job, group.error_type, group.count, group.first_at, group.last_at),
            *(group.example_id, group.example_message),
        )
        for group in groups
    ]


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        (FailureFilter(job="sync-cards"), 20),
        (FailureFilter(error_type="ValueError"), 10),
        (FailureFilter(since=NOW + 20 * MINUTE), 10),
        (FailureFilter(job="sync-cards", error_type="Refused", since=NOW + 1 * MINUTE), 9),
        (FailureFilter(task_ids=()), 0),
        (FailureFilter(group="%"), 0),
    ],
    ids=str,
)
async def test_a_filter_means_tasks_for_which_all_of_it_holds(
    database: Database, criteria: FailureFilter, count: int
) -> None:
    """The count, the groups and the tasks agree on what the criteria choose."""
    await fail_many(database, 30)

    async def look(session: Session) -> tuple[int, int, int, int]:
        failures = FailureStore(session, DEFAULT_WORKSPACE)
        groups = await failures.groups(criteria)
        newest, oldest = await failures.newest(criteria, limit=99), await failures.oldest(criteria, limit=99)
        assert newest == oldest[::-1]
        return await failures.count(criteria), sum(group.count for group in groups), len(newest), len(oldest)

    assert (count,) * 4 == await database.read(look)


async def test_a_group_is_named_by_the_beginning_of_its_fingerprint(database: Database) -> None:
    """Its tasks come page after page, the oldest failure first, each once."""
    await fail_many(database, 30)

    async def look(session: Session) -> list[int]:
        failures = FailureStore(session, DEFAULT_WORKSPACE)
        group = (await failures.groups(FailureFilter()))[0]
        criteria, sizes, after = FailureFilter(group=group.fingerprint[:8].upper()), [], None
        while page := await failures.oldest(criteria, after=after, limit=4):
            sizes.append(len(page))
            assert page[-1].finished_at is not None
            after = (page[-1].finished_at, page[-1].id)
        return sizes

    assert [4, 4, 2] == await database.read(look)


async def test_what_is_retried_dismissed_or_a_step_is_not_on_the_list(database: Database) -> None:
    """The list is what somebody has to look at; a step is retried with its flow."""

    async def work(session: Session) -> tuple[int, int, UUID]:
        failures = FailureStore(session, DEFAULT_WORKSPACE)
        retried, dismissed, left = [await fail(session, KINDS[0], number) for number in range(3)]
        await fail(session, KINDS[0], 4, parent_id=left)
        again = NewTask(id=uuid4(), job="x", workflow_id="x", dedupe_key=None, input={}, retry_of=retried)
        await TaskIntake(session).enqueue([again], now=NOW)
        count = await failures.dismiss(FailureFilter(task_ids=(retried, dismissed)), now=NOW)
        (group,) = await failures.groups(FailureFilter())
        assert left == group.example_id
        return count, group.count, left

    assert (1, 1) == (await database.transact(work))[:2]


async def test_a_task_that_succeeds_has_no_fingerprint(database: Database) -> None:
    """Only a final failure is one; the errors on the way stay in the task's own log."""

    async def work(session: Session) -> tuple[str | None, int]:
        task_id = uuid4()
        new = NewTask(id=task_id, job="x", workflow_id="x", dedupe_key=None, input={})
        await TaskIntake(session).enqueue([new], now=NOW)
        error = TaskError(at=NOW, step="work", error_type="Refused", message="no")
        await ErrorLog(session).append(task_id, error)
        await TaskWriter(session).finish(FinishTask(task_id=task_id, state=TaskState.SUCCESS), now=NOW)
        task = await TaskQueries(session).get(task_id)
        assert task is not None
        return task.fingerprint, await FailureStore(session, DEFAULT_WORKSPACE).count(FailureFilter())

    assert (None, 0) == await database.transact(work)


async def test_a_failure_that_comes_until_it_is_mended_is_one_entry(database: Database) -> None:
    """Also when its words vary; other failures of the task stay."""
    task_id = uuid4()
    other = TaskError(at=NOW, step="work", error_type="Refused", message="no")
    away = [
        TaskError(at=NOW + number * MINUTE, step="work", error_type="StoreAway", message=f"port {number}")
        for number in range(3)
    ]

    async def work(session: Session) -> list[TaskError]:
        new = NewTask(id=task_id, job="x", workflow_id="x", dedupe_key=None, input={})
        await TaskIntake(session).enqueue([new], now=NOW)
        log = ErrorLog(session)
        await log.append(task_id, other)
        for error in away:
            await log.forget_same([(task_id, error)])
            await log.append(task_id, error)
        task = await TaskQueries(session).get(task_id)
        assert task is not None
        return list(task.errors)

    assert [other, away[-1]] == await database.transact(work)


async def test_a_replayed_failure_that_returns_is_seen(database: Database) -> None:
    """Only a retry counts, only of a known kind, and only since the replay began."""

    async def work(session: Session) -> list[bool]:
        failures = FailureStore(session, DEFAULT_WORKSPACE)
        first = await fail(session, KINDS[0], 0)
        (group,) = await failures.groups(FailureFilter())
        kinds = {group.fingerprint}
        seen = [await failures.returned(kinds, since=NOW)]
        await fail(session, KINDS[1], 5, retry_of=first)
        seen.append(await failures.returned(kinds, since=NOW))
        second = await fail(session, KINDS[0], 6)
        await fail(session, KINDS[0], 7, retry_of=second)
        seen.append(await failures.returned(kinds, since=NOW + 8 * MINUTE))
        seen.append(await failures.returned(kinds, since=NOW + MINUTE))
        return [each is not None for each in seen]

    assert [False, False, False, True] == await database.transact(work)
