"""Two workspaces with the same everything: no facade of one shows or touches what the other has."""

import inspect
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from mainspring.client.account_lists import AccountLists
from mainspring.client.accounts import Accounts
from mainspring.client.audit import Audit
from mainspring.client.cancelling import Cancellations, Cancelling
from mainspring.client.devices import Devices
from mainspring.client.effects import Effects
from mainspring.client.errors import EntryUnknown, GroupUnknown, TaskUnknown
from mainspring.client.failures import Failures
from mainspring.client.gifting.collections import GiftCollections
from mainspring.client.gifting.errors import ProfileMissing
from mainspring.client.gifting.models import Models
from mainspring.client.gifting.occasions import Occasions
from mainspring.client.gifting.product_changes import ProductChanges
from mainspring.client.gifting.products import Products
from mainspring.client.gifting.profiles import TasteProfiles
from mainspring.client.gifting.recommendations import Recommender
from mainspring.client.jobs import Jobs
from mainspring.client.people import People
from mainspring.client.quotas import Quotas
from mainspring.client.service import Service, service_of
from mainspring.client.shop import Shop
from mainspring.client.starts import Starts
from mainspring.client.task_tokens import TaskTokens
from mainspring.client.tasks.queries import Tasks
from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.client.wishlists import Wishlists
from mainspring.config.settings import Settings
from mainspring.contracts.cards import Tracked
from mainspring.contracts.effects import EffectState
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import Task, TaskFilter
from mainspring.contracts.wishlist import CheckWishlistSales
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database
from mainspring.storage.errors import AccountUnknown, EffectUnknown, SubscriptionUnknown
from mainspring.storage.people.devices import device_id
from mainspring.testing.service import PATIENCE
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.workflows.wishlist import SALE_CHECK
from tests.furnished import Furnished, device, furnish, seen
from tests.shop import product, user


@pytest.fixture
async def workspaces(
    database: Database, temporal_client: Client, clock: ShiftedClock, tmp_path: Path
) -> list[Furnished]:
    """Furnish the default workspace and another one alike."""
    settings = Settings(state_dir=tmp_path, webhooks_allow_private=True)
    services = [
        service_of(settings, database, temporal_client, clock, workspace=each, patience=PATIENCE)
        for each in (DEFAULT_WORKSPACE, "two/%")
    ]
    return [await furnish(service) for service in services]


async def test_keys_and_workflows_of_two_workspaces_do_not_meet(workspaces: list[Furnished]) -> None:
    """The same start in both is two tasks, each with a workflow; a second start finds its own workspace's."""
    tasks = [await each.service.tasks.get(each.queued) for each in workspaces]
    again = [await each.service.jobs.start(SALE_CHECK, CheckWishlistSales()) for each in workspaces]

    name = "wishlist-sale-check/all"
    assert [name, f"@two%2F%25/{name}"] == [task.workflow_id for task in tasks]
    assert all(task.run_id for task in tasks)
    assert [(each.queued, True) for each in workspaces] == [(each.id, each.deduplicated) for each in again]
    assert [None, "two/%"] == [task.fairness_key for task in tasks]


async def test_each_end_is_told_to_its_own_workspace(workspaces: list[Furnished]) -> None:
    """One delivery each, to the webhook of the workspace, as a task of the workspace."""
    for each in workspaces:
        deliveries = [task for task in await each.service.tasks.find() if task.job == "deliver-webhook"]
        assert [each.webhook] == [task.input["subscription_id"] for task in deliveries]
        assert [str(each.failed)] == [task.input["event"]["task_id"] for task in deliveries]


async def test_lists_and_counts_are_those_of_the_workspace(workspaces: list[Furnished]) -> None:
    """Whatever is listed, grouped or counted without a reference is the caller's own."""
    for each in workspaces:
        own, failure = each.service, FailureFilter()
        assert {own.workspace} == {task.workspace for task in await own.tasks.find()}
        assert {each.failed, each.queued} < {task.id for task in await own.tasks.find()}
        assert [1] == [group.count for group in await own.failures.groups()]
        assert [each.failed] == [task.id for task in await own.failures.tasks(failure)]
        assert 1 == await own.failures.count(failure)
        assert [each.webhook] == [str(found.id) for found in await own.webhooks.all()]
        assert [each.effect] == [found.id for found in await own.effects.find()]
        assert {EffectState.UNKNOWN: 1} == (await own.effects.counts()).states
        assert await own.effects.counts() == await own.effects.counts_up_to(5)
        assert [each.account] == [str(found.id) for found in await own.accounts.list()]
        assert [each.account] == [str(found.id) for found in await own.account_lists.accounts()]
        assert {product(1).id, each.entry} == {found.id for found in await own.shop.products()}
        assert {user(1).id, each.entry} == {found.id for found in await own.people.users()}
        assert {"p00001", each.entry} == {found.id for found in await own.products.products()}
        assert ["u00001"] == [found.user_id for found in await own.wishlists.items()]
        assert [each.entry] == [found.id for found in await own.taste_profiles.profiles()]
        assert [each.entry] == [found.id for found in await own.occasions.find()]
        assert [each.model_run] == [found.id for found in await own.models.runs()]
        assert [device_id(device(each.entry).token)] == [found.id for found in await own.devices.find()]
        assert {"products": 2, "users": 2, "wishes": 1} == await own.wishlists.counts()
    for each in workspaces:
        assert 1 == await each.service.failures.dismiss(FailureFilter())


async def first(tasks: Any) -> Task:
    """Return the first task that is watched."""
    task: Task = await anext(tasks)
    return task


def only(other: Furnished) -> FailureFilter:
    """Return the filter for the failed task of another workspace."""
    return FailureFilter(task_ids=(other.failed,))


async def replayed(own: Service, other: Furnished) -> tuple[UUID, ...]:
    """Replay the failed task of another workspace."""
    return (await own.failures.replay(only(other))).started


Call = Callable[[Service, Furnished], Awaitable[Any]]

# What each method that takes a reference does with one of another workspace: the error it raises.
REFUSED: dict[tuple[type, str], tuple[type[Exception], Call]] = {
    (Tasks, "get"): (TaskUnknown, lambda own, other: own.tasks.get(other.failed)),
    (Tasks, "resolve"): (TaskUnknown, lambda own, other: own.tasks.resolve(str(other.failed))),
    (Tasks, "wait"): (TaskUnknown, lambda own, other: own.tasks.wait(other.failed)),
    (Tasks, "watch"): (TaskUnknown, lambda own, other: first(own.tasks.watch(other.failed))),
    (Jobs, "cancel"): (TaskUnknown, lambda own, other: own.jobs.cancel(other.queued)),
    (Jobs, "ask_to_cancel"): (TaskUnknown, lambda own, other: own.jobs.ask_to_cancel(other.queued)),
    (Jobs, "retry"): (TaskUnknown, lambda own, other: own.jobs.retry(other.failed)),
    (Tasks, "errors"): (TaskUnknown, lambda own, other: own.tasks.errors(other.failed, limit=1)),
    (Tasks, "result"): (TaskUnknown, lambda own, other: own.tasks.result(other.failed)),
    (Starts, "retry"): (TaskUnknown, lambda own, other: own.starts.retry(other.failed, is_platform=True)),
    (Cancelling, "cancel"): (TaskUnknown, lambda own, other: own.cancelling.cancel(other.queued)),
    (TaskTokens, "make"): (
        TaskUnknown,
        lambda own, other: own.task_tokens.make(
            other.failed, key_id=uuid4(), sees_payloads=True, expires_in=timedelta(minutes=1)
        ),
    ),
    (WebhookSubscriptions, "find"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.find(other.webhook),
    ),
    (WebhookSubscriptions, "remove"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.remove(other.webhook),
    ),
    (WebhookSubscriptions, "enable"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.enable(other.webhook),
    ),
    (WebhookSubscriptions, "disable"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.disable(other.webhook, "x"),
    ),
    (WebhookSubscriptions, "rotate_secret"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.rotate_secret(other.webhook),
    ),
    (WebhookSubscriptions, "deliveries"): (
        SubscriptionUnknown,
        lambda own, other: own.webhooks.deliveries(other.webhook),
    ),
    (Effects, "get"): (EffectUnknown, lambda own, other: own.effects.get(str(other.effect))),
    (Effects, "mark_sent"): (EffectUnknown, lambda own, other: own.effects.mark_sent(str(other.effect))),
    (Effects, "send_again"): (EffectUnknown, lambda own, other: own.effects.send_again(str(other.effect))),
    (Accounts, "find"): (AccountUnknown, lambda own, other: own.accounts.find(other.account)),
    (Accounts, "change_plan"): (
        AccountUnknown,
        lambda own, other: own.accounts.change_plan(other.account, "Starter"),
    ),
    (Accounts, "lift_block"): (AccountUnknown, lambda own, other: own.accounts.lift_block(other.account)),
    (Accounts, "set_api_key"): (
        AccountUnknown,
        lambda own, other: own.accounts.set_api_key(other.account, "k"),
    ),
    (Accounts, "follow"): (
        AccountUnknown,
        lambda own, other: own.accounts.follow(other.account, games=["magic"]),
    ),
    (Accounts, "unfollow"): (
        AccountUnknown,
        lambda own, other: own.accounts.unfollow(other.account, games=["magic"]),
    ),
    (Accounts, "load_inventory"): (
        AccountUnknown,
        lambda own, other: own.accounts.load_inventory(other.account, []),
    ),
    (AccountLists, "tracked"): (
        AccountUnknown,
        lambda own, other: own.account_lists.tracked(other.account, Tracked.GAMES),
    ),
    (AccountLists, "inventory"): (
        AccountUnknown,
        lambda own, other: own.account_lists.inventory(other.account),
    ),
    (Shop, "product"): (EntryUnknown, lambda own, other: own.shop.product(other.entry)),
    (Shop, "remove_product"): (EntryUnknown, lambda own, other: own.shop.remove_product(other.entry)),
    (People, "user"): (EntryUnknown, lambda own, other: own.people.user(other.entry)),
    (People, "remove_user"): (EntryUnknown, lambda own, other: own.people.remove_user(other.entry)),
    (Products, "product"): (EntryUnknown, lambda own, other: own.products.product(other.entry)),
    (Products, "detail"): (EntryUnknown, lambda own, other: own.products.detail(other.entry)),
    (TasteProfiles, "profile"): (ProfileMissing, lambda own, other: own.taste_profiles.profile(other.entry)),
    (TasteProfiles, "remove_profile"): (
        ProfileMissing,
        lambda own, other: own.taste_profiles.remove_profile(other.entry),
    ),
    (TasteProfiles, "embed_again"): (
        ProfileMissing,
        lambda own, other: own.taste_profiles.embed_again(other.entry),
    ),
    (Occasions, "timeline"): (EntryUnknown, lambda own, other: own.occasions.timeline(other.entry)),
    (Occasions, "remove"): (EntryUnknown, lambda own, other: own.occasions.remove(other.entry)),
    (Devices, "remove"): (
        EntryUnknown,
        lambda own, other: own.devices.remove(device_id(device(other.entry).token)),
    ),
    (Models, "run"): (EntryUnknown, lambda own, other: own.models.run(other.model_run)),
    (Recommender, "recommend"): (ProfileMissing, lambda own, other: own.recommender.recommend(other.entry)),
    (Recommender, "recommend_for"): (
        ProfileMissing,
        lambda own, other: own.recommender.recommend_for(other.entry),
    ),
}
# As `REFUSED`, of methods that find nothing: what they return.
NOTHING: dict[tuple[type, str], tuple[object, Call]] = {
    (Tasks, "steps"): ([], lambda own, other: own.tasks.steps(other.failed)),
    (Tasks, "children"): ([], lambda own, other: own.tasks.children(other.failed)),
    (Failures, "tasks"): ([], lambda own, other: own.failures.tasks(only(other))),
    (Failures, "count"): (0, lambda own, other: own.failures.count(only(other))),
    (Failures, "dismiss"): (0, lambda own, other: own.failures.dismiss(only(other))),
    (Failures, "groups"): ([], lambda own, other: own.failures.groups(only(other))),
    (Failures, "replay"): ((), replayed),
    (Cancelling, "cancel_matching"): (
        Cancellations(0, more=False),
        lambda own, other: own.cancelling.cancel_matching(TaskFilter(parent_id=other.failed)),
    ),
}
# Methods that take no reference: the tests above look at them, or they make what is the caller's own.
WITHOUT_REFERENCE = {
    (Tasks, "find"),
    (Jobs, "start"),
    (Jobs, "start_many"),
    (Starts, "start"),
    (Starts, "start_many"),
    (TaskTokens, "opened_by"),  # by a token, which names the workspace
    (Failures, "group"),  # by a fingerprint, which two workspaces share
    (WebhookSubscriptions, "add"),
    (WebhookSubscriptions, "all"),
    (Effects, "find"),
    (Effects, "counts"),
    (Effects, "counts_up_to"),
    (Accounts, "add"),
    (Accounts, "list"),
    (AccountLists, "accounts"),
    (Shop, "products"),
    (People, "users"),
    (People, "asked_by"),  # by a token, which names the workspace
    (Wishlists, "items"),
    (Shop, "store_products"),
    (People, "store_users"),
    (Wishlists, "store_items"),
    (Wishlists, "remove_items"),
    (People, "unsubscribe"),  # by a token, which names the workspace
    (Wishlists, "counts"),
    (Wishlists, "outcomes"),
    (Occasions, "store"),
    (Occasions, "find"),
    (Occasions, "follow_zones"),  # of users of the workspace
    (Devices, "store"),
    (Devices, "find"),
    (TasteProfiles, "complete_taste_profile"),  # an id is the workspace's own
    (TasteProfiles, "profiles"),
    (GiftCollections, "collections"),  # test_collections.py
    (GiftCollections, "generate"),
    (ProductChanges, "accept"),
    (Products, "prepare"),
    (Jobs, "refuse_other_ledger"),  # the ledger is the installation's
    (Recommender, "make_index"),  # the installation's
    (Products, "save_product"),
    (Products, "save_products"),
    (Products, "products"),
    (Audit, "note"),
    (Quotas, "all"),
    (Models, "runs"),  # test_product_models.py
    (Models, "spend"),
    (Audit, "find"),  # after an entry of the same log: test_api_audit.py
}
FACADES = (
    Tasks,
    Jobs,
    Starts,
    Cancelling,
    TaskTokens,
    Failures,
    WebhookSubscriptions,
    Effects,
    Accounts,
    AccountLists,
    Shop,
    People,
    Wishlists,
    Products,
    ProductChanges,
    TasteProfiles,
    Recommender,
    GiftCollections,
    Occasions,
    Devices,
    Audit,
    Quotas,
    Models,
)


def test_every_method_of_every_facade_is_looked_at() -> None:
    """A method that comes says above what it does with what belongs to another workspace."""
    public = {
        (facade, name)
        for facade in FACADES
        for name, method in inspect.getmembers(facade, inspect.isfunction)
        if not name.startswith("_") and (inspect.iscoroutinefunction(method) or name == "watch")
    }

    assert public == REFUSED.keys() | NOTHING.keys() | WITHOUT_REFERENCE


async def test_what_another_workspace_has_is_unknown(workspaces: list[Furnished]) -> None:
    """Each method that takes a reference, in both directions; afterwards all is as it was."""
    before = [await seen(each) for each in workspaces]
    for own, other in (workspaces, workspaces[::-1]):
        for error, call in REFUSED.values():
            with pytest.raises(error):
                await call(own.service, other)
        for nothing, call in NOTHING.values():
            assert nothing == await call(own.service, other)
        with pytest.raises(GroupUnknown):
            await own.service.failures.group("0" * 64)

    assert before == [await seen(each) for each in workspaces]
