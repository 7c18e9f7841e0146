"""What a transaction has queued is woken by its commit, on both databases."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from mainspring.activities.runtime.dispatch import wake_queued
from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.tasks import TaskActivities
from mainspring.contracts.queues import BatchedQueue
from mainspring.contracts.tasks import FinishTask, NewTask, RelayTasks, TaskFilter, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.commits import after_commits, wake_after_commit
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake, TaskWriter
from mainspring.testing import eventually
from tests.deliveries import add_subscriber, deliveries_are_under_way
from tests.service import Service

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture
def woken(database: Database) -> list[tuple[str, set[UUID]]]:
    """Give what the database wakes."""
    found: list[tuple[str, set[UUID]]] = []

    async def wake(job: str, task_ids: Collection[UUID]) -> None:
        found.append((job, set(task_ids)))

    database.wake = wake
    return found


async def test_a_queue_is_woken_once_for_all_that_a_transaction_has_queued(
    database: Database, woken: list[tuple[str, set[UUID]]]
) -> None:
    """After the commit, and before the caller goes on."""

    async def queue(session: Session) -> int:
        wake_after_commit(session, "mail", [ONE])
        wake_after_commit(session, "post", [TWO])
        wake_after_commit(session, "mail", [THREE])
        return len(woken)

    assert 0 == await database.transact(queue)
    assert [("mail", {ONE, THREE}), ("post", {TWO})] == woken


async def test_a_transaction_that_is_rolled_back_wakes_nothing(
    database: Database, woken: list[tuple[str, set[UUID]]]
) -> None:
    """There is nothing to find."""

    async def queue(session: Session) -> None:
        wake_after_commit(session, "mail", [ONE])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(queue)
    await after_commits()

    assert [] == woken


async def test_a_savepoint_that_is_rolled_back_takes_back_its_own(
    database: Database, woken: list[tuple[str, set[UUID]]]
) -> None:
    """What was queued before it, after it and in a released one is woken."""

    async def queue(session: Session) -> None:
        wake_after_commit(session, "mail", [ONE])
        async with session.begin_nested() as taken_back:
            wake_after_commit(session, "mail", [TWO])
            await taken_back.rollback()
        async with session.begin_nested():
            wake_after_commit(session, "mail", [THREE])

    await database.transact(queue)

    assert [("mail", {ONE, THREE})] == woken


async def test_a_session_of_the_callers_own_wakes_with_each_commit(
    database: Database, woken: list[tuple[str, set[UUID]]]
) -> None:
    """Each commit wakes what was queued since the last one."""
    async with database.session() as session:
        for task_id in (ONE, TWO):
            await session.connection()
            wake_after_commit(session, "mail", [task_id])
            await session.commit()
        await session.connection()
        wake_after_commit(session, "mail", [THREE])
    await after_commits()

    assert [("mail", {ONE}), ("mail", {TWO})] == woken


def ending(task: NewTask, service: Service) -> Callable[[Session], Awaitable[None]]:
    """Return the write of a task that ends at once."""
    now, finish = service.clock.now(), FinishTask(task_id=task.id, state=TaskState.SUCCESS)

    async def write(session: Session) -> None:
        await TaskIntake(session).enqueue([task], now=now)
        await TaskWriter(session).finish(finish, now=now)

    return write


def new_task() -> NewTask:
    task_id = uuid4()
    return NewTask(id=task_id, job="discover-sets", workflow_id=str(task_id), dedupe_key=None, input={})


async def test_whoever_ends_a_task_has_its_subscribers_told(workerless: Service) -> None:
    """A plain write to the ledger is enough: no caller can forget the deliveries."""
    await add_subscriber(workerless)

    await workerless.database.transact(ending(new_task(), workerless))

    assert await eventually(lambda: deliveries_are_under_way(workerless), bool)


async def test_a_queue_that_cannot_be_woken_waits_for_the_relay(workerless: Service) -> None:
    """Temporal is away: the task has ended, its delivery stays QUEUED, and the next relay wakes the queue."""
    await add_subscriber(workerless)
    nowhere = TemporalGateway(await Client.connect("127.0.0.1:1", lazy=True), "nobody")
    wake_queued(workerless.database, nowhere, workerless.clock)

    await workerless.database.transact(ending(new_task(), workerless))
    (delivery,) = await workerless.tasks.find(TaskFilter(job=DELIVER_WEBHOOK))
    assert TaskState.QUEUED is delivery.state
    assert not await deliveries_are_under_way(workerless)

    sizes = QueueSizes({DELIVER_WEBHOOK: BatchedQueue(page=1, parallel=1)})
    relay = TaskActivities(workerless.database, workerless.temporal, workerless.clock, sizes)
    await relay.relay(RelayTasks())

    assert await eventually(lambda: deliveries_are_under_way(workerless), bool)
