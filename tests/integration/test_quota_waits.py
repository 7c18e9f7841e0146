"""Waiting for a quota, as the ledger tells it; and what is due, as the hourly refresh finds it."""

import asyncio
from datetime import timedelta
from uuid import UUID

from mainspring.contracts.cards import (
    AccountsRefreshed,
    RefreshDueAccounts,
    SyncTrackedSets,
    UpdateInventoryPrices,
)
from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.cards.quota.windows import day_start
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.emulators.justtcg.faults import Fault
from mainspring.storage.cards import AccountRepository
from mainspring.workflows.cards import REFRESH_DUE_ACCOUNTS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from tests.service import Service, is_waiting

SET = "arena-new-player-experience-magic-the-gathering"


async def start(service: Service, name: str) -> UUID:
    """Start the price job of an account, and return the task's id."""
    account = await service.accounts.find(name)
    request = UpdateInventoryPrices(account_id=account.id)
    return (await service.jobs.start(UPDATE_INVENTORY_PRICES, request)).id


async def update(service: Service, name: str) -> Task:
    """Run the price job of an account to its end."""
    return await service.wait(await start(service, name))


async def refresh(service: Service) -> AccountsRefreshed:
    """Run the refresh, and all that it starts."""
    result = await (await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())).result()
    for task in await service.active_tasks():
        await service.wait(task.id)
    return result


async def test_a_used_up_day_is_waited_for_and_a_better_plan_wakes_the_task(service: Service) -> None:
    """The row says what is waited for and until when; the signal of a plan change ends it early."""
    held = service.justtcg.variant_ids[:60]
    account = await service.add_account(plan="Free Tier", inventory=held, day=2, month=9)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))

    waiting = await service.until(started.id, is_waiting)
    tomorrow = day_start(service.clock.now()) + timedelta(days=1)
    service.justtcg.add_key("key-of-shop", "Starter")
    woken = await service.accounts.change_plan("shop", "Starter", 1)
    task = await service.wait(started.id)

    assert ("daily quota of JustTCG", tomorrow) == (waiting.waiting_for, waiting.resumes_at)
    assert (40, 1) == (waiting.processed, woken)
    assert (TaskState.SUCCESS, None, None, ()) == (task.state, task.waiting_for, task.resumes_at, task.errors)
    assert {} == service.justtcg.calls.repeated_lookups
    assert service.sold_at(held) == await service.prices()


async def test_a_running_task_is_told_of_a_new_plan_too(service: Service) -> None:
    """It may be about to wait for the old plan's quota. The day on which the quota renews stays."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:5])
    service.justtcg.faults.next(Fault.SLOW)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, lambda task: task.state is TaskState.RUNNING)

    told = [await service.accounts.change_plan("shop", "Starter", day) for day in (15, None)]

    assert [1, 1] == told
    assert ("Starter", 15) == ((found := await service.accounts.find("shop")).plan, found.anchor_day)
    assert TaskState.SUCCESS == (await service.wait(started.id)).state


async def test_a_block_that_the_vendor_took_back_is_lifted(service: Service) -> None:
    """The tasks of every account that uses the key go on at once; what is fetched is not fetched again."""
    held = service.justtcg.variant_ids[:60]
    await service.add_account("first", plan="Free Tier", inventory=held, day=2)
    await service.add_account("second", plan="Free Tier", inventory=held[:20])
    await service.accounts.set_api_key("second", "key-of-first")
    started = [await start(service, "first")]
    await service.until(started[0], is_waiting)
    started.append(await start(service, "second"))
    await service.until(started[1], is_waiting)
    service.justtcg.add_key("key-of-first", "Free Tier")

    told = await service.accounts.lift_block("second")
    tasks = [await service.wait(each) for each in started]

    assert 2 == told
    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    assert service.sold_at(held) == await service.prices()


async def test_two_jobs_of_one_account_share_its_quota(service: Service) -> None:
    """Together they use the whole day and nothing above it, and both wait for the next one."""
    held = service.justtcg.variant_ids[-240:]
    account = await service.add_account(plan="Free Tier", sets=[SET], inventory=held)

    prices = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    cards = await service.jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))
    await asyncio.gather(service.wait(prices.id), service.wait(cards.id))

    calls = service.justtcg.calls
    assert 12 + -(-len(service.justtcg.catalogue.sets[SET].cards) // 20) == len(calls.counted) == len(calls)
    assert calls.most_in_any_minute <= 10
    assert service.sold_at({*held, *service.variants_of(SET)}) == await service.prices()


async def test_accounts_that_share_a_key_share_its_quota(service: Service) -> None:
    """The key is what the vendor counts: the second account finds the day used up by the first."""
    held = service.justtcg.variant_ids[:200]
    await service.add_account("first", inventory=held, day=2)
    await service.add_account("second", inventory=held)
    await service.accounts.set_api_key("second", "key-of-first")

    await update(service, "first")
    second = await start(service, "second")
    waiting = await service.until(second, is_waiting)

    assert 0 == waiting.processed
    assert 2 == len(service.justtcg.calls)
    await service.jobs.cancel(second)


async def test_the_refresh_starts_what_is_due_once_for_each_active_account(service: Service) -> None:
    """Not for an inactive one, not for what is fresh, and nothing a second time."""
    due = await service.add_account("due", games=[GAME_ID], inventory=service.justtcg.variant_ids[:5])
    await service.add_account("idle")
    gone = await service.add_account("gone", inventory=service.justtcg.variant_ids[:5])
    await service.database.transact(
        lambda session: AccountRepository(session).change(gone, {"is_active": False})
    )

    refreshed = [await refresh(service) for _ in range(2)]

    started = [(task.job, task.fairness_key) for task in await service.all_tasks() if task.fairness_key]
    assert AccountsRefreshed(accounts=2, started=2, already_active=0) == refreshed[0]
    assert AccountsRefreshed(accounts=2, started=0, already_active=0) == refreshed[1]
    assert [("discover-sets", str(due)), ("update-inventory-prices", str(due))] == sorted(started)


async def test_a_refresh_that_finds_nothing_due_costs_one_activity(service: Service) -> None:
    """It runs every hour: an action more each time would be paid for."""
    await service.add_account("idle")
    started = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    task = await service.wait(started.id)

    history = await service.temporal_client.get_workflow_handle(task.workflow_id).fetch_history()
    scheduled = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]

    assert AccountsRefreshed(accounts=1) == await started.result()
    assert ["cards.list_due_page"] == scheduled


async def test_the_refresh_leaves_active_jobs_alone(service: Service) -> None:
    """One that waits for its quota is not started beside itself."""
    await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)

    first = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    await service.wait(first.id)
    (prices,) = await service.active_tasks()
    await service.until(prices.id, is_waiting)
    again = await (await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())).result()

    assert AccountsRefreshed(accounts=1, started=0, already_active=1) == again
