"""Handing over due reminders: a page of them, with their effects and tasks, is one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from mainspring.activities.runtime.effects import SenderSettings
from mainspring.contracts.gifting.occasions import Channel, SkipReason
from mainspring.contracts.gifting.reminders import REMINDER, SEND_REMINDER
from mainspring.contracts.tasks import NewTask
from mainspring.domain.gifting.reminders import skip_reason
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.gifting.deliveries import Delivery, DeliveryRepository
from mainspring.storage.gifting.due import Addressed, DueReminder, DueReminders
from mainspring.storage.gifting.planning import OccasionKey, ReminderPlanner, Zoned
from mainspring.storage.ledger import TaskIntake

# Somebody is waiting for what is sent on the day; what is made ahead of time has more of it.
PRIORITY = 1


@dataclass(frozen=True)
class Dispatched:
    """How many reminders of a page were handed over, and how many skipped."""

    dispatched: int = 0
    skipped: int = 0

    @property
    def taken(self) -> int:
        """How many there were."""
        return self.dispatched + self.skipped


async def dispatch_page(
    session: Session, sender_settings: SenderSettings, *, limit: int, triggered_by: str, now: datetime
) -> Dispatched:
    """Hand over reminders whose moment has come, `limit` at most, in the caller's transaction.

    Each becomes an effect for each channel, and for each device, with a task that sends it. The queue of
    these tasks is woken by the commit. After its last reminder a yearly occasion's next year is planned.
    """
    reminders = DueReminders(session)
    due = await reminders.take(limit=limit, now=now)
    skipped: dict[UUID, str | None] = {each.row.id: _skipped(each, now) for each in due}
    to_send = [each for each in due if skipped[each.row.id] is None]
    for each in to_send:
        if not _channels(each.addressed):
            skipped[each.row.id] = SkipReason.NO_DEVICE
    wanted = [pair for each in to_send for pair in _effects(each, sender_settings)]
    added = await EffectStore(session).intend([effect for effect, _ in wanted], now=now)
    new = [(effect, delivery) for effect, delivery in wanted if effect.id in added]
    handed_over = {delivery.reminder_id for _, delivery in new}
    for each in to_send:
        if skipped[each.row.id] is None and each.row.id not in handed_over:
            skipped[each.row.id] = SkipReason.ALREADY_SENT
    await DeliveryRepository(session).add([delivery for _, delivery in new])
    tasks = [_task(effect, triggered_by) for effect, _ in new]
    await TaskIntake(session).enqueue(tasks, now=now)
    wake_after_commit(session, SEND_REMINDER, [task.id for task in tasks])
    await reminders.note_dispatched(skipped, now=now)
    await ReminderPlanner(session).plan_next_years(_lasts(due), now=now)
    return Dispatched(len(handed_over), len(due) - len(handed_over))


def _skipped(due: DueReminder, now: datetime) -> SkipReason | None:
    known = due.addressed
    if known is None:
        return SkipReason.OCCASION_NOT_FOUND
    user = known.user
    wants_any = user.reminders and (user.reminders_by_mail or user.reminders_by_push)
    return skip_reason(known.zoned.occasion, known.zoned.zone, due.row.date, wants_any=wants_any, now=now)


def _channels(addressed: Addressed | None) -> Sequence[tuple[Channel, str | None]]:
    """Return by which channels somebody is reminded, with the device if that is push."""
    if addressed is None:
        return ()
    mail = [(Channel.MAIL, None)] if addressed.user.reminders_by_mail else []
    return [*mail, *((Channel.PUSH, each) for each in addressed.devices if addressed.user.reminders_by_push)]


def _effects(due: DueReminder, sender_settings: SenderSettings) -> Iterator[tuple[NewEffect, Delivery]]:
    row, known = due.row, due.addressed
    assert known is not None  # noqa: S101  # one whose occasion is gone is skipped
    # The same occasion, date and offset are never told twice, whichever row asks for it.
    key = f"{REMINDER}/{row.occasion_id}/{row.date}/{row.offset_days}"
    for channel, device in _channels(known):
        effect_id = uuid4()
        is_mail = channel is Channel.MAIL
        yield (
            NewEffect(
                id=effect_id,
                workspace=row.workspace,
                kind=REMINDER,
                dedupe_key=f"{key}/{channel}" if device is None else f"{key}/{channel}/{device}",
                owner=known.user.id,
                reference=sender_settings.message_id(effect_id) if is_mail else str(effect_id),
                recipient=known.user.email if device is None else f"device {device}",
                task_id=uuid4(),
                on_unknown=sender_settings.on_unknown,
            ),
            Delivery(effect_id, row.id, row.workspace, row.occasion_id, row.date, channel, device),
        )


def _task(effect: NewEffect, triggered_by: str) -> NewTask:
    task = effect.task(SEND_REMINDER, triggered_by=triggered_by)
    return task.model_copy(update={"priority": PRIORITY, "fairness_key": effect.workspace})


def _lasts(due: Sequence[DueReminder]) -> dict[OccasionKey, tuple[Zoned, date]]:
    """Return the last date of each occasion that somebody was reminded of now."""
    lasts: dict[OccasionKey, tuple[Zoned, date]] = {}
    for each in due:
        if each.addressed is not None:
            before = lasts.get(each.key)
            last = each.row.date if before is None else max(before[1], each.row.date)
            lasts[each.key] = each.addressed.zoned, last
    return lasts
