"""The reminder as a kind of effect: what is read again before it goes out, and what is written after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mainspring.activities.runtime.effects import Claimed, EffectKind, Nothing, Prepared, Send
from mainspring.activities.runtime.queue import Snooze
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.gifting.occasions import Channel, Occasion, SkipReason
from mainspring.contracts.gifting.reminders import REMINDER, ReminderSent, SendReminder
from mainspring.contracts.people import User
from mainspring.domain.gifting.reminders import local_date, skip_reason
from mainspring.domain.quiet_hours import earliest_mail, quiet_hours
from mainspring.storage.database import Session
from mainspring.storage.gifting.deliveries import Delivery, DeliveryRepository
from mainspring.storage.gifting.due import Addressed, DueReminders
from mainspring.storage.people import DeviceRepository


@dataclass(frozen=True)
class ReminderContent:
    """What a reminder says to whom. `days` are left until the occasion; `token` is that of the device."""

    user: User
    occasion: Occasion
    delivery: Delivery
    days: int
    token: str | None


# What goes out, or why nothing does.
Content = ReminderContent | SkipReason


async def _prepare(
    session: Session, claimed: Sequence[Claimed[SendReminder]], now: datetime
) -> Mapping[UUID, Prepared[Content]]:
    """Say of each delivery whether it is sent, by how occasion, user and device are now."""
    deliveries = await DeliveryRepository(session).of_effects({each.effect.id for each in claimed})
    keys = {(each.workspace, each.occasion_id) for each in deliveries.values()}
    known = await DueReminders(session).addressed(keys)
    tokens = await _tokens(session, deliveries.values())
    prepared: dict[UUID, Prepared[Content]] = {}
    for each in claimed:
        delivery = deliveries[each.effect.id]
        addressed = known.get((delivery.workspace, delivery.occasion_id))
        prepared[each.effect.id] = _evaluated(delivery, addressed, tokens, now)
    return prepared


# The token of a device, by workspace, user and device.
Tokens = Mapping[tuple[str, str, str], str]


async def _tokens(session: Session, deliveries: Iterable[Delivery]) -> Tokens:
    found: dict[tuple[str, str, str], str] = {}
    wanted: dict[str, set[str]] = {}
    for each in deliveries:
        if each.device_id is not None:
            wanted.setdefault(each.workspace, set()).add(each.device_id)
    for workspace, devices in wanted.items():
        tokens = await DeviceRepository(session, workspace).tokens(devices)
        found |= {(workspace, *key): token for key, token in tokens.items()}
    return found


def _evaluated(
    delivery: Delivery, addressed: Addressed | None, tokens: Tokens, now: datetime
) -> Prepared[Content]:
    if addressed is None:
        return Nothing(SkipReason.OCCASION_NOT_FOUND)
    user, occasion, zone = addressed.user, addressed.zoned.occasion, addressed.zoned.zone
    by_channel = {Channel.MAIL: user.reminders_by_mail, Channel.PUSH: user.reminders_by_push}
    is_wanted = user.reminders and by_channel[delivery.channel]
    reason = skip_reason(occasion, zone, delivery.date, wants_any=is_wanted, now=now)
    if reason is not None:
        return Nothing(reason)
    token = tokens.get((delivery.workspace, user.id, delivery.device_id or ""))
    if delivery.channel is Channel.PUSH and token is None:
        return Nothing(SkipReason.NO_DEVICE)
    quiet = quiet_hours(user.time_zone, user.quiet_from, user.quiet_until)
    earliest = earliest_mail(now, quiet=quiet, last=None, cooldown=timedelta())
    if earliest > now:
        return Snooze(earliest)
    days = (delivery.date - local_date(now, zone)).days
    recipient = user.email if delivery.channel is Channel.MAIL else None
    return Send(ReminderContent(user, occasion, delivery, days, token), recipient=recipient)


async def _withdraw(session: Session, skipped: Sequence[tuple[Effect, Content]], now: datetime) -> None:
    deliveries = DeliveryRepository(session)
    reasons = {effect.id: str(why) for effect, why in skipped if isinstance(why, SkipReason)}
    await deliveries.note_reasons(reasons)
    await deliveries.conclude(reasons, now=now)


async def _settle(session: Session, effects: Mapping[EffectState, Sequence[Effect]], now: datetime) -> None:
    ids = {each.id for some in effects.values() for each in some}
    await DeliveryRepository(session).conclude(ids, now=now)


def _result(content: Content | None, reference: str | None) -> ReminderSent:
    skipped = content if isinstance(content, SkipReason) else None
    return ReminderSent(reference=reference, skipped=skipped)


GIFTING_REMINDER = EffectKind(
    name=REMINDER,
    request=SendReminder,
    prepare=_prepare,
    settle=_settle,
    withdraw=_withdraw,
    result=_result,
)
