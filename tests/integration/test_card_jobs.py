"""The card jobs from the client to the database, on a real engine and against the emulated vendor."""

from datetime import timedelta
from uuid import UUID

import pytest

from mainspring.activities.cards import Credential, DefaultCredential
from mainspring.client.tasks.status_text import note
from mainspring.contracts.cards import (
    DiscoverSets,
    PricesUpdated,
    SetsDiscovered,
    SyncTrackedSets,
    UpdateInventoryPrices,
)
from mainspring.contracts.progress import PAUSE_ENDED
from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.cards.quota import plan_named
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.emulators.justtcg.faults import Fault
from mainspring.workflows.cards import DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from tests.service import Service, is_waiting

SET = "arena-new-player-experience-magic-the-gathering"
SMALL_SET = "welcome-deck-2017-magic-the-gathering"


async def updated(service: Service, account: UUID) -> tuple[PricesUpdated, Task]:
    """Run the price job to its end."""
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await service.wait(started.id)
    return await started.result(), task


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_the_three_card_jobs_bring_the_database_to_what_the_vendor_sells(service: Service) -> None:
    """Sets, cards and prices are the vendor's, every one of them."""
    held = service.justtcg.variant_ids[::271]
    account = await service.add_account(games=[GAME_ID], sets=[SET, SMALL_SET], inventory=held)
    jobs = service.jobs

    discovered = await (await jobs.start(DISCOVER_SETS, DiscoverSets(account_id=account))).result()
    synced = await (await jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))).result()
    prices, task = await updated(service, account)

    sets = service.justtcg.catalogue.sets
    cards = len(sets[SET].cards) + len(sets[SMALL_SET].cards)
    assert SetsDiscovered(games=1, sets=len(sets), requests=1) == discovered
    assert (2, cards) == (synced.sets, synced.cards)
    assert (len(held), 0) == (prices.updated, prices.missing)
    assert service.sold_at({*held, *service.variants_of(SET, SMALL_SET)}) == await service.prices()
    assert {TaskState.SUCCESS} == {each.state for each in await service.all_tasks()}
    assert (100, len(held), len(held)) == (task.progress, task.processed, task.total)


@pytest.mark.parametrize(
    ("count", "events"),
    [pytest.param(1_200, 30, id="short"), pytest.param(10_000, 60, id="long", marks=pytest.mark.drill)],
)
async def test_thousands_of_prices_cost_a_call_a_hundred_and_few_events(
    service: Service, count: int, events: int
) -> None:
    """On the Professional plan, which allows a hundred items in a request."""
    held = service.justtcg.variant_ids[:count]
    account = await service.add_account(inventory=held)

    prices, task = await updated(service, account)

    assert (count, count // 100) == (prices.updated, prices.requests)
    assert count // 100 == len(service.justtcg.calls)
    assert {} == service.justtcg.calls.repeated_lookups
    assert service.sold_at(held) == await service.prices()
    assert await service.temporal.history_length(task.workflow_id) <= events


async def test_an_invalid_key_fails_at_once_and_says_so(service: Service) -> None:
    """Trying again would not help: one call, one attempt, and a message that a person understands."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:5])
    await service.accounts.set_api_key("shop", "no-such-key")

    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await service.wait(started.id)

    assert TaskState.FAILED == task.state
    assert [("CredentialsRefused", 1)] == [(each.error_type, each.attempt) for each in task.errors]
    assert "the API key is invalid" in task.errors[0].message
    assert 1 == len(service.justtcg.calls)


@pytest.mark.parametrize("given", ["default", "own"])
async def test_a_key_that_is_missing_is_waited_for(workerless: Service, given: str) -> None:
    """No attempt fails; the task goes on with a worker that has a default key, or with the account's own."""
    held = workerless.justtcg.variant_ids[:5]
    account = await workerless.add_account(inventory=held)
    await workerless.accounts.set_api_key("shop", None)
    request = UpdateInventoryPrices(account_id=account)

    async with workerless.worker():
        started = await workerless.jobs.start(UPDATE_INVENTORY_PRICES, request)
        waiting = await workerless.until(started.id, is_waiting)
        if given == "own":
            await workerless.accounts.set_api_key("shop", "key-of-shop")
            task = await workerless.wait(started.id)
    if given == "default":
        key = Credential("key-of-shop", plan_named("Professional"), 1)
        workerless.gateways[DefaultCredential] = DefaultCredential(key)
        async with workerless.worker():
            await workerless.temporal.signal(waiting.workflow_id, PAUSE_ENDED)  # instead of five minutes
            task = await workerless.wait(started.id)

    assert "set MAINSPRING_JUSTTCG_API_KEY" in note(waiting)
    assert waiting.resumes_at is not None
    assert timedelta(minutes=5) >= waiting.resumes_at - workerless.clock.now()
    assert (TaskState.SUCCESS, ()) == (task.state, task.errors)
    assert workerless.sold_at(held) == await workerless.prices()


async def test_a_set_that_the_vendor_refuses_does_not_sink_the_others(service: Service) -> None:
    """The result names it, the error log says why, and the other set is complete."""
    account = await service.add_account(sets=[SET, SMALL_SET])
    service.justtcg.faults.refused_listings.add(SET)

    started = await service.jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))
    result, task = await started.result(), await service.tasks.get(started.id)

    assert (1, (SET,)) == (result.sets, result.failed)
    assert [(SET, "Refused")] == [(each.step, each.error_type) for each in task.errors]
    assert service.sold_at(service.variants_of(SMALL_SET)) == await service.prices()


FAULTS_OF_THE_WORLD = (
    Fault.SERVER_ERROR,
    Fault.DROPPED_BEFORE,
    Fault.DROPPED_AFTER,
    Fault.LOST_ANSWER,
    Fault.NOT_JSON,
)


async def test_a_fault_of_the_world_costs_one_repeated_call(service: Service) -> None:
    """The job goes on with the batch that failed, and every price is right in the end."""
    held = service.justtcg.variant_ids[: 150 * len(FAULTS_OF_THE_WORLD)]
    for number, fault in enumerate(FAULTS_OF_THE_WORLD):
        account = await service.add_account(fault.name, inventory=held[150 * number :][:150])
        service.justtcg.faults.next(fault)

        prices, task = await updated(service, account)

        assert (TaskState.SUCCESS, 150, 1) == (task.state, prices.updated, len(task.errors)), fault
        calls = service.justtcg.calls.of(f"key-of-{fault.name}")
        assert (2, 3) == (prices.requests, len(calls)), fault
    assert service.sold_at(held) == await service.prices()


async def test_untidy_answers_do_no_harm(service: Service) -> None:
    """Slow, reordered, doubled and without their counters: each variant is still stored once."""
    held = service.justtcg.variant_ids[:200]
    account = await service.add_account(sets=[SMALL_SET], inventory=held, items=20, plan="Free Tier")
    faults = service.justtcg.faults
    faults.slow_seconds = 0.01
    for fault in (Fault.SLOW, Fault.DUPLICATES, Fault.NO_METADATA, Fault.NO_META):
        faults.rate(fault, 0.5)

    prices, _ = await updated(service, account)
    synced = await (await service.jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))).result()

    assert (200, len(service.justtcg.catalogue.sets[SMALL_SET].cards)) == (prices.updated, synced.cards)
    assert service.sold_at({*held, *service.variants_of(SMALL_SET)}) == await service.prices()


@pytest.mark.parametrize(("hours", "requests"), [(23, 0), (25, 2)])
async def test_what_the_vendor_does_not_know_is_reported_and_left_alone_for_a_day(
    service: Service, hours: int, requests: int
) -> None:
    """Unknown ids do not fail the job, and cost a call once a day, not once a run."""
    known = service.justtcg.variant_ids[:100]
    service.clock.advance(-timedelta(hours=hours))
    account = await service.add_account(inventory=[*known, "no-such-card", "nor-this-one"])
    service.justtcg.faults.never_returned.add(known[0])

    first, _ = await updated(service, account)
    service.justtcg.faults.clear()
    service.clock.advance(timedelta(hours=hours))
    second, _ = await updated(service, account)

    assert (99, 3, 2) == (first.updated, first.missing, first.requests)
    assert requests == second.requests
    assert (100, 2) == (second.updated, second.missing) if requests else True


async def test_half_an_answer_is_made_up_for_when_it_is_due_again(service: Service) -> None:
    """What was left out counts as missing, and the next day's run gets it."""
    held = service.justtcg.variant_ids[:150]
    service.clock.advance(-timedelta(hours=25))
    account = await service.add_account(inventory=held)
    service.justtcg.faults.next(Fault.MISSING)

    first, _ = await updated(service, account)
    service.clock.advance(timedelta(hours=25))
    await updated(service, account)

    assert first.missing > 0
    assert 150 == first.updated + first.missing
    assert service.sold_at(held) == await service.prices()
