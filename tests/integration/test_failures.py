"""Working through failed tasks with a real worker: groups, replays, and never one twice."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.client.errors import GroupUnknown
from mainspring.client.failures import Failures
from mainspring.contracts.cards import DiscoverSets, SyncTrackedSets, UpdateInventoryPrices
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.errors import AlreadyRetried
from mainspring.workflows.cards import DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from tests.service import Service

ALL = FailureFilter()

SMALL_SET = "amonkhet-magic-the-gathering"

# No pause between the tasks of a test.
AT_ONCE = 10_000.0


def failures_of(service: Service) -> Failures:
    """Return the failures of a service."""
    return Failures(service.database, service.jobs, service.clock)


async def fail_for(service: Service, accounts: int) -> list[Task]:
    """Run three jobs for each of that many accounts, whose keys the vendor has revoked."""
    started: list[UUID] = []
    justtcg = service.justtcg
    for number in range(accounts):
        name = f"shop-{number}"
        account = await service.add_account(
            name, games=["pokemon"], sets=[SMALL_SET], inventory=justtcg.variant_ids[:1]
        )
        await service.accounts.set_api_key(name, "revoked")
        jobs = service.jobs
        discovery = await jobs.start(DISCOVER_SETS, DiscoverSets(account_id=account))
        sync = await jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))
        update = await jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
        started += [discovery.id, sync.id, update.id]
    ended = await service.wait_all(started)
    assert {TaskState.FAILED} == {task.state for task in ended}
    return ended


async def correct_keys(service: Service, accounts: int) -> None:
    """Give each account its valid key again."""
    for number in range(accounts):
        await service.accounts.set_api_key(f"shop-{number}", f"key-of-shop-{number}")


async def retries_of(service: Service, failed: list[Task]) -> Counter[UUID]:
    """Count how often each failed task was retried."""
    tasks = await service.tasks.find(limit=10_000)
    ids = {task.id for task in failed}
    return Counter(task.retry_of for task in tasks if task.retry_of in ids)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("accounts", "few"),
    [pytest.param(2, 4, id="short"), pytest.param(167, 10, id="long", marks=pytest.mark.drill)],
)
async def test_failed_tasks_of_three_kinds_are_replayed_a_few_first_and_then_the_rest(
    service: Service, accounts: int, few: int
) -> None:
    """Three rows to look at, whatever their number; each task is replayed once, and succeeds."""
    failures = failures_of(service)
    failed = await fail_for(service, accounts)
    groups = await failures.groups()
    await correct_keys(service, accounts)

    first = await failures.replay(ALL, limit=few, rate=AT_ONCE)
    rest = await failures.replay(ALL, rate=AT_ONCE)
    ended = await service.wait_all((*first.started, *rest.started))

    assert {("CredentialsRefused", accounts)} == {(group.error_type, group.count) for group in groups}
    assert {"discover-sets", "sync-tracked-sets", "update-inventory-prices"} == {
        group.job for group in groups
    }
    assert (few, 3 * accounts - few) == (len(first.started), first.remaining)
    assert (3 * accounts - few, 0, {}) == (len(rest.started), rest.remaining, rest.passed_over)
    assert {TaskState.SUCCESS} == {task.state for task in ended}
    assert dict.fromkeys((task.id for task in failed), 1) == await retries_of(service, failed)
    assert [] == await failures.groups()


async def test_operators_who_replay_at_the_same_time_replay_nothing_twice(service: Service) -> None:
    """Whoever is second is told of the newer task, and goes on with the next."""
    failures = failures_of(service)
    failed = await fail_for(service, 1)
    await correct_keys(service, 1)

    replays = await asyncio.gather(
        *(failures.replay(ALL, rate=AT_ONCE, stop_when_it_returns=False) for _ in range(4))
    )
    await service.wait_all(each for replayed in replays for each in replayed.started)

    assert 3 == sum(len(replayed.started) for replayed in replays)
    assert dict.fromkeys((task.id for task in failed), 1) == await retries_of(service, failed)


async def test_a_replay_stops_when_the_same_error_returns(service: Service) -> None:
    """The cause is still there: one task tells it, and the others are left for later."""
    failures = failures_of(service)
    await fail_for(service, 1)

    replayed = await failures.replay(ALL, rate=AT_ONCE)

    assert (1, 2) == (len(replayed.started), replayed.remaining)
    assert replayed.stopped_because is not None
    assert "CredentialsRefused" in replayed.stopped_because


async def test_a_single_task_is_waited_for_too(service: Service) -> None:
    """Whoever tries one wants to know how it went, and not to find its new failure among what is left."""
    failures = failures_of(service)
    failed = await fail_for(service, 1)

    limited = await failures.replay(ALL, limit=1, rate=AT_ONCE)
    seen = [await service.tasks.get(task.id) for task in failed]
    left = next(task for task in seen if task.retried_by is None)
    named = await failures.replay(FailureFilter(task_ids=(left.id,)), rate=AT_ONCE)

    assert [(1, 2), (1, 0)] == [(len(each.started), each.remaining) for each in (limited, named)]
    for replayed in (limited, named):
        assert replayed.stopped_because is not None
        assert f"task {replayed.started[0]} failed again" in replayed.stopped_because


async def test_a_replay_that_is_told_to_go_on_ends(service: Service) -> None:
    """What fails again meanwhile is for the next replay."""
    failures = failures_of(service)
    await fail_for(service, 1)

    replayed = await failures.replay(ALL, rate=AT_ONCE, stop_when_it_returns=False)
    for each in replayed.started:
        await service.tasks.wait(each)

    assert (3, None) == (len(replayed.started), replayed.stopped_because)
    assert 3 == await failures.count(ALL)


async def test_a_replay_does_not_wait_for_a_worker(workerless: Service) -> None:
    """The first task is watched for a while only; accepted tasks are safe meanwhile."""
    failures = failures_of(workerless)
    async with workerless.worker():
        await fail_for(workerless, 1)

    replayed = await failures.replay(ALL, rate=AT_ONCE, patience=timedelta(seconds=0.1))

    assert (3, 0) == (len(replayed.started), replayed.remaining)


async def test_a_group_or_single_tasks_are_replayed_or_dismissed(service: Service) -> None:
    """What is not meant stays on the list; what is dismissed stays FAILED."""
    failures = failures_of(service)
    failed = await fail_for(service, 2)
    await correct_keys(service, 2)
    group = await failures.group(
        (await failures.groups(FailureFilter(job="discover-sets")))[0].fingerprint[:10]
    )

    by_group = await failures.replay(FailureFilter(group=group.fingerprint), rate=AT_ONCE)
    by_id = await failures.replay(FailureFilter(task_ids=(failed[1].id,)), rate=AT_ONCE)
    dismissed = await failures.dismiss(FailureFilter(task_ids=(failed[2].id, uuid4())))

    assert (2, 1, 1) == (len(by_group.started), len(by_id.started), dismissed)
    assert {failed[4].id, failed[5].id} == {task.id for task in await failures.tasks(ALL)}
    assert TaskState.FAILED == (await service.tasks.get(failed[2].id)).state
    with pytest.raises(GroupUnknown, match="no group of failures has"):
        await failures.group("0000")


async def test_a_failed_task_says_how_it_failed_and_its_second_retry_names_the_newer_one(
    service: Service,
) -> None:
    """Pages do not read the error log. Two people with the same page open do not do the work twice."""
    failed = await fail_for(service, 1)
    shown = await service.tasks.get(failed[0].id)
    assert ("CredentialsRefused", 64) == (shown.error_type, len(shown.fingerprint or ""))
    assert shown.errors[-1].message == shown.error_message
    await correct_keys(service, 1)
    newer = await service.jobs.retry(failed[0].id)
    await service.tasks.wait(newer.id)

    with pytest.raises(AlreadyRetried, match=f"was retried already, as task {newer.id}"):
        await service.jobs.retry(failed[0].id)
    assert newer.id == (await service.tasks.get(failed[0].id)).retried_by
