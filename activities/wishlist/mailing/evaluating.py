"""What still holds of a mail, whom it goes to, and when: cooldown and quiet hours are decided here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mainspring.activities.runtime.effects import Claimed, Nothing, Prepared, Send
from mainspring.activities.runtime.queue import Snooze
from mainspring.contracts.effects import EffectState, Owner
from mainspring.contracts.people import User
from mainspring.contracts.wishlist import SendNotification, SkipReason
from mainspring.domain.quiet_hours import earliest_mail, quiet_hours
from mainspring.domain.wishlist import skip_reason
from mainspring.storage.wishlist.mails import Draft, Line


@dataclass(frozen=True)
class MailContent:
    """What a mail tells: what still holds of it, and which notifications are left out for which reason."""

    user: User | None
    lines: tuple[Line, ...]
    skipped: Mapping[SkipReason, Sequence[UUID]]

    @property
    def skip_counts(self) -> dict[SkipReason, int]:
        """Return how many notifications are left out for each reason."""
        return dict(Counter({reason: len(ids) for reason, ids in self.skipped.items()}))


def evaluate_mails(
    claimed: Sequence[Claimed[SendNotification]],
    drafts: Mapping[UUID, Draft],
    sending: dict[Owner, set[UUID]],
    now: datetime,
) -> dict[UUID, Prepared[MailContent]]:
    """Evaluate mails in their order. `sending` says which mails go out to whom, and is kept up to date.

    Of several mails to a user one is sent, and the others wait for the cooldown.
    """
    evaluated: dict[UUID, Prepared[MailContent]] = {}
    for each in claimed:
        effect = each.effect
        rivals = sending.setdefault(effect.qualified_owner, set())
        outcome = evaluated[effect.id] = _evaluated_alone(each, drafts[effect.id], bool(rivals), now)
        if not isinstance(outcome, Snooze):
            # Whether it was being sent before or not, it is now, or is no longer.
            rivals.discard(effect.id)
            rivals |= {effect.id} if isinstance(outcome, Send) else set()
    return evaluated


def _evaluated_alone(
    claimed: Claimed[SendNotification], draft: Draft, has_rival: bool, now: datetime
) -> Prepared[MailContent]:
    try:
        return _evaluated(claimed, draft, has_rival, now)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a mail is its task's outcome only
        return error


def _evaluated(
    claimed: Claimed[SendNotification], draft: Draft, has_rival: bool, now: datetime
) -> Prepared[MailContent]:
    skipped = _skipped(draft, now)
    gone = {each for ids in skipped.values() for each in ids}
    user, lines = draft.user, tuple(each for each in draft.lines if each.notification_id not in gone)
    if user is None or not lines:
        return Nothing(MailContent(user, (), skipped))
    # One that was itself being sent when its worker died does not wait for another, which may wait for it.
    is_behind = has_rival and claimed.effect.state is not EffectState.SENDING
    last = now if is_behind else draft.mailed_at
    quiet = quiet_hours(user.time_zone, user.quiet_from, user.quiet_until)
    earliest = earliest_mail(now, quiet=quiet, last=last, cooldown=claimed.request.user_cooldown)
    if earliest > now:
        return Snooze(earliest)
    return Send(MailContent(user, lines, skipped), recipient=user.email)


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
