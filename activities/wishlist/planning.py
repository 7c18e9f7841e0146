"""One page of planning: what users wait for becomes mails, which are effects with a pooled task each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from mainspring.activities.runtime.effects import give_up_abandoned
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL, SenderSettings
from mainspring.activities.wishlist.mailing.sender import MAIL
from mainspring.contracts.tasks import NewTask
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS, SendNotification, SkipReason
from mainspring.domain.queues import batched_task
from mainspring.domain.quiet_hours import earliest_mail
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.people import Addressee, UserRepository
from mainspring.storage.wishlist import PlanRepository

# Users in one transaction.
ADDRESSEES = 500

# Mails in one transaction that no task sends any more.
GIVEN_UP = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Planned:
    """The tasks of new mails, and for how many users there are any. `is_last`: nothing is left to plan."""

    tasks: tuple[NewTask, ...]
    mails: int
    is_last: bool


async def plan_page(
    session: Session,
    letterhead: SenderSettings,
    *,
    cooldown: timedelta,
    triggered_by: str,
    now: datetime,
    size: int = ADDRESSEES,
) -> Planned:
    """Put what the next users wait for into their mails, in the caller's transaction.

    A mail that surely has not gone out takes up more; who has none gets a new one. A mail whose task was
    cancelled is given up, and counts as told.
    """
    plans, effects = PlanRepository(session), EffectStore(session)
    users = UserRepository(session)
    waiting = await plans.waiting(limit=size)
    # All users at once and before any mail, as claims and settlements do, or two could wait for each other.
    given_up = await give_up_abandoned(session, WISHLIST_MAIL, limit=GIVEN_UP, owners=waiting, now=now)
    page = await users.addressees(waiting)
    there = [each for each in page if each.email is not None]
    await plans.give_up(
        [each.user_id for each in page if each.email is None], SkipReason.WISH_REMOVED, now=now
    )
    mails = await effects.joinable([each.user_id for each in there], MAIL)
    new = [
        _mail(each, letterhead, cooldown, triggered_by, now) for each in there if each.user_id not in mails
    ]
    await effects.intend([effect for effect, _ in new], now=now)
    await TaskIntake(session).enqueue([task for _, task in new], now=now)
    mails |= {effect.owner: effect.id for effect, _ in new}
    await plans.take_up(mails)
    is_last = len(page) < size and given_up < GIVEN_UP
    return Planned(tuple(task for _, task in new), len(mails), is_last)


def _mail(
    user: Addressee, letterhead: SenderSettings, cooldown: timedelta, triggered_by: str, now: datetime
) -> tuple[NewEffect, NewTask]:
    effect_id, task_id = uuid4(), uuid4()
    effect = NewEffect(
        id=effect_id,
        kind=MAIL,
        # What it tells of is unique by itself, and taken up by one mail only.
        dedupe_key=f"{MAIL}/{effect_id}",
        owner=user.user_id,
        reference=letterhead.message_id(effect_id),
        recipient=user.email or "",
        task_id=task_id,
        on_unknown=letterhead.on_unknown,
    )
    given = SendNotification(effect_id=effect_id, user_cooldown=cooldown)
    starts_at = _starts_at(user, cooldown, now)
    return effect, batched_task(
        SEND_NOTIFICATIONS, task_id, given, triggered_by=triggered_by, starts_at=starts_at
    )


def _starts_at(user: Addressee, cooldown: timedelta, now: datetime) -> datetime | None:
    try:
        earliest = earliest_mail(now, quiet=user.quiet, last=user.mailed_at, cooldown=cooldown)
    except Exception:  # whatever is wrong with a user's quiet hours, the others' mails are planned
        log.exception("a user's quiet hours cannot be told", user_id=user.user_id)
        earliest = earliest_mail(now, quiet=None, last=user.mailed_at, cooldown=cooldown)
    return earliest if earliest > now else None
