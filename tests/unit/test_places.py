"""How much room one receiver of webhooks may take."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from mainspring.activities.runtime.limiter import BACK_AT_ONCE, BACK_EVERY, ConcurrencyLimiter, Limits
from mainspring.activities.runtime.queue import Snooze
from mainspring.gateways.errors import ServerFault, Unreachable
from mainspring.testing.shifted_clock import ShiftedClock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
# The moments at which things end are over half a second apart, for a machine that is busy.
QUICK = Limits(slots=3, longest_wait=timedelta(seconds=2), slow=timedelta(seconds=0.05), slow_in_a_row=3)


class Deliveries:
    """Deliveries to one receiver, which answers, fails or hangs."""

    def __init__(self) -> None:
        self.clock = ShiftedClock(NOON)
        self.limiter = ConcurrencyLimiter(self.clock, QUICK)
        self.tried = 0
        self.under_way = 0
        self.most_under_way = 0

    async def one(self, seconds: float = 0, error: Exception | None = None) -> datetime | None:
        """Deliver once; return when it may be tried if it could not be now."""
        try:
            async with self.limiter.slot():
                self.tried += 1
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    await asyncio.sleep(seconds)
                    if error is not None:
                        raise error
                finally:
                    self.under_way -= 1
        except Snooze as put_off:
            return put_off.until
        except (Unreachable, ServerFault):
            pass
        return None

    async def hang(self, times: int = 1) -> list[datetime | None]:
        """Deliver so often to a receiver that does not answer in time, all at once."""
        error = Unreachable(service="shop")
        return list(await asyncio.gather(*(self.one(0.06, error) for _ in range(times))))


async def test_a_receiver_that_takes_its_time_has_its_slots_and_no_more() -> None:
    """Those that get one while they wait are delivered; the others come back together, soon."""
    deliveries = Deliveries()

    until = await asyncio.gather(*(deliveries.one(1.4) for _ in range(100)))
    put_off = [each for each in until if each is not None]

    assert QUICK.slots == deliveries.most_under_way
    assert 2 * QUICK.slots == deliveries.tried == 100 - len(put_off)
    assert 1 == len(set(put_off))
    assert timedelta() < put_off[0] - deliveries.clock.now() <= BACK_EVERY


async def test_behind_a_receiver_that_stands_still_no_more_wait_than_it_serves() -> None:
    """A delivery that waits in vain holds a place of the others."""
    deliveries = Deliveries()
    held = [asyncio.create_task(deliveries.one(60)) for _ in range(QUICK.slots)]
    await asyncio.sleep(0)
    assert await deliveries.one() is not None

    waiting = asyncio.create_task(deliveries.one())
    await asyncio.sleep(0)
    begun = asyncio.get_running_loop().time()
    put_off = [await deliveries.one() for _ in range(100)]

    assert None not in put_off
    assert asyncio.get_running_loop().time() - begun < QUICK.longest_wait.total_seconds()
    assert await waiting is not None
    for each in held:
        each.cancel()


async def test_a_quick_receiver_is_sent_as_many_as_there_are() -> None:
    """Nothing is put off, however many wait."""
    deliveries = Deliveries()

    assert {None} == set(await asyncio.gather(*(deliveries.one(0.001) for _ in range(50))))


async def test_after_some_timeouts_in_a_row_a_receiver_is_left_alone_and_then_tried_by_one() -> None:
    """For twice as long each time; what was under way when the rest began does not prolong it."""
    deliveries = Deliveries()
    lengths = []

    for together in (QUICK.slow_in_a_row, 2, 2):
        await deliveries.hang(together)
        until = await deliveries.one()
        assert until is not None
        lengths.append(until - deliveries.clock.now())
        deliveries.clock.reach(until)

    assert QUICK.slow_in_a_row + 1 + 1 == deliveries.tried
    for expected, length in zip((1, 2, 4), lengths, strict=True):
        assert timedelta() <= length - expected * QUICK.first_break + timedelta(seconds=1) <= 2 * BACK_EVERY


@pytest.mark.parametrize("error", [None, ServerFault(service="shop")])
async def test_a_receiver_that_answers_again_has_all_its_slots(error: Exception | None) -> None:
    """Whatever it says: it holds nobody up."""
    deliveries = Deliveries()
    await deliveries.hang(QUICK.slow_in_a_row)
    deliveries.clock.advance(QUICK.first_break)
    await deliveries.one(error=error)

    await asyncio.gather(*(deliveries.one(0.01) for _ in range(3)))
    await deliveries.hang(QUICK.slow_in_a_row - 1)

    assert QUICK.slots == deliveries.most_under_way
    assert await deliveries.one() is None


async def test_a_trial_that_was_broken_off_leaves_the_next_one_its_turn() -> None:
    """As when the worker is told to stop."""
    deliveries = Deliveries()
    await deliveries.hang(QUICK.slow_in_a_row)
    deliveries.clock.advance(QUICK.first_break)
    trial = asyncio.create_task(deliveries.one(1))
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.wait([trial])

    assert await deliveries.one() is None
    assert 0 == deliveries.under_way


async def test_what_was_put_off_comes_back_a_part_at_a_time() -> None:
    """A hundred thousand deliveries to one receiver must not stand before all others at one moment."""
    deliveries = Deliveries()
    await deliveries.hang(QUICK.slow_in_a_row)

    back = Counter([await deliveries.one() for _ in range(2 * BACK_AT_ONCE + 1)])

    assert [BACK_AT_ONCE, BACK_AT_ONCE, 1] == list(back.values())
    first, second, third = [each for each in back if each is not None]
    assert [BACK_EVERY] * 2 == [second - first, third - second]
