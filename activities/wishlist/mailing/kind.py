"""The mail of alerts as a kind of effect: what the wishlist reads before it goes out, and writes after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from mainspring.activities.runtime.effects import Claimed, EffectKind, Prepared, Send
from mainspring.activities.wishlist.mailing.evaluating import MailContent, evaluate_mails
from mainspring.contracts.effects import IN_DOUBT, Effect, EffectState
from mainspring.contracts.wishlist import NotificationKind, NotificationSent, SendNotification, SkipReason
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectQueries
from mainspring.storage.people import UserRepository, hold_users
from mainspring.storage.wishlist import MailRepository

# The kind's name in the ledger.
MAIL = "wishlist-mail"


async def _prepare(
    session: Session, claimed: Sequence[Claimed[SendNotification]], now: datetime
) -> Mapping[UUID, Prepared[MailContent]]:
    """Evaluate the mails, and note what those that are sent tell and leave out."""
    effects = {each.effect.id: each.effect for each in claimed}
    mails = MailRepository(session)
    owners = {each.id: each.qualified_owner for each in effects.values()}
    drafts = await mails.drafts(owners)
    sending = await EffectQueries(session).sending_to(set(owners.values()), MAIL, besides=effects)
    evaluated = evaluate_mails(claimed, drafts, sending, now)
    sent = [(effects[key], each.content) for key, each in evaluated.items() if isinstance(each, Send)]
    await mails.note_told(
        {key: price for effect, content in sent for key, price in _new_prices(effect, content, now)}
    )
    # The rest is written in `_withdraw`, with the effects.
    await _write_skipped(mails, [each for each in sent if each[1].skipped], now)
    return evaluated


def _new_prices(effect: Effect, content: MailContent, now: datetime) -> Iterator[tuple[UUID, int]]:
    """Give what the mail says of sales, where that is not what is noted of them.

    Of two attempts that both may get through, the lower price counts.
    """
    for line in content.lines:
        if line.due.kind is NotificationKind.SALE and line.offer is not None:
            price = line.offer.price_at(now)
            if price < line.told_cents or (price > line.told_cents and effect.state not in IN_DOUBT):
                yield line.notification_id, price


async def _withdraw(session: Session, mails: Sequence[tuple[Effect, MailContent]], now: datetime) -> None:
    await _write_skipped(MailRepository(session), mails, now)


async def _write_skipped(
    mails: MailRepository, contents: Sequence[tuple[Effect, MailContent]], now: datetime
) -> None:
    skipped: dict[SkipReason, list[UUID]] = {}
    maybe_told: list[UUID] = []
    for effect, content in contents:
        for reason, ids in content.skipped.items():
            (maybe_told if effect.state in IN_DOUBT else skipped.setdefault(reason, [])).extend(ids)
    for reason, ids in skipped.items():
        await mails.settle(ids, "skipped", reason=reason, now=now)
    # What may have arrived counts as told, or it would be told again.
    await mails.settle(maybe_told, "sent", now=now)


async def _settle(session: Session, effects: Mapping[EffectState, Sequence[Effect]], now: datetime) -> None:
    """Write the notifications' states, and when users were last sent a mail."""
    mails, sent = MailRepository(session), effects.get(EffectState.SENT, ())
    owners: dict[str, set[str]] = {}
    for each in sent:
        owners.setdefault(each.workspace, set()).add(each.owner)
    for workspace in sorted(owners):
        await UserRepository(session, workspace).note_mailed(sorted(owners[workspace]), now=now)
    await mails.settle_mails([each.id for each in sent], EffectState.SENT, now=now)
    # A mail that may have arrived keeps what it says, until a person has decided.
    failed = [each.id for each in effects.get(EffectState.FAILED, ())]
    await mails.settle_mails(failed, EffectState.FAILED, now=now)


async def _give_up(session: Session, mails: Sequence[Effect], now: datetime) -> None:
    """Let the next check tell again what no mail server has taken for a day."""
    await MailRepository(session).skip_undelivered([each.id for each in mails], now=now)


def _result(content: MailContent | None, reference: str | None) -> NotificationSent:
    if content is None:
        return NotificationSent(message_id=None, told=0)
    lines_sent = 0 if reference is None else len(content.lines)
    return NotificationSent(message_id=reference, told=lines_sent, skipped=content.skip_counts)


WISHLIST_MAIL = EffectKind(
    name=MAIL,
    request=SendNotification,
    prepare=_prepare,
    settle=_settle,
    give_up=_give_up,
    withdraw=_withdraw,
    hold_owners=hold_users,
    result=_result,
)
