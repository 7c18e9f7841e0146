"""Mails that may have gone out, that wait, or that nobody sends any more: judged again, one at a time."""

from datetime import time, timedelta

import pytest
from sqlalchemy import update

from mainspring.activities.runtime.effects import Nothing, Outgoing
from mainspring.activities.runtime.queue import Snooze
from mainspring.activities.wishlist import planning
from mainspring.activities.wishlist.mailing.sending import written
from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, SkipReason
from mainspring.gateways.smtp import AnswerLost, MailRefused, PutOff, ServerAway
from mainspring.gateways.templates import Templates
from mainspring.storage.database import Database
from mainspring.storage.tables import WishlistUserRow
from mainspring.testing.shifted_clock import ShiftedClock
from tests.mail_bench import SENDER_SETTINGS, MailBench
from tests.platform import platform_of
from tests.shop import product, user

HOUR = timedelta(hours=1)
LOST = AnswerLost(service="SMTP")
AWAY = ServerAway("", retry_after=HOUR)


@pytest.fixture
async def mails(sqlite_database: Database) -> MailBench:
    """Give mails to plan, without anybody to tell."""
    clock = ShiftedClock()
    return MailBench(sqlite_database, platform_of(sqlite_database, clock), clock)


async def make_hold_no_more(mails: MailBench, reason: SkipReason) -> None:
    """Let what is told of product 0 hold no more, for this reason."""
    match reason:
        case SkipReason.UNSUBSCRIBED:
            await mails.platform.people.store_users([user(0, sale_alerts=False)])
        case SkipReason.SALE_ENDED:
            await mails.platform.shop.store_products([product(0)])
        case SkipReason.PRICE_ROSE:
            await mails.platform.shop.store_products([product(0, sale_price_cents=6_000)])
        case _:
            await mails.platform.wishlists.remove_items([("p00000", "u00000")])


REASONS = (
    SkipReason.UNSUBSCRIBED,
    SkipReason.SALE_ENDED,
    SkipReason.PRICE_ROSE,
    SkipReason.WISH_REMOVED,
)


@pytest.mark.parametrize("is_dead", [False, True], ids=["answer-lost", "worker-died"])
@pytest.mark.parametrize("reason", REASONS)
async def test_a_mail_in_doubt_of_which_nothing_holds_is_not_sent_again(
    mails: MailBench, reason: SkipReason, is_dead: bool
) -> None:
    """It may have arrived: it is unknown and not withdrawn, and what it told of counts as told."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    (task,) = await mails.database.transact(mails.claim)
    if not is_dead:
        await mails.acknowledge([task], LOST, TaskState.RUNNING)
    await make_hold_no_more(mails, reason)

    again = await mails.claim_again(task)

    (effect,) = await mails.effects()
    assert isinstance(again.prepared, Nothing)
    assert again.prepared.content is not None
    assert {reason: 1} == again.prepared.content.skip_counts
    assert (EffectState.UNKNOWN, 1) == (effect.state, effect.attempts)
    assert "may have arrived; not sent again" in (effect.error or "")
    assert [("sent", None)] == await mails.noted()


async def test_a_mail_in_doubt_is_sent_again_with_what_still_holds(mails: MailBench) -> None:
    """The rest counts as told, and is in the count of what was skipped."""
    await mails.open(1)
    for which in range(2):
        await mails.write_due([0], which)
    await mails.plan()
    (task,) = await mails.database.transact(mails.claim)
    await mails.acknowledge([task], LOST, TaskState.RUNNING)
    await make_hold_no_more(mails, SkipReason.SALE_ENDED)

    again = await mails.claim_again(task)

    assert isinstance(again.prepared, Outgoing)
    assert {SkipReason.SALE_ENDED: 1} == again.prepared.content.skip_counts
    assert ["p00001"] == [line.due.product_id for line in again.prepared.content.lines]
    assert [("sent", None), ("due", None)] == await mails.noted()


async def test_a_mail_goes_to_the_address_of_now_and_one_in_doubt_to_the_one_before(mails: MailBench) -> None:
    """The ledger says where."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    await mails.platform.people.store_users([user(0, email="new@example.org")])
    (task,) = await mails.database.transact(mails.claim)
    await mails.acknowledge([task], LOST, TaskState.RUNNING)
    await mails.platform.people.store_users([user(0, email="newest@example.org")])
    again = await mails.claim_again(task)

    both = [
        written(
            each.prepared.effect,
            each.prepared.content,
            SENDER_SETTINGS,
            Templates("Shop"),
            now=mails.clock.now(),
        )
        for each in (task, again)
    ]
    assert ["new@example.org"] * 2 == [each.recipient.address for each in both]
    assert ["new@example.org"] == [each.recipient for each in await mails.effects()]


async def test_what_is_found_while_a_mail_waits_for_another_attempt_joins_it(mails: MailBench) -> None:
    """Put off for the cooldown, or because the server was away: no second mail is made."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan(HOUR)
    (task,) = await mails.database.transact(mails.claim)
    await mails.acknowledge([task], AWAY, TaskState.RUNNING)
    await mails.put_off(task, mails.clock.now() + HOUR)
    await mails.write_due([0], 1)
    await mails.plan(HOUR)

    again = await mails.claim_again(task)

    assert 1 == len(await mails.effects())
    assert isinstance(again.prepared, Outgoing)
    assert 2 == len(again.prepared.content.lines)


@pytest.mark.parametrize(("cooldown", "letters"), [(HOUR, 1), (timedelta(0), 2)])
async def test_a_claim_sends_a_user_one_mail(mails: MailBench, cooldown: timedelta, letters: int) -> None:
    """The other waits for the cooldown; without one there is nothing to wait for."""
    await mails.open(2)
    for which in range(2):
        await mails.write_due([0, 1], which)
        await mails.plan_new(cooldown)

    tasks = await mails.database.transact(mails.claim)

    sent = [task.prepared.content.user.id for task in tasks if isinstance(task.prepared, Outgoing)]
    assert (2 * letters, 2) == (len(sent), len(set(sent)))
    assert 4 - 2 * letters == sum(isinstance(task.prepared, Snooze) for task in tasks)


async def test_a_late_failure_says_nothing_of_the_attempt_after_it(mails: MailBench) -> None:
    """An attempt that was frozen finds the server away while the next one has the mail on the wire."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    (first,) = await mails.database.transact(mails.claim)
    second = await mails.claim_again(first)

    await mails.acknowledge([first], AWAY, TaskState.FAILED)
    (during,), noted = await mails.effects(), await mails.noted()
    await mails.acknowledge([second])

    assert (EffectState.SENDING, [("due", None)]) == (during.state, noted)
    assert [EffectState.SENT] == [each.state for each in await mails.effects()]
    await mails.acknowledge([first], AWAY, TaskState.FAILED)
    assert [EffectState.SENT] == [each.state for each in await mails.effects()]


@pytest.mark.parametrize("ended", [TaskState.CANCELLED, TaskState.FAILED])
async def test_mails_that_no_task_sends_any_more_are_given_up(mails: MailBench, ended: TaskState) -> None:
    """What waited is failed; what was going out when its worker died may have arrived: a person decides."""
    await mails.open(2)
    await mails.write_due([0], 0)
    await mails.plan()
    (sending,) = await mails.database.transact(mails.claim)
    await mails.write_due([1], 0)
    await mails.plan()
    (waiting,) = await mails.database.transact(mails.claim)
    await mails.acknowledge([waiting], AWAY, TaskState.RUNNING)
    await mails.end([sending, waiting], ended)

    await mails.plan()

    assert {
        sending.input.effect_id: EffectState.UNKNOWN,
        waiting.input.effect_id: EffectState.FAILED,
    } == {each.id: each.state for each in await mails.effects()}
    assert [("due", None), ("failed", None)] == await mails.noted()


async def test_more_mails_than_a_page_are_given_up_page_after_page(mails: MailBench) -> None:
    """So that no statement has more ids than the database takes."""
    users = planning.GIVEN_UP + 1
    await mails.open(users)
    await mails.write_due(range(users), 0)
    await mails.plan()
    tasks = await mails.database.transact(lambda session: mails.claim(session, limit=users))
    await mails.acknowledge(tasks, AWAY, TaskState.RUNNING)
    await mails.end(tasks, TaskState.CANCELLED)

    await mails.plan()

    assert {EffectState.FAILED} == {each.state for each in await mails.effects()}


async def test_a_mail_that_cannot_be_judged_does_not_keep_the_others_back(mails: MailBench) -> None:
    """A zone that this machine does not know: planned without quiet hours, and its own task's failure."""
    await mails.open(2)
    await mails.write_due([0, 1], 0)
    strange = update(WishlistUserRow).where(WishlistUserRow.id == "u00000")
    strange = strange.values(time_zone="Mars/Base", quiet_from=time(22), quiet_until=time(7))
    await mails.database.transact(lambda session: session.execute(strange))

    await mails.plan()
    tasks = await mails.database.transact(mails.claim)

    (failed,) = [task.prepared for task in tasks if isinstance(task.prepared, Exception)]
    (letter,) = [task.prepared for task in tasks if isinstance(task.prepared, Outgoing)]
    assert "Mars/Base" in str(failed)
    assert "u00001" == letter.content.user.id


@pytest.mark.parametrize("name", ["user_cooldown", "deeper_drop_after"])
def test_rules_of_more_than_a_year_are_refused(name: str) -> None:
    """They would overflow the calendar."""
    with pytest.raises(ValueError, match=name):
        CheckWishlistSales.model_validate({name: timedelta(days=366)})


@pytest.mark.parametrize("is_checked_again", [True, False], ids=["next-check", "retry"])
async def test_what_no_server_has_taken_for_a_day_does_not_count_as_told(
    mails: MailBench, is_checked_again: bool
) -> None:
    """The next check tells of it again, in a mail of its own; before that a retry of the task does."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    (task,) = await mails.database.transact(mails.claim)
    await mails.acknowledge([task], PutOff("452 4.3.1 Not now", service="SMTP"), TaskState.FAILED)
    given_up = await mails.noted()
    if is_checked_again:
        await mails.write_due([0], 0)
        await mails.plan()
        await mails.database.transact(mails.claim)
    again = await mails.claim_again(task)

    assert [("skipped", "undelivered")] == given_up
    assert isinstance(again.prepared, Nothing if is_checked_again else Outgoing)
    assert EffectState.FAILED is not (await mails.effects())[-1].state
    if not is_checked_again:
        await mails.acknowledge([again])
        assert [("sent", None)] == await mails.noted()


async def test_what_a_mailbox_has_refused_is_not_tried_again_by_every_check(mails: MailBench) -> None:
    """Nobody reads it there; a person retries the task, or a lower price makes a new mail."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    (task,) = await mails.database.transact(mails.claim)
    await mails.acknowledge(
        [task], MailRefused("550 5.1.1 No such mailbox", service="SMTP"), TaskState.FAILED
    )
    await mails.write_due([0], 0)

    assert [("failed", None)] == await mails.noted()
