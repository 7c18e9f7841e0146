"""Webhooks: tasks that end are told to subscribers, signed, once, whatever fails on the way."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from mainspring.activities.runtime.limiter import DEFAULT_LIMITS
from mainspring.client.errors import BadInput
from mainspring.client.webhooks import AddedWebhook, WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK
from mainspring.emulators.webhooks import Fault, Receiver, WebhookEmulator
from mainspring.gateways.lookups import Lookups
from mainspring.gateways.webhooks import Webhooks, open_webhooks
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import SubscriptionRow
from mainspring.testing.eventually import PATIENCE_SECONDS
from mainspring.workflows.cards import DISCOVER_SETS
from mainspring.workflows.webhooks import DELIVER
from tests.deliveries import made_up_delivery
from tests.service import Service
from tests.state_counts import state_counts

# Longer than any test lasts.
NEVER_GIVEN_UP = timedelta(hours=1)


@pytest.fixture
async def receivers() -> AsyncIterator[WebhookEmulator]:
    """Run the receivers."""
    async with WebhookEmulator() as emulator:
        yield emulator


def subscriptions(service: Service, *, allow_private: bool = True) -> WebhookSubscriptions:
    box = SecretBox(encryption_key(service.settings))
    return WebhookSubscriptions(service.database, box, service.clock, allow_private=allow_private)


async def subscribe(
    service: Service, receivers: WebhookEmulator, name: str = "shop", **wanted: str | set[TaskState]
) -> tuple[AddedWebhook, Receiver]:
    """Subscribe a receiver that knows its secret."""
    added = await subscriptions(service).add(receivers.url(name), **wanted)  # type: ignore[arg-type]  # passed on
    receivers.receivers[name].secret = added.secret
    return added, receivers.receivers[name]


async def a_finished_task(service: Service) -> Task:
    account = await service.add_account(f"account {uuid4()}")
    started = await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=account))
    return await service.wait(started.id)


async def deliveries(service: Service) -> list[Task]:
    return await service.tasks.find(TaskFilter(job=DELIVER_WEBHOOK), limit=1_000)


async def until_delivered(receiver: Receiver, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(receiver.accepted) < count:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.02)


async def test_a_task_that_ends_is_told_to_its_subscriber(
    service: Service, receivers: WebhookEmulator
) -> None:
    """The body says what ended how, and the delivery's id is the webhook's."""
    _, receiver = await subscribe(service, receivers)

    task = await a_finished_task(service)
    await until_delivered(receiver)
    (delivery,) = await deliveries(service)
    delivery = await service.wait(delivery.id)

    assert {str(delivery.id): 1} == receiver.accepted
    body = receiver.bodies[str(delivery.id)]
    assert ("task.success", str(task.id), "discover-sets") == (
        body["type"],
        body["data"]["task_id"],
        body["data"]["job"],
    )
    assert (TaskState.SUCCESS, {"status": 204}) == (delivery.state, delivery.result)
    assert 0 == receiver.unverified


async def test_only_what_was_subscribed_to_is_told(service: Service, receivers: WebhookEmulator) -> None:
    """By state and by fairness key; a delivery's own end is told to nobody."""
    await subscribe(service, receivers, "failures", states={TaskState.FAILED})
    await subscribe(service, receivers, "elsewhere", fairness_key="another")
    _, everything = await subscribe(service, receivers, "everything")

    await a_finished_task(service)
    await until_delivered(everything)
    (delivery,) = await deliveries(service)
    await service.wait(delivery.id)

    assert [0, 0, 1] == [
        receivers.receivers[each].attempts for each in ("failures", "elsewhere", "everything")
    ]


async def test_without_subscribers_the_end_of_a_task_costs_one_query_more(service: Service) -> None:
    """It is one of an index that is empty."""
    statements: list[str] = []
    event.listen(
        service.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )

    await a_finished_task(service)

    assert 1 == len([each for each in statements if "webhook_subscriptions" in each])
    assert [] == await deliveries(service)


async def test_a_receiver_that_fails_is_told_again_with_the_same_id(
    service: Service, receivers: WebhookEmulator
) -> None:
    """Each failure is in the delivery's log; the attempts go on until one gets through."""
    added, receiver = await subscribe(service, receivers)
    receiver.fail(Fault.SERVER_ERROR, 1)

    started = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id))
    put_off = await service.until(started.id, lambda task: task.next_attempt_at is not None)
    failing = (await subscriptions(service).all())[0]
    service.clock.advance(timedelta(seconds=11))
    await service.relay()
    delivery = await service.wait(started.id)

    assert put_off.next_attempt_at is not None
    assert [("ServerFault", 1)] == [(error.error_type, error.attempt) for error in put_off.errors]
    assert failing.failing_since is not None
    assert (TaskState.SUCCESS, 2) == (delivery.state, delivery.attempts)
    assert ({str(started.id): 1}, 2) == (receiver.accepted, receiver.attempts)
    assert (await subscriptions(service).all())[0].failing_since is None


@pytest.mark.parametrize(
    "leaps",
    [
        # Five attempts: the fourth is not too late, and the fifth is.
        pytest.param((2, 4), id="short"),
        pytest.param((), id="each", marks=pytest.mark.drill),
    ],
)
async def test_a_delivery_is_tried_for_a_day(
    service: Service, receivers: WebhookEmulator, leaps: tuple[int, ...]
) -> None:
    """Whatever the receiver does; a redirect is not followed. Some waits are for the end of the day."""
    began, waits = service.clock.now(), 0
    faults = {Fault.DROP: "Unreachable", Fault.REDIRECT: "Refused", Fault.SERVER_ERROR: "ServerFault"}
    expected: dict[UUID, str] = {}
    for fault, error_type in faults.items():
        added, receiver = await subscribe(service, receivers, error_type)
        receiver.fail(fault)
        started = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id))
        expected[started.id] = error_type

    while active := await service.active_tasks():
        again = [task.next_attempt_at for task in active if task.next_attempt_at is not None]
        if len(again) == len(active) and min(again) > service.clock.now():  # each has failed and waits
            waits += 1
            hours = 23 if waits == min(leaps) else 24
            service.clock.reach(began + timedelta(hours=hours, seconds=30) if waits in leaps else max(again))
            await service.relay()
        await asyncio.sleep(0.05)

    for task in [await service.tasks.get(each) for each in expected]:
        assert (TaskState.FAILED, expected[task.id]) == (task.state, task.error_type)
        assert task.started_at is not None
        assert task.finished_at is not None
        assert timedelta(hours=24) <= task.finished_at - task.started_at <= timedelta(hours=26)
        assert len(task.errors) == 5 if leaps else 15 <= len(task.errors) <= 25
    assert 0 == receivers.receivers.get("elsewhere", Receiver()).attempts


async def test_a_receiver_that_never_answers_for_days_is_disabled(
    service: Service, receivers: WebhookEmulator
) -> None:
    """After three days and ten failures without a success; what waits fails, and enabling starts anew."""
    added, receiver = await subscribe(service, receivers)
    receiver.fail(Fault.SERVER_ERROR)
    await service.jobs.start_many(DELIVER, [made_up_delivery(added.subscription.id, n) for n in range(12)])
    await wait_for_failures(service, 12)
    still_active = (await subscriptions(service).all())[0]

    service.clock.advance(timedelta(days=3))
    await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id, 99))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (disabled := (await subscriptions(service).all())[0]).disabled_at is None:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.05)
    after = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id, 100))
    refused = await service.wait(after.id)
    enabled = await subscriptions(service).enable(str(added.subscription.id))

    assert still_active.disabled_at is None
    assert disabled.disabled_because is not None
    assert "and none got through" in disabled.disabled_because
    assert (TaskState.FAILED, "SubscriptionDisabled") == (refused.state, refused.error_type)
    assert (None, None, 0) == (enabled.disabled_at, enabled.failing_since, enabled.failures)


async def test_a_network_that_is_away_for_days_costs_no_receiver_and_no_delivery(
    workerless: Service, receivers: WebhookEmulator
) -> None:
    """The deliveries wait, say why, and get through once the network is back."""
    is_away = True

    def resolve(_host: str) -> list[str]:
        if is_away:
            raise socket.gaierror(socket.EAI_AGAIN, "no server of names answers")
        return ["127.0.0.1"]

    url = receivers.url("shop").replace("127.0.0.1", "localhost")
    added = await subscriptions(workerless).add(url)  # days apart from its clock, no signature holds
    async with open_webhooks(allow_private=True, lookups=Lookups(resolve)) as webhooks:
        workerless.gateways[Webhooks] = webhooks
        async with workerless.worker():
            many = [made_up_delivery(added.subscription.id, n) for n in range(12)]
            started = await workerless.jobs.start_many(DELIVER, many)
            for _ in range(3):
                await until_all_wait(workerless)
                workerless.clock.advance(timedelta(days=2))
                await workerless.relay()
            waiting = await until_all_wait(workerless)
            (subscription,) = await subscriptions(workerless).all()
            is_away = False
            workerless.clock.advance(timedelta(minutes=6))
            await workerless.relay()
            ended = await workerless.wait_all(each.id for each in started)

    assert {("NetworkAway", 1)} == {(task.errors[-1].error_type, len(task.errors)) for task in waiting}
    assert (None, 0) == (subscription.disabled_at, subscription.failures)
    assert {TaskState.SUCCESS} == {task.state for task in ended}


async def until_all_wait(service: Service) -> list[Task]:
    """Return the deliveries once each has failed and waits for another attempt."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = [await service.tasks.get(each.id) for each in await deliveries(service)]
            now = service.clock.now()
            if all(each.next_attempt_at and each.next_attempt_at > now for each in found):
                return found
            await asyncio.sleep(0.02)


async def wait_for_failures(service: Service, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await subscriptions(service).all())[0].failures < count:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.02)


async def test_a_receiver_that_is_gone_is_disabled_at_once(
    service: Service, receivers: WebhookEmulator
) -> None:
    """410 says so."""
    added, receiver = await subscribe(service, receivers)
    receiver.fail(Fault.GONE)

    started = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id))
    delivery = await service.wait(started.id)

    assert (TaskState.FAILED, "ReceiverGone") == (delivery.state, delivery.error_type)
    assert "gone" in ((await subscriptions(service).all())[0].disabled_because or "")


async def test_a_removed_subscriber_gets_nothing_more(service: Service, receivers: WebhookEmulator) -> None:
    """A delivery that waited fails with the reason."""
    added, receiver = await subscribe(service, receivers)
    await subscriptions(service).remove(str(added.subscription.id))

    started = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id))
    delivery = await service.wait(started.id)

    assert (TaskState.FAILED, "SubscriptionUnknown") == (delivery.state, delivery.error_type)
    assert 0 == receiver.attempts


@pytest.mark.parametrize(("count", "arriving"), [(15, 40), pytest.param(50, 450, marks=pytest.mark.drill)])
async def test_slow_receivers_do_not_hold_the_others_up(
    workerless: Service, receivers: WebhookEmulator, count: int, arriving: int
) -> None:
    """Five receivers, with most to get, never answer; what is for the others all arrives."""
    hanging: list[UUID] = []
    healthy: list[UUID] = []
    for number in range(count):
        one, receiver = await subscribe(workerless, receivers, f"shop-{number}")
        is_hanging = number % (count // 5) == 0
        if is_hanging:
            receiver.fail(Fault.HANG)
        (hanging if is_hanging else healthy).append(one.subscription.id)
    # More than there are slots for all deliveries, and the healthy ones behind them.
    mixed = [hanging[n % 5] for n in range(10 * DEFAULT_LIMITS.slots + 20)]
    mixed += [healthy[n % len(healthy)] for n in range(arriving)]

    async with open_webhooks(allow_private=True, answer_within=NEVER_GIVEN_UP) as webhooks:
        workerless.gateways[Webhooks] = webhooks
        async with workerless.worker():
            deliveries = [made_up_delivery(to, n) for n, to in enumerate(mixed)]
            await workerless.jobs.start_many(DELIVER, deliveries)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while receivers.accepted.total() < arriving:  # noqa: ASYNC110  # polled
                    await asyncio.sleep(0.05)

    assert {1} == set(receivers.accepted.values())


async def test_a_receiver_that_hangs_has_its_own_slots_and_no_more(
    service: Service, receivers: WebhookEmulator
) -> None:
    """300 deliveries arrive among 600 that get no answer; these are put off, and have not failed."""
    hanging, bad = await subscribe(service, receivers, "hanging")
    healthy, good = await subscribe(service, receivers, "healthy")
    bad.fail(Fault.HANG)
    mixed = [hanging.subscription.id, healthy.subscription.id, hanging.subscription.id]

    await service.jobs.start_many(DELIVER, [made_up_delivery(mixed[n % 3], n) for n in range(900)])
    await until_delivered(good, 300)
    put_off = [task for task in await deliveries(service) if task.next_attempt_at is not None]

    # Twice, should the machine be so slow that the first ones give up meanwhile.
    assert bad.attempts <= 2 * DEFAULT_LIMITS.slots
    assert 0 < len(put_off)
    assert {(TaskState.RUNNING, None)} == {(task.state, task.error_type) for task in put_off}


@pytest.mark.parametrize(
    ("count", "events"),
    [(100, 50), pytest.param(10_000, 400, marks=[pytest.mark.drill, pytest.mark.timeout(600)])],
)
async def test_many_are_delivered_once_each_for_few_events(
    count: int, events: int, service: Service, receivers: WebhookEmulator
) -> None:
    """Each has its own row with its result; all together write at most 400 events, also ten thousand."""
    added, receiver = await subscribe(service, receivers)

    started = await service.jobs.start_many(
        DELIVER, [made_up_delivery(added.subscription.id, n) for n in range(count)]
    )
    async with asyncio.timeout(500):
        while set(await state_counts(service.database)) != {TaskState.SUCCESS}:  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.1)

    assert {TaskState.SUCCESS: count} == await state_counts(service.database)
    assert Counter(str(each.id) for each in started) == receiver.accepted
    assert events >= await service.temporal.history_length("drain-deliver-webhook")


async def test_a_consumer_that_was_ended_is_begun_again_by_the_relay(
    workerless: Service, receivers: WebhookEmulator
) -> None:
    """What it had not done is done by the next one."""
    added, receiver = await subscribe(workerless, receivers)
    started = await workerless.jobs.start_many(
        DELIVER, [made_up_delivery(added.subscription.id, n) for n in range(5)]
    )
    await workerless.temporal_client.get_workflow_handle("drain-deliver-webhook").terminate()

    async with workerless.worker():
        await workerless.relay()
        ended = await workerless.wait_all(each.id for each in started)

    assert {TaskState.SUCCESS} == {task.state for task in ended}
    assert {str(each.id): 1 for each in started} == receiver.accepted


async def test_a_failed_delivery_is_retried_as_any_task(service: Service, receivers: WebhookEmulator) -> None:
    """As a new task of the same queue."""
    added, receiver = await subscribe(service, receivers)
    receiver.fail(Fault.GONE, 1)
    started = await service.jobs.start(DELIVER, made_up_delivery(added.subscription.id))
    await service.wait(started.id)
    await subscriptions(service).enable(str(added.subscription.id))

    again = await service.jobs.retry(started.id)
    delivery = await service.wait(again.id)

    assert (TaskState.SUCCESS, started.id) == (delivery.state, delivery.retry_of)


async def test_a_secret_is_sealed_in_the_database(workerless: Service, receivers: WebhookEmulator) -> None:
    """Only who has the key can read it."""
    added, _ = await subscribe(workerless, receivers)

    async with workerless.database.session() as session:
        row = await session.get_one(SubscriptionRow, added.subscription.id)

    assert added.secret.startswith("whsec_")
    assert added.secret.removeprefix("whsec_").encode() not in row.secret_encrypted


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://user:secret@1.1.1.1/",
        "ftp://1.1.1.1/",
        "https://",
        "nonsense",
        "https://a\u0080b/hook",
        "https://1.1.1.1:99999/hook",
    ],
)
async def test_a_url_that_is_not_public_https_is_refused(url: str, workerless: Service) -> None:
    """Our own network is not a stranger's to knock at."""
    with pytest.raises(BadInput, match="url"):
        await subscriptions(workerless, allow_private=False).add(url)
