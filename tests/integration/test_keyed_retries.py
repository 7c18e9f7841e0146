"""Retrying a task whose key another task holds by now."""

from datetime import timedelta
from uuid import UUID

import pytest

from mainspring.client.errors import KeyHeld
from mainspring.client.jobs import Jobs
from mainspring.contracts.flows import OpenedStep
from mainspring.contracts.tasks import FinishTask, TaskState
from mainspring.storage.database import Session
from mainspring.storage.errors import AlreadyRetried
from mainspring.storage.ledger import StepStore, TaskWriter
from tests.service import Service
from tests.toys import UPDATE_PRODUCT, UpdateProduct

LATER = timedelta(hours=1)


@pytest.fixture
def jobs(workerless: Service) -> Jobs:
    """Give the client of the toy job, whose tasks of a product have one key."""
    return Jobs(
        workerless.database, workerless.temporal, workerless.clock, job_named=lambda _: UPDATE_PRODUCT
    )


async def failed_task(service: Service, jobs: Jobs, version: int) -> UUID:
    """Make a task of a single step that has failed."""
    started = await jobs.start(UPDATE_PRODUCT, UpdateProduct(version=version), delay=LATER)
    await end(service, started.id)
    return started.id


async def end(service: Service, task_id: UUID) -> None:
    """Let a task fail at its step."""

    async def fail(session: Session) -> None:
        now = service.clock.now()
        await StepStore(session).open(task_id, [OpenedStep(name="fetch")], now=now)
        finish = FinishTask(task_id=task_id, state=TaskState.FAILED)
        await TaskWriter(session).finish(finish, now=now)

    await service.database.transact(fail)


async def test_what_the_active_task_would_not_do_is_refused_and_can_be_asked_for_again(
    workerless: Service, jobs: Jobs
) -> None:
    """Another input, or a step to run again, is neither lost nor kept from being retried later."""
    failed = await failed_task(workerless, jobs, 1)
    active = await jobs.start(UPDATE_PRODUCT, UpdateProduct(version=1), delay=LATER)
    changed = UpdateProduct(version=2)

    with pytest.raises(KeyHeld, match=f"task {active.id} of the same key is active"):
        await jobs.retry(failed, message=changed)
    with pytest.raises(KeyHeld, match=f"task {active.id} of the same key is active"):
        await jobs.retry(failed, from_step="fetch")
    assert (await jobs.tasks.get(failed)).retried_by is None
    await end(workerless, active.id)
    retried = await jobs.retry(failed, message=changed)

    new = await jobs.tasks.get(retried.id)
    assert (False, failed, 2) == (retried.deduplicated, new.retry_of, new.input["version"])


async def test_an_active_task_of_the_same_input_does_the_work_of_a_failed_one(
    workerless: Service, jobs: Jobs
) -> None:
    """Nothing is done twice: the failed task is retried, by that one."""
    failed = await failed_task(workerless, jobs, 1)
    active = await jobs.start(UPDATE_PRODUCT, UpdateProduct(version=1), delay=LATER)
    retried = await jobs.retry(failed)

    assert (active.id, True) == (retried.id, retried.deduplicated)
    assert active.id == (await jobs.tasks.get(failed)).retried_by
    with pytest.raises(AlreadyRetried):
        await jobs.retry(failed)


async def test_an_active_task_of_another_input_leaves_a_failed_one_to_be_retried(
    workerless: Service, jobs: Jobs
) -> None:
    """It is returned, for there is no second one; but it does not do the failed one's work."""
    failed = await failed_task(workerless, jobs, 1)
    active = await jobs.start(UPDATE_PRODUCT, UpdateProduct(version=2), delay=LATER)
    retried = await jobs.retry(failed)

    assert (active.id, True) == (retried.id, retried.deduplicated)
    assert (await jobs.tasks.get(failed)).retried_by is None
    await end(workerless, active.id)
    again = await jobs.retry(failed)
    assert (False, 1) == (again.deduplicated, (await jobs.tasks.get(again.id)).input["version"])
