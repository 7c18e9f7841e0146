"""What webhooks decide: who is told of what, and when a subscriber is given up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from mainspring.contracts.text import HIDDEN
from mainspring.contracts.webhooks import (
    DELIVER_WEBHOOK,
    DeliverWebhook,
    Subscription,
    TaskChanged,
    WebhookBody,
)

# A receiver that is down over a long weekend is not given up; one that was taken away soon is.
DISABLED_AFTER = timedelta(days=3)

# A receiver that is hardly ever told anything is not given up for one or two failures days apart.
DISABLED_AFTER_FAILURES = 10


def shown_url(url: str) -> str:
    """Return a subscriber's URL as people may see it: what follows the host is often what lets callers in."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    has_more = parts.path not in {"", "/"} or parts.query or parts.fragment or host != parts.netloc
    return f"{parts.scheme}://{host}/{HIDDEN}" if has_more else url


def triggered_by(subscription_id: UUID) -> str:
    """Return what the deliveries of a subscription are triggered by."""
    return f"webhook {subscription_id}"


@dataclass(frozen=True)
class EndedTask:
    """A change of a task, and the workspace whose subscribers are told of the change."""

    workspace: str
    change: TaskChanged


def deliveries_of(
    ended: Iterable[EndedTask], subscriptions: Iterable[Subscription]
) -> Iterator[tuple[UUID, DeliverWebhook]]:
    """Give each delivery to make, with its id: the same change for the same subscriber has the same one."""
    wanting = [each for each in subscriptions if each.disabled_at is None]
    for each in ended:
        change = each.change
        if change.job == DELIVER_WEBHOOK:
            continue
        for subscription in wanting:
            if _wants(subscription, each):
                yield (
                    uuid5(subscription.id, f"{change.task_id}/{change.state}"),
                    DeliverWebhook(subscription_id=subscription.id, event=change),
                )


def _wants(subscription: Subscription, ended: EndedTask) -> bool:
    return (
        subscription.workspace == ended.workspace
        and ended.change.state in subscription.states
        and subscription.fairness_key in {None, ended.change.workspace}
    )


def disabled_because(failing_since: datetime, failures: int, now: datetime) -> str | None:
    """Say why a subscriber is given up: nothing got through for days, however often it was tried."""
    if failures < DISABLED_AFTER_FAILURES or now - failing_since < DISABLED_AFTER:
        return None
    return f"{failures} deliveries failed since {failing_since:%Y-%m-%d %H:%M} UTC, and none got through"


def body_of(event: TaskChanged) -> str:
    """Return the body of the request: the same bytes at every attempt."""
    return WebhookBody(type=f"task.{event.state.lower()}", timestamp=event.at, data=event).model_dump_json()
