"""Sending the mails that the checks have planned: what they say, and the activity."""

from datetime import datetime

from temporalio import activity

from mainspring.activities.runtime.effects import EffectQueue, MailSender, SenderSettings
from mainspring.activities.wishlist.mailing.evaluating import MailContent
from mainspring.activities.wishlist.mailing.kind import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.wording import MailItem, render_alerts
from mainspring.contracts.effects import Effect
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.wishlist import NotificationKind
from mainspring.domain.unsubscribe import UnsubscribeScope
from mainspring.gateways.smtp import Mail, Mailbox
from mainspring.gateways.templates import Recipient, Templates
from mainspring.storage.wishlist.mails import Line


def written(
    effect: Effect,
    content: MailContent,
    sender_settings: SenderSettings,
    templates: Templates,
    *,
    now: datetime,
) -> Mail:
    """Return the mail, with the prices of now. MailUnsendable: an address or a link cannot be used."""
    user = content.user
    assert user is not None  # noqa: S101  # a mail to a user who is gone is withdrawn
    link = sender_settings.unsubscribe_link(effect.workspace, user.id, UnsubscribeScope.ALL)
    rendered = render_alerts(
        templates,
        [_alert(line, now) for line in content.lines],
        Recipient(user.locale, user.name),
        unsubscribe_url=link,
    )
    return Mail(
        message_id=effect.reference,
        sender=sender_settings.sender,
        recipient=Mailbox(effect.recipient, user.name or ""),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        list_unsubscribe=link,
    )


def _alert(line: Line, now: datetime) -> MailItem:
    product, offer = line.product, line.offer
    assert product is not None  # noqa: S101  # one that is gone was skipped
    assert offer is not None  # noqa: S101  # as above
    price = offer.price_at(now)
    return MailItem(
        kind=line.due.kind,
        product_name=product.name,
        product_url=product.url,
        image_url=product.image_url,
        price_cents=price,
        was_cents=offer.price_cents if price < offer.price_cents else None,
        currency=product.currency,
        stock=offer.stock if line.due.kind is NotificationKind.STOCK else None,
    )


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
