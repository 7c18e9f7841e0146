"""What the input of a job can name and is another workspace's: for the task it is not there."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from mainspring.activities.runtime.effects import claim
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL
from mainspring.client.service import Service as Ways
from mainspring.client.service import service_of
from mainspring.contracts.cards import DiscoverSets, UpdateInventoryPrices
from mainspring.contracts.flows import AdHocStep, RunFlow
from mainspring.contracts.tasks import Task, TaskState
from mainspring.contracts.webhooks import DeliverWebhook, TaskChanged
from mainspring.contracts.wishlist import SendNotification
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.emulators.webhooks import WebhookEmulator
from mainspring.storage.database import Database
from mainspring.storage.errors import EffectUnknown
from mainspring.testing.service import PATIENCE
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.workflows.cards import DISCOVER_SETS, UPDATE_INVENTORY_PRICES
from mainspring.workflows.run_flow import RUN_FLOW
from mainspring.workflows.webhooks import DELIVER
from tests.mail_bench import MailBench
from tests.platform import platform_of
from tests.service import Service


@pytest.fixture
def elsewhere(service: Service) -> Ways:
    """Give the same service as another workspace has it."""
    return service_of(
        service.settings,
        service.database,
        service.temporal_client,
        service.clock,
        workspace="two",
        patience=PATIENCE,
    )


def end(task: Task) -> tuple[TaskState, str | None]:
    """Return how a task has ended."""
    return task.state, task.error_type


async def test_a_job_does_not_work_for_an_account_of_another_workspace(
    service: Service, elsewhere: Ways
) -> None:
    """Nothing is fetched with the key of somebody else, nor told of what they hold."""
    account = await service.add_account(games=[GAME_ID], inventory=["a"])

    prices = await elsewhere.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    sets = await elsewhere.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=account))
    ended = [await elsewhere.tasks.wait(each.id) for each in (prices, sets)]

    assert [(TaskState.FAILED, "AccountUnknown")] * 2 == [end(task) for task in ended]
    assert [None] * 2 == [task.total for task in ended]
    assert 0 == len(service.justtcg.calls.of("key-of-shop"))


async def test_a_step_works_in_the_workspace_of_its_flow(service: Service, elsewhere: Ways) -> None:
    """For the accounts of that workspace, and for no others; nobody else sees the tasks."""
    service.justtcg.add_key("key-of-two", "Professional")
    own = await elsewhere.accounts.add("shop", plan="Professional", api_key="key-of-two")
    accounts = {"own": own.id, "other": await service.add_account()}
    steps = [
        AdHocStep(name=name, job="discover-sets", input={"account_id": str(account)})
        for name, account in accounts.items()
    ]

    started = await elsewhere.jobs.start(RUN_FLOW, RunFlow(steps=tuple(steps)))
    ended = await elsewhere.tasks.wait(started.id)
    children = {child.input["account_id"]: end(child) for child in await elsewhere.tasks.children(started.id)}

    assert TaskState.FAILED == ended.state
    assert {
        str(accounts["own"]): (TaskState.SUCCESS, None),
        str(accounts["other"]): (TaskState.FAILED, "AccountUnknown"),
    } == children
    assert [] == await service.all_tasks()


async def test_nothing_is_delivered_to_a_subscriber_of_another_workspace(
    service: Service, elsewhere: Ways
) -> None:
    """Or else anybody could have what they make up signed with somebody else's secret."""
    made_up = TaskChanged(
        task_id=uuid4(), job="x", state=TaskState.SUCCESS, workspace=None, at=datetime.now(UTC)
    )
    async with WebhookEmulator() as receivers:
        added = await service.webhooks.add(receivers.url("shop"))
        delivery = DeliverWebhook(subscription_id=added.subscription.id, event=made_up)

        started = await elsewhere.jobs.start(DELIVER, delivery)
        ended = await elsewhere.tasks.wait(started.id)

        assert (TaskState.FAILED, "SubscriptionUnknown") == end(ended)
        assert not receivers.receivers["shop"].accepted


async def test_a_task_does_not_send_an_effect_of_another_workspace(
    sqlite_database: Database, clock: ShiftedClock
) -> None:
    """The effect stays as it is, and stays with the task that it was made with."""
    mails = MailBench(sqlite_database, platform_of(sqlite_database, clock), clock)
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    before = await mails.effects()
    stranger, (effect,) = uuid4(), before

    outcomes = await sqlite_database.transact(
        lambda session: claim(
            session,
            WISHLIST_MAIL,
            {stranger: SendNotification(effect_id=effect.id)},
            {stranger: "two"},
            now=clock.now(),
        )
    )

    assert isinstance(outcomes[stranger], EffectUnknown)
    assert before == await mails.effects()
