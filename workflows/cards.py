"""The trading-card jobs: what is due is fetched in batches, and a used-up quota is slept out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.batches import in_activity, run_batches
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.schedule import Every, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.cards import CardActivities
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.cards import (
    AccountsPage,
    AccountsRefreshed,
    CardProgress,
    DiscoverSets,
    DueJob,
    ListingProgress,
    PricesProgress,
    PricesUpdated,
    RefreshDueAccounts,
    RefreshProgress,
    SetsDiscovered,
    SyncTrackedSets,
    TrackedSetsSynced,
    UpdateInventoryPrices,
)
from mainspring.contracts.tasks import EnqueueTasks, NewTask, TasksEnqueued

Progress = TypeVar("Progress", bound=CardProgress)
AccountRequest = DiscoverSets | SyncTrackedSets | UpdateInventoryPrices


@workflow.defn(name="discover-sets")
class DiscoverSetsWorkflow:
    """Fetches the sets of an account's tracked games."""

    @workflow.run
    @tracked
    async def run(self, request: DiscoverSets) -> SetsDiscovered:
        """Fetch batch by batch until no game is due."""
        done = await run_batches(
            request, _first(ListingProgress, request), in_activity(CardActivities.discover_sets_batch)
        )
        return SetsDiscovered(
            games=done.processed - len(done.failed),
            sets=done.items,
            requests=done.requests,
            malformed=done.malformed,
            failed=done.failed,
        )


@workflow.defn(name="sync-tracked-sets")
class SyncTrackedSetsWorkflow:
    """Fetches the cards of an account's tracked sets."""

    @workflow.run
    @tracked
    async def run(self, request: SyncTrackedSets) -> TrackedSetsSynced:
        """Fetch batch by batch until no set is due."""
        done = await run_batches(
            request, _first(ListingProgress, request), in_activity(CardActivities.sync_sets_batch)
        )
        return TrackedSetsSynced(
            sets=done.processed - len(done.failed),
            cards=done.items,
            prices_changed=done.prices_changed,
            malformed=done.malformed,
            requests=done.requests,
            failed=done.failed,
        )


@workflow.defn(name="update-inventory-prices")
class UpdateInventoryPricesWorkflow:
    """Looks up the prices of an account's inventory."""

    @workflow.run
    @tracked
    async def run(self, request: UpdateInventoryPrices) -> PricesUpdated:
        """Look up batch by batch until no variant is due."""
        done = await run_batches(
            request, _first(PricesProgress, request), in_activity(CardActivities.update_prices_batch)
        )
        return PricesUpdated(
            updated=done.updated,
            missing=done.missing,
            prices_changed=done.prices_changed,
            malformed=done.malformed,
            requests=done.requests,
        )


@workflow.defn(name="refresh-due-accounts")
class RefreshDueAccountsWorkflow:
    """Starts the card jobs that are due."""

    @workflow.run
    @tracked
    async def run(self, request: RefreshDueAccounts) -> AccountsRefreshed:
        """Look at the accounts page by page."""
        done = await run_batches(request, RefreshProgress(), _refresh_page)
        return AccountsRefreshed(**done.model_dump(include=set(AccountsRefreshed.model_fields)))


async def _refresh_page(progress: RefreshProgress) -> RefreshProgress:
    page = await workflow.execute_activity_method(
        CardActivities.list_due_page, AccountsPage(after=progress.after), **options.BATCH
    )
    enqueued = await _enqueue(page.due)
    return RefreshProgress(
        after=page.after,
        accounts=progress.accounts + page.accounts,
        started=progress.started + enqueued.started,
        already_active=progress.already_active + enqueued.already_active,
        finished=page.after is None,
    )


async def _enqueue(due: Sequence[DueJob]) -> TasksEnqueued:
    if not due:  # the usual case of the hourly refresh, which then costs one action less
        return TasksEnqueued(started=0, already_active=0)
    tasks = EnqueueTasks(tasks=tuple(_due_task(each) for each in due))
    return await workflow.execute_activity_method(TaskActivities.enqueue, tasks, **options.BATCH)


def _first(kind: type[Progress], request: AccountRequest) -> Progress:
    return kind(task_id=task_id(), account_id=request.account_id, cutoff=workflow.now() - request.older_than)


def _account_key(request: AccountRequest) -> str:
    return str(request.account_id)


def _due_task(due: DueJob) -> NewTask:
    job = next(job for job in ACCOUNT_JOBS if job.name == due.job)
    message = job.input(account_id=due.account_id)
    return job.task(workflow.uuid4(), message, workspace=due.workspace, triggered_by="refresh-due-accounts")


DISCOVER_SETS = Job(
    name="discover-sets",
    run=DiscoverSetsWorkflow.run,
    input=DiscoverSets,
    result=SetsDiscovered,
    key=_account_key,
    key_says="account",
    fairness_key=_account_key,
    summary="Fetch the sets of an account's tracked games that are due.",
)
SYNC_TRACKED_SETS = Job(
    name="sync-tracked-sets",
    run=SyncTrackedSetsWorkflow.run,
    input=SyncTrackedSets,
    result=TrackedSetsSynced,
    key=_account_key,
    key_says="account",
    fairness_key=_account_key,
    summary="Fetch the cards and prices of an account's tracked sets that are due.",
)
UPDATE_INVENTORY_PRICES = Job(
    name="update-inventory-prices",
    run=UpdateInventoryPricesWorkflow.run,
    input=UpdateInventoryPrices,
    result=PricesUpdated,
    key=_account_key,
    key_says="account",
    fairness_key=_account_key,
    summary="Look up the prices of an account's inventory that are due.",
)
REFRESH_DUE_ACCOUNTS = Job(
    name="refresh-due-accounts",
    run=RefreshDueAccountsWorkflow.run,
    input=RefreshDueAccounts,
    result=AccountsRefreshed,
    key=lambda _request: "all",
    summary="Start the card jobs that are due for each active account.",
    schedule=Schedule(Every(timedelta(hours=1)), timeout=timedelta(minutes=50)),
)

ACCOUNT_JOBS: tuple[AnyJob, ...] = (DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES)
JOBS: tuple[AnyJob, ...] = (*ACCOUNT_JOBS, REFRESH_DUE_ACCOUNTS)
