"""The activities of reminders: due ones are handed over by the clock or the overdue check, and sent."""

from datetime import datetime

import structlog
from temporalio import activity

from mainspring.activities.gifting.reminders.channels import ReminderChannels
from mainspring.activities.gifting.reminders.dispatching import Dispatched, dispatch_page
from mainspring.activities.gifting.reminders.kind import GIFTING_REMINDER, Content, ReminderContent
from mainspring.activities.gifting.reminders.wording import written_mail, written_push
from mainspring.activities.runtime.effects import EffectQueue, SenderSettings, give_up_abandoned
from mainspring.contracts.effects import Effect
from mainspring.contracts.gifting.reminders import (
    REMINDER_CLOCK,
    OverdueProcessed,
    ProcessOverdueReminders,
    RemindersDispatched,
    WatchReminders,
)
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.push import PushMessage
from mainspring.gateways.smtp import Mail
from mainspring.gateways.templates import Templates
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.gifting import ReminderPlanner

log = structlog.get_logger(__name__)

# Reminders in one transaction: for the clock, and for the overdue check.
CLOCK_PAGE = 500
OVERDUE_PAGE = 100


class ReminderActivities:
    """Hands over due reminders, and sends them."""

    def __init__(
        self,
        database: Database,
        temporal: TemporalGateway,
        clock: Clock,
        effects: EffectQueue,
        channels: ReminderChannels,
        templates: Templates,
        sender_settings: SenderSettings,
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._clock = clock
        self._effects = effects
        self._channels = channels
        self._templates = templates
        self._sender_settings = sender_settings

    @activity.defn(name="reminders.dispatch_due")
    async def dispatch_due(self, _request: WatchReminders) -> RemindersDispatched:
        """Hand over what is due, page after page; say how soon the next reminder is due."""
        done = await self._dispatch(CLOCK_PAGE, REMINDER_CLOCK)
        first = await self._database.read(lambda session: ReminderPlanner(session).first_moment())
        next_in = None if first is None else first - self._clock.now()
        return RemindersDispatched(dispatched=done.dispatched, skipped=done.skipped, next_in=next_in)

    @activity.defn(name="reminders.process_overdue")
    async def process_overdue(self, _request: ProcessOverdueReminders) -> OverdueProcessed:
        """Hand over what the clock has missed, give up what no task sends, and see that the clock runs."""
        done = await self._dispatch(OVERDUE_PAGE, "process-overdue-reminders")
        await self._database.transact(
            lambda session: give_up_abandoned(
                session, GIFTING_REMINDER, limit=OVERDUE_PAGE, now=self._clock.now()
            )
        )
        first = await self._database.read(lambda session: ReminderPlanner(session).first_moment())
        if first is not None:
            await self._start_clock(is_late=done.taken > 0)
        return OverdueProcessed(dispatched=done.dispatched, skipped=done.skipped)

    async def _dispatch(self, page: int, triggered_by: str) -> Dispatched:
        total = Dispatched()
        while True:
            done = await self._database.transact(
                lambda session: dispatch_page(
                    session,
                    self._sender_settings,
                    limit=page,
                    triggered_by=triggered_by,
                    now=self._clock.now(),
                )
            )
            total = Dispatched(total.dispatched + done.dispatched, total.skipped + done.skipped)
            if done.taken == 0:
                return total

    async def _start_clock(self, *, is_late: bool) -> None:
        """Start the clock if it is not there; wake a clock that was late, for its signal was lost."""
        try:
            if is_late:
                await self._temporal.wake(REMINDER_CLOCK)
            else:
                await self._temporal.begin(REMINDER_CLOCK)
        except GatewayError as error:  # the next check comes in five minutes
            log.warning("clock of reminders is not started yet", error=str(error))

    @activity.defn(name="reminders.send")
    async def send(self, request: WorkQueue) -> QueueWorked:
        """Send a batch of the queue."""
        return await self._effects.send_each(request, GIFTING_REMINDER, self._channels, self._write)

    def _write(self, effect: Effect, content: Content, _now: datetime) -> Mail | PushMessage:
        assert isinstance(content, ReminderContent)  # noqa: S101  # what is skipped is not written
        if content.token is not None:
            return written_push(content, content.token, self._templates)
        return written_mail(effect, content, self._sender_settings, self._templates)
