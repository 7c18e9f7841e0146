"""One page of planning: what users wait for becomes mails, each an effect with a task in a batched queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from mainspring.activities.runtime.effects import SenderSettings, give_up_abandoned
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.kind import MAIL
from mainspring.contracts.tasks import NewTask
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS, SendNotification, SkipReason
from mainspring.domain.queues import batched_task
from mainspring.domain.quiet_hours import earliest_mail
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.people import Addressee, UserRepository
from mainspring.storage.wishlist import PlanRepository
from mainspring.storage.wishlist.planning import workspace_to_plan

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
    sender_settings: SenderSettings,
    *,
    cooldown: timedelta,
    triggered_by: str,
    now: datetime,
    size: int = ADDRESSEES,
) -> Planned:
    """Put what the next users wait for into their mails, in the caller's transaction.

    A mail that surely has not gone out takes up more; who has none gets a new one. A mail whose task was
    cancelled is given up, and counts as told. The queue of the new mails is woken by the commit.
    """
    workspace = await workspace_to_plan(session)
    waiting = [] if workspace is None else await PlanRepository(session, workspace).waiting(limit=size)
    owners = [(workspace or "", each) for each in waiting]
    # All users at once and before any mail, as claims and settlements do, or two could wait for each other.
    given_up = await give_up_abandoned(session, WISHLIST_MAIL, limit=GIVEN_UP, owners=owners, now=now)
    plan = _Plan(sender_settings, cooldown, triggered_by, now)
    tasks, mails = ((), 0) if workspace is None else await _plan(session, workspace, waiting, plan)
    is_last = given_up < GIVEN_UP and await workspace_to_plan(session) is None
    return Planned(tasks, mails, is_last)


@dataclass(frozen=True)
class _Plan:
    """By whom mails are sent, how often, for which check, and when they are planned."""

    sender_settings: SenderSettings
    cooldown: timedelta
    triggered_by: str
    now: datetime


async def _plan(
    session: Session, workspace: str, waiting: Sequence[str], plan: _Plan
) -> tuple[tuple[NewTask, ...], int]:
    """Put what these held users wait for into their mails; return the new tasks, and how many mails."""
    plans, effects = PlanRepository(session, workspace), EffectStore(session)
    page = await UserRepository(session, workspace).addressees(waiting)
    reachable = [each for each in page if each.email is not None]
    gone = [each.user_id for each in page if each.email is None]
    await plans.give_up(gone, SkipReason.WISH_REMOVED, now=plan.now)
    mails = await effects.joinable(workspace, [each.user_id for each in reachable], MAIL)
    new = [_mail(each, workspace, plan) for each in reachable if each.user_id not in mails]
    await effects.intend([effect for effect, _ in new], now=plan.now)
    tasks = tuple(task for _, task in new)
    await TaskIntake(session).enqueue(tasks, now=plan.now)
    wake_after_commit(session, SEND_NOTIFICATIONS, [task.id for task in tasks if task.starts_at is None])
    mails |= {effect.owner: effect.id for effect, _ in new}
    await plans.take_up(mails)
    return tasks, len(mails)


def _mail(user: Addressee, workspace: str, plan: _Plan) -> tuple[NewEffect, NewTask]:
    effect_id, task_id = uuid4(), uuid4()
    effect = NewEffect(
        id=effect_id,
        workspace=workspace,
        kind=MAIL,
        # What it tells of is unique by itself, and taken up by one mail only.
        dedupe_key=f"{MAIL}/{effect_id}",
        owner=user.user_id,
        reference=plan.sender_settings.message_id(effect_id),
        recipient=user.email or "",
        task_id=task_id,
        on_unknown=plan.sender_settings.on_unknown,
    )
    message = SendNotification(effect_id=effect_id, user_cooldown=plan.cooldown)
    starts_at = _starts_at(user, plan.cooldown, plan.now)
    return effect, batched_task(
        SEND_NOTIFICATIONS,
        task_id,
        message,
        triggered_by=plan.triggered_by,
        workspace=workspace,
        fairness_key=workspace,
        starts_at=starts_at,
    )


def _starts_at(user: Addressee, cooldown: timedelta, now: datetime) -> datetime | None:
    try:
        earliest = earliest_mail(now, quiet=user.quiet, last=user.mailed_at, cooldown=cooldown)
    except Exception:  # whatever is wrong with a user's quiet hours, the others' mails are planned
        log.exception("a user's quiet hours cannot be told", user_id=user.user_id)
        earliest = earliest_mail(now, quiet=None, last=user.mailed_at, cooldown=cooldown)
    return earliest if earliest > now else None
