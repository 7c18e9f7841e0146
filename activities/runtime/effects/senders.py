"""The channels: what a channel does with messages of effects, and the channels of mails and of pushes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from mainspring.activities.runtime.queue import Places
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.contracts.effects import Effect
from mainspring.gateways.clock import Clock
from mainspring.gateways.push import Push, PushMessage
from mainspring.gateways.smtp import Mail, Mailer

Outbound_contra = TypeVar("Outbound_contra", contravariant=True)


class Sender(Protocol[Outbound_contra]):
    """A channel: mail, push, a paid API.

    `retry` is how long a message is tried. `places` is how many may be on the way at once: a message takes a
    place when it begins, and frees the place when the ledger says what became of it. A sender is told which
    effect it sends: `effect.reference` is the same for every attempt, so it is the Message-ID of a mail or
    the idempotency key of a request.
    """

    @property
    def retry(self) -> RetryPolicy:
        """How long a message is tried."""

    @property
    def places(self) -> Places:
        """How many messages may be on the way at once, in this worker."""

    async def send(
        self, effect: Effect, message: Outbound_contra, begin: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand a message over, and return its name outside.

        `begin` is awaited when all is ready, right before anything goes out; nothing goes out when it raises.
        It returns once the ledger says that the effect goes out.
        An error whose `is_outcome_certain` is False says that the message may have arrived; any other error
        says that it has certainly not.
        """


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
        self.at_once = mailer.connections
        self.places = Places(self.at_once)
        self._clock = clock

    async def send(self, effect: Effect, message: Mail, begin: Callable[[], Awaitable[None]]) -> str:
        """Hand a mail to the server, dated now; return its Message-ID, which is the effect's reference."""
        await self._mailer.send(message, at=self._clock.now(), begin=begin)
        return effect.reference


class PushSender:
    """Sends pushes by Firebase Cloud Messaging. A push that is sent again takes the first one's place."""

    retry = MAIL_RETRY

    def __init__(self, push: Push) -> None:
        self._push = push
        self.at_once = push.at_once
        self.places = Places(self.at_once)

    async def send(self, effect: Effect, message: PushMessage, begin: Callable[[], Awaitable[None]]) -> str:
        """Hand a push over; return FCM's name of it."""
        return await self._push.send(message, begin) or effect.reference
