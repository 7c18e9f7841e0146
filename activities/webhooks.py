"""Delivering webhooks, and noting how the receivers fare."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.limiter import ConcurrencyLimiter
from mainspring.activities.runtime.queue import BatchedQueues, QueueTask, Result, Snooze, TaskDone
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.retry import Retry, retry_of
from mainspring.contracts.webhooks import DeliverWebhook, WebhookDelivered
from mainspring.domain.webhooks import body_of
from mainspring.gateways.clock import Clock
from mainspring.gateways.lookups import LookupsBusy
from mainspring.gateways.webhooks import ReceiverGone, Webhooks
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import StorageError, SubscriptionDisabled, SubscriptionUnknown
from mainspring.storage.receivers import Receiver, ReceiverRepository
from mainspring.storage.secrets import SecretBox

# Whatever the receiver says: it may be mended within a day. About twenty attempts, most of them 2 h apart.
DELIVERY = RetryPolicy(
    application_attempts=None,
    transient_for=timedelta(hours=24),
    first_delay=timedelta(seconds=10),
    longest_delay=timedelta(hours=2),
)

# When the names of other receivers keep all lookups busy.
LOOKED_UP_AFTER = timedelta(seconds=5)

# A subscription is read anew this often, so that a removal or a disabling is soon heeded.
RECEIVERS_KEPT = timedelta(seconds=5)


class WebhookActivities:
    """The deliveries."""

    def __init__(
        self, database: Database, queues: BatchedQueues, webhooks: Webhooks, box: SecretBox, clock: Clock
    ) -> None:
        self._database = database
        self._queues = queues
        self._webhooks = webhooks
        self._receivers = _Receivers(database, box, clock)
        self._limiters: defaultdict[UUID, ConcurrencyLimiter] = defaultdict(lambda: ConcurrencyLimiter(clock))
        self._clock = clock

    @activity.defn(name="webhooks.deliver")
    async def deliver(self, request: WorkQueue) -> QueueWorked:
        """Deliver a batch of the queue."""
        return await self._queues.work_each(
            request,
            DeliverWebhook,
            self._deliver,
            retry=DELIVERY,
            store=self._note,
            begins_late=True,
        )

    async def _deliver(self, task: QueueTask[DeliverWebhook]) -> WebhookDelivered:
        receiver = await self._receivers.get(task.input.subscription_id)
        subscription = receiver.subscription
        if subscription.workspace != task.workspace:
            raise SubscriptionUnknown(subscription.id)  # somebody has started a delivery by hand
        if subscription.disabled_at is not None:
            raise SubscriptionDisabled(subscription.id, subscription.disabled_because)
        async with self._limiters[subscription.id].slot():
            await task.begin()
            try:
                status = await self._webhooks.deliver(
                    receiver.url,
                    receiver.secret,
                    former_secret=receiver.former_secret,
                    message_id=str(task.id),
                    at=self._clock.now(),
                    body=body_of(task.input.event),
                )
            except LookupsBusy as busy:
                raise Snooze(self._clock.now() + LOOKED_UP_AFTER) from busy
        return WebhookDelivered(status=status)

    async def _note(self, session: Session, done: Sequence[TaskDone[DeliverWebhook]]) -> None:
        """Note for each receiver whether anything got through; a receiver that did well costs one query."""
        subscriptions = ReceiverRepository(session)
        reached = {each.task.input.subscription_id for each in done if not isinstance(each.result, Exception)}
        failed = [each for each in done if _is_of_receiver(each.result)]
        gone = {e.task.input.subscription_id for e in failed if isinstance(e.result, ReceiverGone)}
        failures = Counter(each.task.input.subscription_id for each in failed)
        self._receivers.forget(failures)  # whoever comes next sees whether it was disabled
        unreached = {each: count for each, count in failures.items() if each not in reached - gone}
        if reached or unreached:
            await subscriptions.note(reached, unreached, gone=gone, now=self._clock.now())


def _is_of_receiver(result: Result) -> bool:
    """Whether a receiver has failed. What is ours to mend, such as our network, or was put off, is not."""
    if not isinstance(result, Exception) or isinstance(result, StorageError | Snooze):
        return False
    return retry_of(result) is not Retry.UNTIL_MENDED


class _Receivers:
    """Subscriptions with their opened secrets, read once for the many deliveries of a moment."""

    def __init__(self, database: Database, box: SecretBox, clock: Clock) -> None:
        self._database = database
        self._box = box
        self._clock = clock
        self._read: dict[UUID, tuple[float, asyncio.Task[Receiver]]] = {}

    async def get(self, subscription_id: UUID) -> Receiver:
        """Return one as it was a moment ago; SubscriptionUnknown or SecretUnreadable."""
        now = time.monotonic()
        read_at, reading = self._read.get(subscription_id, (0.0, None))
        if reading is None or now - read_at > RECEIVERS_KEPT.total_seconds():
            self._read = {
                each: kept
                for each, kept in self._read.items()
                if now - kept[0] <= RECEIVERS_KEPT.total_seconds()
            }
            reading = asyncio.create_task(self._load(subscription_id))
            self._read[subscription_id] = now, reading
        # One who is cancelled must not take the others' answer away.
        return await asyncio.shield(reading)

    def forget(self, subscription_ids: Iterable[UUID]) -> None:
        """Read these anew when they are next asked for."""
        for subscription_id in subscription_ids:
            self._read.pop(subscription_id, None)

    async def _load(self, subscription_id: UUID) -> Receiver:
        return await self._database.read(
            lambda session: ReceiverRepository(session).receiver(
                subscription_id, self._box, now=self._clock.now()
            )
        )
