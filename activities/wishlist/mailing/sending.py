"""Sending the mails that the checks have planned."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.queue import BatchedQueues, QueueTask, TaskDone
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.activities.wishlist.mailing.claiming import Nothing, PreparedMail, claim_mails
from mainspring.activities.wishlist.mailing.sender import SenderSettings
from mainspring.activities.wishlist.mailing.settling import acknowledge_mails
from mainspring.activities.wishlist.mailing.writing import written
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.wishlist import NotificationSent, SendNotification
from mainspring.gateways.clock import Clock
from mainspring.gateways.smtp import Mailer
from mainspring.gateways.templates import Templates
from mainspring.storage.database import Session

# A refusal is final; a server that is away, or takes nothing now, is tried again for a day.
MAIL_RETRY = RetryPolicy(
    application_attempts=1,
    world=timedelta(hours=24),
    first_delay=timedelta(seconds=5),
    longest_delay=timedelta(minutes=15),
)


class NotificationActivities:
    """The mails."""

    def __init__(
        self,
        pools: BatchedQueues,
        mailer: Mailer,
        templates: Templates,
        letterhead: SenderSettings,
        clock: Clock,
    ) -> None:
        self._pools = pools
        self._mailer = mailer
        self._templates = templates
        self._letterhead = letterhead
        self._clock = clock

    @activity.defn(name="notifications.send")
    async def send(self, request: WorkQueue) -> QueueWorked:
        """Send a stretch of the queue."""
        return await self._pools.work_each(
            request,
            SendNotification,
            self._send,
            patience=MAIL_RETRY,
            begins_late=True,
            prepare=self._prepare,
            store=self._settle,
        )

    async def _prepare(
        self, session: Session, tasks: Sequence[QueueTask[SendNotification]]
    ) -> Mapping[UUID, object]:
        return await claim_mails(session, {task.id: task.given for task in tasks}, now=self._clock.now())

    async def _send(self, task: QueueTask[SendNotification]) -> NotificationSent:
        match task.prepared:
            case Exception() as error:
                raise error
            case Nothing(skipped):
                return NotificationSent(message_id=None, told=0, skipped=dict(skipped))
            case PreparedMail(effect, _, lines, skipped) as letter:
                now = self._clock.now()
                mail = written(letter, self._letterhead, self._templates, now=now)
                await self._mailer.send(mail, at=now, begin=task.begin)
                return NotificationSent(message_id=effect.reference, told=len(lines), skipped=dict(skipped))
        raise TypeError(f"{task.prepared!r} is no letter")

    async def _settle(self, session: Session, done: Sequence[TaskDone[SendNotification]]) -> None:
        await acknowledge_mails(session, done, now=self._clock.now())
