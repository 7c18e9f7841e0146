"""Fetching listings of which the vendor does not give one: the activity alone, called as Temporal would."""

from datetime import timedelta
from uuid import UUID

import pytest

from mainspring.activities.cards import CardActivities, Credentials, DefaultCredential
from mainspring.config.secrets import encryption_key
from mainspring.contracts.cards import AccountsPage, ListingProgress, SyncTrackedSets
from mainspring.contracts.tasks import Task
from mainspring.emulators.justtcg.faults import Fault
from mainspring.gateways.errors import ServerFault
from mainspring.gateways.justtcg import JustTcg
from mainspring.storage.database import Database
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.cards import SYNC_TRACKED_SETS
from tests.interrupted_database import InterruptedDatabase
from tests.service import Service

SET = "arena-new-player-experience-magic-the-gathering"
SMALL_SET = "welcome-deck-2017-magic-the-gathering"


def activities(service: Service, database: Database | None = None) -> CardActivities:
    """Return the activities of a worker that is not there."""
    keys = Credentials(service.database, SecretBox(encryption_key(service.settings)), DefaultCredential(None))
    justtcg = service.gateways[JustTcg]
    assert isinstance(justtcg, JustTcg)
    return CardActivities(database or service.database, justtcg, keys, service.clock)


async def synced(
    service: Service, account: UUID, database: Database | None = None
) -> tuple[ListingProgress, Task]:
    """Work until nothing is due; what the world does wrong is tried again."""
    started = await service.jobs.start(SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))
    progress = ListingProgress(task_id=started.id, account_id=account, cutoff=service.clock.now())
    while not progress.finished:
        try:
            progress = await activities(service, database).sync_sets_batch(progress)
        except ServerFault:
            continue
    return progress, await service.tasks.get(started.id)


async def test_a_set_at_which_the_vendor_always_fails_is_passed_over_after_the_others(
    workerless: Service,
) -> None:
    """It is asked for eight times in all, after the others are stored, and named in the result."""
    account = await workerless.add_account(sets=[SET, SMALL_SET])
    workerless.justtcg.faults.failing_listings.add(SET)

    progress, task = await synced(workerless, account)

    asked = [call.params["set"] for call in workerless.justtcg.calls]
    assert [SET, SMALL_SET, *[SET] * 7] == asked
    assert (2, (SET,)) == (progress.processed, progress.failed)
    assert [(SET, "ServerFault")] == [(error.step, error.error_type) for error in task.errors]
    assert workerless.sold_at(workerless.variants_of(SMALL_SET)) == await workerless.prices()


async def test_no_request_is_sent_again_for_a_database_that_goes_away_after_it(workerless: Service) -> None:
    """Whatever the vendor has answered: a page, a fault, or a refusal."""
    account = await workerless.add_account(sets=[SET, SMALL_SET])
    workerless.justtcg.faults.refused_listings.add(SET)
    workerless.justtcg.faults.next(Fault.SERVER_ERROR)
    database = InterruptedDatabase(workerless.database.url, workerless.justtcg.calls)

    progress, task = await synced(workerless, account, database)
    await database.dispose()

    asked = [call.params["set"] for call in workerless.justtcg.calls]
    assert [SET, SMALL_SET, SMALL_SET] == asked
    assert (2, (SET,), 3) == (progress.processed, progress.failed, progress.requests)
    assert [SET] == [error.step for error in task.errors]


async def test_a_vendor_that_fails_for_a_moment_costs_no_set(workerless: Service) -> None:
    """What it failed at is asked for again, and everything is stored."""
    account = await workerless.add_account(sets=[SET, SMALL_SET])
    workerless.justtcg.faults.next(Fault.SERVER_ERROR, 5)

    progress, _ = await synced(workerless, account)

    assert (2, ()) == (progress.processed, progress.failed)
    assert workerless.sold_at(workerless.variants_of(SET, SMALL_SET)) == await workerless.prices()


async def test_a_set_that_cannot_be_read_is_passed_over_at_once(workerless: Service) -> None:
    """A page of HTML instead of cards does not keep the other set back."""
    account = await workerless.add_account(sets=[SET, SMALL_SET])
    workerless.justtcg.faults.next(Fault.NOT_JSON)

    progress, task = await synced(workerless, account)

    assert (2, (SET,)) == (progress.processed, progress.failed)
    assert [(SET, "MalformedAnswer")] == [(error.step, error.error_type) for error in task.errors]
    assert workerless.sold_at(workerless.variants_of(SMALL_SET)) == await workerless.prices()


@pytest.mark.parametrize(("hours", "due"), [(23, []), (25, ["sync-tracked-sets"])])
async def test_the_refresh_asks_for_a_refused_set_once_a_day(
    workerless: Service, hours: int, due: list[str]
) -> None:
    """Each time costs one of the free plan's hundred requests."""
    account = await workerless.add_account(sets=[SET, SMALL_SET])
    workerless.justtcg.faults.refused_listings.add(SET)
    await synced(workerless, account)

    workerless.clock.advance(timedelta(hours=hours))
    found = await activities(workerless).list_due_page(AccountsPage())

    assert due == [each.job for each in found.due]
