"""Claiming mails: what each says is read and judged again, and what is sent is written down before."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mainspring.activities.runtime.queue import Snooze
from mainspring.activities.wishlist.mailing.sender import MAIL
from mainspring.contracts.effects import IN_DOUBT, OVER, Effect, EffectState, OnUnknown
from mainspring.contracts.people import User
from mainspring.contracts.wishlist import NotificationKind, SendNotification, SkipReason
from mainspring.domain.quiet_hours import earliest_mail, quiet_hours
from mainspring.domain.wishlist import skip_reason
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectQueries, EffectResult, EffectStore
from mainspring.storage.errors import EffectHeld, EffectUnknown
from mainspring.storage.people import UserRepository
from mainspring.storage.wishlist import MailRepository
from mainspring.storage.wishlist.mails import Draft, Line


@dataclass(frozen=True)
class PreparedMail:
    """A mail that is to be sent: what still holds of it, and why the rest does not."""

    effect: Effect
    user: User
    lines: tuple[Line, ...]
    skipped: Mapping[SkipReason, int]

    @property
    def recipient(self) -> str:
        """Where it goes: to the user's address of now, or where it may have gone before."""
        return self.effect.recipient if self.effect.state in IN_DOUBT else self.user.email


@dataclass(frozen=True)
class Nothing:
    """A mail that is not sent: it was before, or nothing holds any more."""

    skipped: Mapping[SkipReason, int]


Prepared = PreparedMail | Nothing | Exception


async def claim_mails(
    session: Session, tasks: Mapping[UUID, SendNotification], *, now: datetime
) -> dict[UUID, Prepared]:
    """Judge the mails of these tasks, skip what no longer holds, and set the rest SENDING.

    An exception instead of a letter is what becomes of the task. Of several mails to a user one is sent, and
    the others wait for the cooldown.
    """
    ledger, mails = EffectStore(session), MailRepository(session)
    effect_ids = {given.effect_id for given in tasks.values()}
    # Another claim of the same user's waits, and then sees what is being sent.
    await UserRepository(session).hold(await EffectQueries(session).owners(effect_ids))
    effects = await ledger.hold(effect_ids)
    drafts = await mails.drafts({each.id: each.owner for each in effects.values()})
    sending = await EffectQueries(session).sending_to({each.owner for each in effects.values()}, MAIL)
    judged: dict[UUID, _Judgement] = {}
    for task_id, given in tasks.items():
        effect, draft = effects.get(given.effect_id), drafts.get(given.effect_id)
        rivals = sending.setdefault(effect.owner, set()) if effect else set()
        judged[task_id] = _judged_alone(effect, draft, given, bool(rivals), now)
        if effect is not None and not isinstance(judged[task_id].outcome, Snooze):
            # Whether it was being sent before or not, it is now, or is no longer.
            rivals.discard(effect.id)
            rivals |= {effect.id} if isinstance(judged[task_id].outcome, PreparedMail) else set()
    await _write(
        session, judged, {task_id: given.effect_id for task_id, given in tasks.items()}, effects, now
    )
    return {task_id: each.outcome for task_id, each in judged.items()}


@dataclass(frozen=True)
class _Judgement:
    """What is to become of a mail, and which of its notifications are skipped for which reason."""

    outcome: Prepared
    skipped: Mapping[SkipReason, Collection[UUID]]


def _judged_alone(
    effect: Effect | None, draft: Draft | None, given: SendNotification, has_rival: bool, now: datetime
) -> _Judgement:
    try:
        return _judged(effect, draft, given, has_rival, now)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a mail is its task's outcome only
        return _Judgement(error, {})


def _judged(
    effect: Effect | None, draft: Draft | None, given: SendNotification, has_rival: bool, now: datetime
) -> _Judgement:
    if effect is None or draft is None:
        return _Judgement(EffectUnknown(given.effect_id), {})
    if effect.state in OVER:
        return _Judgement(Nothing({}), {})
    if effect.state in IN_DOUBT and effect.on_unknown is OnUnknown.HOLD:
        return _Judgement(EffectHeld(effect.id), {})
    skipped = _skipped(draft, now)
    counts = Counter({reason: len(ids) for reason, ids in skipped.items()})
    gone = {each for ids in skipped.values() for each in ids}
    lines = tuple(line for line in draft.lines if line.notification_id not in gone)
    if draft.user is None or not lines:
        return _Judgement(Nothing(counts), skipped)
    # One that was itself being sent when its worker died does not wait for another, which may wait for it.
    is_behind = has_rival and effect.state is not EffectState.SENDING
    last = now if is_behind else draft.mailed_at
    user = draft.user
    quiet = quiet_hours(user.time_zone, user.quiet_from, user.quiet_until)
    earliest = earliest_mail(now, quiet=quiet, last=last, cooldown=given.user_cooldown)
    if earliest > now:
        return _Judgement(Snooze(earliest), {})
    return _Judgement(PreparedMail(effect, user, lines, counts), skipped)


def _skipped(draft: Draft, now: datetime) -> dict[SkipReason, list[UUID]]:
    """Return what no longer holds, also of a mail that may have gone out."""
    skipped: dict[SkipReason, list[UUID]] = {}
    for line in draft.lines:
        reason = skip_reason(
            line.due,
            line.offer,
            wanted=line.wanted,
            is_over=line.is_over,
            minimum=line.min_stock,
            now=now,
        )
        if reason is not None:
            skipped.setdefault(reason, []).append(line.notification_id)
    return skipped


async def _write(
    session: Session,
    judged: Mapping[UUID, _Judgement],
    effect_ids: Mapping[UUID, UUID],
    effects: Mapping[UUID, Effect],
    now: datetime,
) -> None:
    """Write what the judgements say, a statement for each kind of it."""
    ledger, mails = EffectStore(session), MailRepository(session)
    settlements = []
    for task_id, each in judged.items():
        effect = effects.get(effect_ids[task_id])
        if isinstance(each.outcome, Nothing) and effect is not None and effect.state not in OVER:
            settlements.append(_not_sent(effect))
        if isinstance(each.outcome, EffectHeld) and effect is not None:
            settlements.append(EffectResult(effect.id, EffectState.UNKNOWN, str(each.outcome)))
    await ledger.acknowledge(settlements, now=now)
    # Few or none: those whose first task has failed, and was retried.
    await ledger.hand_to(
        {
            effect_id: task_id
            for task_id, effect_id in effect_ids.items()
            if effect_id in effects and effects[effect_id].task_id != task_id
        }
    )
    letters = [each.outcome for each in judged.values() if isinstance(each.outcome, PreparedMail)]
    await ledger.begin([letter.effect for letter in letters], now=now)
    await ledger.readdress(
        {each.effect.id: each.recipient for each in letters if each.recipient != each.effect.recipient}
    )
    await mails.note_told({key: price for letter in letters for key, price in _new_prices(letter, now)})
    skipped: dict[SkipReason, list[UUID]] = {}
    maybe_told: list[UUID] = []
    for task_id, each in judged.items():
        effect = effects.get(effect_ids[task_id])
        is_doubtful = effect is not None and effect.state in IN_DOUBT
        for reason, ids in each.skipped.items():
            (maybe_told if is_doubtful else skipped.setdefault(reason, [])).extend(ids)
    for reason, ids in skipped.items():
        await mails.settle(ids, "skipped", reason=reason, now=now)
    # What may have arrived counts as told, or it would be told again.
    await mails.settle(maybe_told, "sent", now=now)


def _not_sent(effect: Effect) -> EffectResult:
    """Return what becomes of a mail of which nothing holds."""
    if effect.state in IN_DOUBT:
        said = "it may have arrived; not sent again, for nothing of it holds"
        return EffectResult(effect.id, EffectState.UNKNOWN, said)
    return EffectResult(effect.id, EffectState.WITHDRAWN)


def _new_prices(letter: PreparedMail, now: datetime) -> Iterator[tuple[UUID, int]]:
    """Give what the mail says of sales, where that is not what is noted of them.

    Of two attempts that both may get through, the lower price counts.
    """
    is_doubtful = letter.effect.state in IN_DOUBT
    for line in letter.lines:
        if line.due.kind is NotificationKind.SALE and line.offer is not None:
            price = line.offer.price_at(now)
            if price < line.told_cents or (price > line.told_cents and not is_doubtful):
                yield line.notification_id, price
