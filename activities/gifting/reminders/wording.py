"""What a reminder says, in the words of the reader's language."""

from datetime import timedelta

from babel import Locale
from babel.dates import format_date, format_timedelta

from mainspring.activities.gifting.reminders.kind import ReminderContent
from mainspring.activities.runtime.effects import SenderSettings
from mainspring.contracts.effects import Effect
from mainspring.domain.unsubscribe import UnsubscribeScope
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
