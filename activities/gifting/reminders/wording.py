"""What a reminder says, in the words of the reader's language."""

from datetime import timedelta

from babel import Locale
from babel.dates import format_date, format_timedelta

from mainspring.activities.gifting.reminders.kind import ReminderContent
from mainspring.activities.runtime.effects import SenderSettings
from mainspring.contracts.effects import Effect
from mainspring.domain.unsubscribe import UnsubscribeScope
from mainspring.gateways.push import PushMessage
from mainspring.gateways.smtp import Mail, Mailbox
from mainspring.gateways.templates import Recipient, Templates, one_line

KIND = "reminder"


def written_mail(
    effect: Effect, content: ReminderContent, sender_settings: SenderSettings, templates: Templates
) -> Mail:
    """Return the mail. MailUnsendable: an address or a link cannot be used."""
    user = content.user
    link = sender_settings.unsubscribe_link(effect.workspace, user.id, UnsubscribeScope.REMINDERS)
    rendered = templates.render(
        KIND,
        Recipient(user.locale, user.name),
        lambda locale: _values(content, locale),
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


def written_push(content: ReminderContent, token: str, templates: Templates) -> PushMessage:
    """Return the push. One that is sent again has the same tag, and so takes the first one's place."""
    user, delivery = content.user, content.delivery
    recipient = Recipient(user.locale, user.name)
    body = templates.line(KIND, "push", recipient, lambda locale: _values(content, locale))
    return PushMessage(
        token=token,
        title=one_line(content.occasion.title),
        body=body,
        tag=str(delivery.reminder_id),
        data={"occasion_id": delivery.occasion_id, "date": str(delivery.date)},
    )


def _values(content: ReminderContent, locale: Locale) -> dict[str, object]:
    occasion, days = content.occasion, content.days
    return {
        "title": one_line(occasion.title),
        "recipient": None if occasion.recipient is None else one_line(occasion.recipient),
        "day": format_date(content.delivery.date, "full", locale=locale),
        "days": days,
        # Otherwise it would count from two weeks on in weeks.
        "in_days": format_timedelta(
            timedelta(days=days), granularity="day", threshold=1000, add_direction=True, locale=locale
        ),
    }
