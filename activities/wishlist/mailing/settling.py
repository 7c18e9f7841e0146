"""Noting what became of mails, in the transaction that settles their tasks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mainspring.activities.runtime.queue import TaskDone
from mainspring.activities.wishlist.mailing.claiming import PreparedMail
from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import SendNotification
from mainspring.gateways.smtp import AnswerLost
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectResult, EffectStore
from mainspring.storage.people import UserRepository
from mainspring.storage.wishlist import MailRepository


async def acknowledge_mails(
    session: Session, done: Sequence[TaskDone[SendNotification]], *, now: datetime
) -> None:
    """Write the effects' states, the notifications', and when users were last sent a mail."""
    letters = [(each, each.task.prepared) for each in done if isinstance(each.task.prepared, PreparedMail)]
    settlements = [_settlement(each, letter) for each, letter in letters]
    by_state: dict[EffectState, list[UUID]] = {}
    for each in settlements:
        by_state.setdefault(each.state, []).append(each.id)
    sent = by_state.get(EffectState.SENT, [])
    mails = MailRepository(session)
    # In the order in which planning holds them: users, mails, notifications.
    await UserRepository(session).hold({letter.user.id for _, letter in letters})
    await UserRepository(session).note_mailed(
        sorted({letter.user.id for _, letter in letters if letter.effect.id in set(sent)}), now=now
    )
    written = await EffectStore(session).acknowledge(settlements, now=now)
    await mails.settle_mails(sent, EffectState.SENT, now=now)
    failed = [each for each in by_state.get(EffectState.FAILED, ()) if each in written]
    await mails.settle_mails(failed, EffectState.FAILED, now=now)


def _settlement(done: TaskDone[SendNotification], letter: PreparedMail) -> EffectResult:
    outcome = done.outcome
    if not isinstance(outcome, Exception):
        return EffectResult(letter.effect.id, EffectState.SENT)
    said = f"{type(outcome).__name__}: {outcome}"
    if isinstance(outcome, AnswerLost):
        return EffectResult(letter.effect.id, EffectState.UNKNOWN, said)
    # Of all others it is certain that the mail was not accepted; by this attempt, not by a later one that
    # has begun meanwhile.
    is_over = done.state is not None and done.state is not TaskState.RUNNING
    state = EffectState.FAILED if is_over else EffectState.INTENDED
    return EffectResult(letter.effect.id, state, said, attempt=letter.effect.attempts + 1)
