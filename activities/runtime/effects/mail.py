"""The channel of mails."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.contracts.effects import Effect
from mainspring.gateways.clock import Clock
from mainspring.gateways.smtp import Mail, Mailer

# A refusal is final; a server that is away, or takes nothing now, is tried again for a day.
MAIL_RETRY = RetryPolicy(
    application_attempts=1,
    transient_for=timedelta(hours=24),
    first_delay=timedelta(seconds=5),
    longest_delay=timedelta(minutes=15),
)


class MailSender:
    """Sends mails by SMTP. What a mail says is written before, by templates."""

    retry = MAIL_RETRY

    def __init__(self, mailer: Mailer, clock: Clock) -> None:
        self._mailer = mailer
        self._clock = clock

    async def send(self, effect: Effect, message: Mail, begin: Callable[[], Awaitable[None]]) -> str:
        """Hand a mail to the server, dated now; return its Message-ID, which is the effect's reference."""
        await self._mailer.send(message, at=self._clock.now(), begin=begin)
        return effect.reference
