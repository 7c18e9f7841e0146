"""What is on the way when a worker dies: no more than its channel has places."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from mainspring.activities.runtime.queue import Places
from mainspring.contracts.effects import Effect, EffectState, OnUnknown
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.errors import NotSent
from mainspring.storage.database import Database
from mainspring.storage.effects import WorkspaceEffects
from mainspring.testing.eventually import PATIENCE_SECONDS
from mainspring.testing.shifted_clock import ShiftedClock
from tests.effect_trials import PUSH, PushTrial, effect_queue, the_effect

PLACES = 2

HOUR = timedelta(hours=1)


@pytest.fixture
def pushes(sqlite_database: Database) -> PushTrial:
    """Give pushes, over a channel with two places."""
    clock = ShiftedClock()
    return PushTrial(sqlite_database, clock, effect_queue(sqlite_database, clock, PUSH))


async def effects(pushes: PushTrial) -> list[Effect]:
    """Return all effects."""
    return await pushes.database.read(
        lambda session: WorkspaceEffects(session, DEFAULT_WORKSPACE).find(limit=100)
    )


async def until(pushes: PushTrial, is_so: Callable[[Counter[EffectState]], bool]) -> Counter[EffectState]:
    """Wait until it is so of the states of the effects, and return them."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so(found := Counter(each.state for each in await effects(pushes))):
            assert found[EffectState.SENDING] <= PLACES
            await asyncio.sleep(0.01)
    return found


async def test_what_waits_for_a_place_is_not_in_doubt_when_the_worker_dies(pushes: PushTrial) -> None:
    """What arrived is written while the others are on the way; the next attempt holds only these."""
    pushes.sender.answers = asyncio.Semaphore(0)
    for _ in range(6):
        await pushes.want(OnUnknown.HOLD)
    dead = asyncio.ensure_future(pushes.work())
    begun = await until(pushes, lambda states: states[EffectState.SENDING] == PLACES)
    pushes.sender.answers.release()
    gone_on = await until(pushes, lambda states: states[EffectState.SENT] == 1 and len(states) == 3)

    pushes.sender.answers, pushes.sender.places = None, Places(PLACES)  # as in another worker
    worked = await pushes.work(attempt=2)

    assert {EffectState.SENDING: PLACES, EffectState.INTENDED: 4} == begun
    assert {EffectState.SENT: 1, EffectState.SENDING: PLACES, EffectState.INTENDED: 3} == gone_on
    assert (3, PLACES) == (worked.succeeded, worked.failed)
    states = Counter(each.state for each in await effects(pushes))
    assert {EffectState.SENT: 4, EffectState.UNKNOWN: PLACES} == states
    assert 4 == len(set(pushes.arrived())) == len(pushes.arrived())
    dead.cancel()


async def test_a_place_that_is_lent_is_not_handed_on(pushes: PushTrial) -> None:
    """A place is lent before the next effect begins, and used again when it is back."""
    pushes.sender.answers = asyncio.Semaphore(0)
    for _ in range(6):
        await pushes.want()
    working = asyncio.ensure_future(pushes.work())
    await until(pushes, lambda states: states[EffectState.SENDING] == PLACES)
    lent, back = asyncio.Event(), asyncio.Event()

    async def borrow() -> None:
        async with pushes.sender.places.lent():
            lent.set()
            await back.wait()

    borrowing = asyncio.create_task(borrow())
    await asyncio.sleep(0)
    was_lent_before = lent.is_set()
    pushes.sender.answers.release()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await lent.wait()
    beside = await until(pushes, lambda states: states[EffectState.SENT] == 1)
    pushes.sender.answers.release()
    later = await until(pushes, lambda states: states[EffectState.SENT] == 2)
    back.set()
    await borrowing
    again = await until(pushes, lambda states: states[EffectState.SENDING] == PLACES)
    for _ in range(4):
        pushes.sender.answers.release()
    worked = await working

    assert not was_lent_before
    assert [PLACES - 1] * 2 == [each[EffectState.SENDING] for each in (beside, later)]
    assert {EffectState.SENT: 2, EffectState.SENDING: PLACES, EffectState.INTENDED: 2} == again
    assert 6 == worked.succeeded


async def test_a_place_that_nobody_waits_for_any_more_is_free() -> None:
    """As when the worker is told to stop before a process could try its tasks."""
    places = Places(1)
    assert 1 == places.take(1)
    borrowing = asyncio.ensure_future(places.lent().__aenter__())
    await asyncio.sleep(0)
    owed = places.owed
    borrowing.cancel()
    await asyncio.wait({borrowing})
    places.give_back(1)

    assert 1 == owed
    assert 0 == places.owed
    assert 1 == places.take(2)


async def test_suspected_effects_are_tried_in_the_one_place_that_their_process_has(pushes: PushTrial) -> None:
    """Also those that are tried together: the other places are the worker's."""
    pushes.sender.answers = asyncio.Semaphore(0)
    for _ in range(6):
        await pushes.want()
    dead = asyncio.ensure_future(pushes.work())
    await until(pushes, lambda states: states[EffectState.SENDING] == PLACES)
    suspected = [each.task_id for each in await effects(pushes) if each.state is EffectState.INTENDED]
    pushes.sender.answers = asyncio.Semaphore(0)
    trying = asyncio.ensure_future(pushes.work(only=suspected))
    beside: list[int] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not trying.done():
            sending = [each for each in await effects(pushes) if each.state is EffectState.SENDING]
            if trial := len(sending) - PLACES:
                beside.append(trial)
                pushes.sender.answers.release()
            await asyncio.sleep(0.01)

    assert {1} == set(beside)
    assert len(suspected) == (await trying).succeeded == len(pushes.arrived())
    dead.cancel()


async def test_an_effect_that_has_not_begun_is_as_much_in_doubt_as_before(pushes: PushTrial) -> None:
    """There is no connection: nothing is counted as an attempt, and an answer that was lost stays lost."""
    pushes.sender.away = NotSent(service="push")
    await pushes.want()
    await pushes.work()
    never_begun = await the_effect(pushes)
    pushes.sender.away = None
    pushes.lose_next_answer()
    pushes.clock.advance(HOUR)
    await pushes.work()
    pushes.sender.away = NotSent(service="push")
    pushes.clock.advance(HOUR)
    await pushes.work()
    in_doubt = await the_effect(pushes)

    assert (EffectState.INTENDED, 0) == (never_begun.state, never_begun.attempts)
    assert (EffectState.UNKNOWN, 1) == (in_doubt.state, in_doubt.attempts)


async def test_effects_are_begun_and_acknowledged_with_few_statements(pushes: PushTrial) -> None:
    """As many together as there are places."""
    count, pushes.sender.places = 20, Places(5)
    for _ in range(count):
        await pushes.want()
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(pushes.database.engine.sync_engine, "before_cursor_execute", note)
    await pushes.work()

    begun = [each for each in statements if each.startswith("UPDATE effects SET state=?, attempts")]
    assert count / 5 == len(begun)
    assert len(statements) <= 3.5 * count


async def test_a_batch_that_fails_keeps_no_place(pushes: PushTrial) -> None:
    """The next attempt in the same worker needs the places."""
    for _ in range(PLACES):
        await pushes.want()
    pushes.fault = RuntimeError("the domain's rows cannot be written")
    with pytest.raises(RuntimeError):
        await pushes.work()
    pushes.fault = None

    async with asyncio.timeout(PATIENCE_SECONDS):
        worked = await pushes.work(attempt=2)

    assert PLACES == worked.succeeded
