"""What holds of every kind of effect over every channel: the mail of alerts, and a toy."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from mainspring.activities.gifting.reminders.kind import GIFTING_REMINDER
from mainspring.activities.runtime.effects import effect_kinds, resolve
from mainspring.activities.wishlist import WISHLIST_MAIL
from mainspring.contracts.effects import EffectState, OnUnknown
from mainspring.contracts.tasks import TaskState
from mainspring.storage.database import Database
from tests.effect_trials import Trial, end_task, mail_trial, push_trial, the_effect

HOUR = timedelta(hours=1)


@pytest.fixture(params=[mail_trial, push_trial], ids=["mail", "toy"])
async def trial(request: pytest.FixtureRequest, sqlite_database: Database) -> AsyncIterator[Trial]:
    """Give an effect of each kind on its way."""
    async with request.param(sqlite_database) as trial:
        yield trial


async def test_an_effect_is_sent_once(trial: Trial) -> None:
    """Under its reference; there is nothing left to work."""
    await trial.want()
    worked, again = await trial.work(), await trial.work()

    effect = await the_effect(trial)
    assert (1, 0) == (worked.succeeded, again.succeeded)
    assert (EffectState.SENT, 1, 0) == (effect.state, effect.attempts, effect.resends)
    assert [effect.reference] == trial.arrived()
    assert ["sent"] == await trial.states()


async def test_an_effect_whose_answer_is_lost_is_sent_again_under_the_same_reference(trial: Trial) -> None:
    """It is counted as a resend."""
    await trial.want()
    trial.lose_next_answer()
    await trial.work()
    unknown, states = await the_effect(trial), await trial.states()
    trial.clock.advance(HOUR)
    await trial.work()

    effect = await the_effect(trial)
    assert (EffectState.UNKNOWN, ["due"]) == (unknown.state, states)
    assert (EffectState.SENT, 2, 1) == (effect.state, effect.attempts, effect.resends)
    assert [effect.reference] * 2 == trial.arrived()


async def test_an_effect_whose_answer_is_lost_is_held_where_that_is_wanted(trial: Trial) -> None:
    """A person says that it arrived, and the domain hears of it."""
    await trial.want(OnUnknown.HOLD)
    trial.lose_next_answer()
    await trial.work()
    trial.clock.advance(HOUR)
    worked = await trial.work()
    held = await the_effect(trial)
    await trial.database.transact(
        lambda session: resolve(session, trial.kind, held.id, EffectState.SENT, now=trial.clock.now())
    )

    assert (EffectState.UNKNOWN, 1, 1) == (held.state, held.attempts, worked.failed)
    assert [held.reference] == trial.arrived()
    assert (EffectState.SENT, ["sent"]) == ((await the_effect(trial)).state, await trial.states())


async def test_an_effect_waits_until_what_is_our_own_fault_is_mended(trial: Trial) -> None:
    """For days: it is neither given up nor counted as sent, and says why; then it goes out, once."""
    await trial.want()
    trial.refuse_us()
    for _ in range(6):
        await trial.work()
        trial.clock.advance(8 * HOUR)
    waiting, states, arrived = await the_effect(trial), await trial.states(), trial.arrived()
    trial.mend()
    await trial.work()

    effect = await the_effect(trial)
    assert (EffectState.INTENDED, ["due"], []) == (waiting.state, states, arrived)
    assert waiting.error
    assert (EffectState.SENT, 7, 0) == (effect.state, effect.attempts, effect.resends)
    assert ["sent"] == await trial.states()
    assert [effect.reference] == trial.arrived()


async def test_an_effect_that_is_refused_has_failed(trial: Trial) -> None:
    """Nothing is tried again."""
    await trial.want()
    trial.refuse_next()
    worked = await trial.work()

    effect = await the_effect(trial)
    assert (EffectState.FAILED, 1) == (effect.state, worked.failed)
    assert effect.error is not None
    assert ([], ["failed"]) == (trial.arrived(), await trial.states())


async def test_an_effect_of_which_nothing_holds_is_withdrawn(trial: Trial) -> None:
    """Its task succeeds, and nothing goes out."""
    await trial.want()
    await trial.make_hold_no_more()
    worked = await trial.work()

    assert (EffectState.WITHDRAWN, 1) == ((await the_effect(trial)).state, worked.succeeded)
    assert ([], ["skipped"]) == (trial.arrived(), await trial.states())


async def test_an_effect_in_doubt_of_which_nothing_holds_is_not_sent_again(trial: Trial) -> None:
    """It may have arrived: it is unknown, and not withdrawn."""
    await trial.want()
    trial.lose_next_answer()
    await trial.work()
    await trial.make_hold_no_more()
    trial.clock.advance(HOUR)
    await trial.work()

    effect = await the_effect(trial)
    assert (EffectState.UNKNOWN, 1) == (effect.state, len(trial.arrived()))
    assert "may have arrived; not sent again" in (effect.error or "")


async def test_an_effect_that_no_task_sends_any_more_is_given_up(trial: Trial) -> None:
    """Its task was cancelled before it was sent."""
    await trial.want()
    await end_task(trial, TaskState.CANCELLED)
    await trial.give_up()

    effect = await the_effect(trial)
    assert (EffectState.FAILED, "its task has ended without sending it") == (effect.state, effect.error)
    assert ([], ["failed"]) == (trial.arrived(), await trial.states())


def test_kinds_are_found_by_their_names() -> None:
    """As activities are: no list names them."""
    assert {"gifting-reminder": GIFTING_REMINDER, "wishlist-mail": WISHLIST_MAIL} == effect_kinds()
