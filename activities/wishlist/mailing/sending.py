"""Sending the mails that the checks have planned."""

from datetime import datetime

from temporalio import activity

from mainspring.activities.runtime.effects import EffectQueue, MailSender
from mainspring.activities.wishlist.mailing.judging import MailContent
from mainspring.activities.wishlist.mailing.kind import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.sender import SenderSettings
from mainspring.activities.wishlist.mailing.writing import written
from mainspring.contracts.effects import Effect
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.gateways.smtp import Mail
from mainspring.gateways.templates import Templates


class NotificationActivities:
    """The mails."""

    def __init__(
        self, effects: EffectQueue, mails: MailSender, templates: Templates, sender_settings: SenderSettings
    ) -> None:
        self._effects = effects
        self._mails = mails
        self._templates = templates
        self._sender_settings = sender_settings

    @activity.defn(name="notifications.send")
    async def send(self, request: WorkQueue) -> QueueWorked:
        """Send a batch of the queue."""
        return await self._effects.send_each(request, WISHLIST_MAIL, self._mails, self._write)

    def _write(self, effect: Effect, content: MailContent, now: datetime) -> Mail:
        return written(effect, content, self._sender_settings, self._templates, now=now)
