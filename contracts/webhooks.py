"""Webhooks: what subscribers are told of tasks."""

from datetime import datetime
from uuid import UUID

from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskState

# The job whose tasks are deliveries; a delivery's end is announced to nobody.
DELIVER_WEBHOOK = "deliver-webhook"


class TaskChanged(Message):
    """A task has reached a final state. `error` is the last one's type and message, of a failed task.

    `workspace` is the fairness key of the task: receivers have known the key by this name since before tasks
    had a workspace.
    """

    task_id: UUID
    job: str
    state: TaskState
    workspace: str | None
    at: datetime
    error: str | None = None


class DeliverWebhook(Message):
    """Tell one subscriber of one change."""

    subscription_id: UUID
    event: TaskChanged


class WebhookDelivered(Message):
    """The subscriber's answer: an HTTP status of the 200s."""

    status: int


class WebhookBody(Message):
    """The body of the request, as Standard Webhooks has it: `type` is "task.success", "task.failed", …."""

    type: str
    timestamp: datetime
    data: TaskChanged


class Subscription(Message):
    """Who is told: of tasks of the `workspace` that end in one of `states`. Of the `url` the host is shown.

    With a `fairness_key` the subscriber is told of the tasks of that key only.

    Until `former_secret_until` deliveries are signed with the secret before the last rotation as well.

    `failing_since` is when its deliveries began to fail without one success since; a disabled one is told
    nothing until it is enabled again.
    """

    id: UUID
    workspace: str
    url: str
    fairness_key: str | None
    states: tuple[TaskState, ...]
    created_at: datetime
    failing_since: datetime | None = None
    failures: int = 0
    disabled_at: datetime | None = None
    disabled_because: str | None = None
    former_secret_until: datetime | None = None
