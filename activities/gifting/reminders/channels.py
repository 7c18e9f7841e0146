"""The channels of reminders as one: a mail goes by mail, a push by push."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from mainspring.activities.runtime.effects import MailSender, PushSender
from mainspring.activities.runtime.queue import Places
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.contracts.effects import Effect
from mainspring.contracts.gifting.occasions import SkipReason
from mainspring.contracts.retry import Retry
from mainspring.gateways.push import PushMessage, TokenUnregistered
from mainspring.gateways.smtp import Mail
from mainspring.gateways.smtp.errors import MailRefused
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting.deliveries import DeliveryRepository
from mainspring.storage.people import DeviceRepository
from mainspring.storage.people.devices import device_id

# A service that is away is tried again for a day: what comes after the occasion is skipped in any case.
REMINDER_RETRY = RetryPolicy(
    application_attempts=5,
    application_first_delay=timedelta(seconds=5),
    transient_for=timedelta(hours=24),
    first_delay=timedelta(seconds=5),
    longest_delay=timedelta(minutes=15),
)


class MailboxRefused(Exception):
    """The mail server refused the mail: no other attempt is made."""

    retry = Retry.NEVER


class ReminderChannels:
    """Sends a reminder by the channel of its message. A device that is no longer registered is removed."""

    retry = REMINDER_RETRY

    def __init__(self, mails: MailSender, pushes: PushSender, database: Database) -> None:
        self._mails = mails
        self._pushes = pushes
        self._database = database
        self.places = Places(mails.at_once + pushes.at_once)

    async def send(
        self, effect: Effect, message: Mail | PushMessage, begin: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand a message over; return its name outside."""
        if isinstance(message, Mail):
            try:
                return await self._mails.send(effect, message, begin)
            except MailRefused as error:
                raise MailboxRefused(str(error)) from error
        try:
            return await self._pushes.send(effect, message, begin)
        except TokenUnregistered:
            await self._forget(effect, message.token)
            raise

    async def _forget(self, effect: Effect, token: str) -> None:
        async def write(session: Session) -> None:
            await DeviceRepository(session, effect.workspace).remove(device_id(token))
            await DeliveryRepository(session).note_reasons({effect.id: SkipReason.NO_DEVICE})

        await self._database.transact(write)
