"""Metered calls: several jobs on several machines share one key of the emulated vendor, over days."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.activities.runtime.metered_calls import QuotaUsedUp, RateLimitedCalls
from mainspring.contracts.progress import Pause
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards.quota import FREE, JustTcgBudget, Plan, QuotaState, Usage
from mainspring.domain.quota import Rolling, Spent, WindowBudget
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.gateways.errors import LimitExceeded, NotSent, ServerFault
from mainspring.gateways.justtcg import Games, JustTcg
from mainspring.storage.database import Database
from mainspring.storage.quota import QuotaRepository
from mainspring.testing.simulated_clock import SimulatedClock
from tests.interrupted_database import InterruptedDatabase
from tests.timeless_database import TimelessDatabase

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ANCHOR_DAY = 12
KEY = "key-1"


class Vendor:
    """The emulated vendor with its clock, which may be exchanged between two keys."""

    def __init__(self, http: httpx.AsyncClient, clock: SimulatedClock) -> None:
        self.clock = clock
        self.http = http
        self.justtcg = JustTcgEmulator(now=self._now)

    async def ask(self, key: str) -> Games:
        """Send one request that counts, however slow the machine is in no simulated time."""
        with self.clock.work():
            return await JustTcg(self.http, self.justtcg.base_url).games(key)

    def _now(self) -> datetime:
        return self.clock.now()

    def refusals(self, key: str) -> list[str | None]:
        """Return the codes of the requests that were not served."""
        return [call.code for call in self.justtcg.calls.of(key) if not call.is_counted]


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    """Give a vendor that knows no key, at noon."""
    async with httpx.AsyncClient() as http:
        vendor = Vendor(http, SimulatedClock(NOON))
        async with vendor.justtcg:
            yield vendor


@asynccontextmanager
async def machines(database: Database, clock: SimulatedClock) -> AsyncIterator[list[RateLimitedCalls]]:
    """Give two that share nothing but the database."""
    connected = [TimelessDatabase(database.url, clock) for _ in range(2)]
    yield [RateLimitedCalls(each, clock) for each in connected]
    for each in connected:
        await each.dispose()


async def job(calls: RateLimitedCalls, vendor: Vendor, key: str, plan: Plan, requests: int) -> None:
    """Do as a workflow does: go on when the quota is there again."""
    while requests:
        try:
            await calls.call(key, JustTcgBudget(plan, ANCHOR_DAY), lambda: vendor.ask(key))
        except QuotaUsedUp as used_up:
            await vendor.clock.sleep(used_up.pause.resumes_at - vendor.clock.now())
        else:
            requests -= 1


async def state(database: Database) -> QuotaState:
    stored = await database.read(
        lambda session: QuotaRepository(session, JustTcgBudget(FREE, ANCHOR_DAY), DEFAULT_WORKSPACE).state(
            KEY
        )
    )
    assert stored is not None
    return stored


def month_of(moment: datetime) -> tuple[int, int]:
    """Name the month by the calendar month in which it began; the anchor is a day that all have."""
    began = moment if moment.day >= ANCHOR_DAY else moment.replace(day=1) - timedelta(days=1)
    return began.year, began.month


def earliest_days(start: datetime, plan: Plan, requests: int) -> list[date]:
    """List the day of each request, when each leaves at the first moment that it may."""
    left: list[datetime] = []
    now = start
    while len(left) < requests:
        minute = [at for at in left if now - at.replace(microsecond=0) < timedelta(seconds=62)]
        day = [at for at in left if at.date() == now.date()]
        month = [at for at in left if month_of(at) == month_of(now)]
        if len(day) >= plan.day or len(month) >= plan.month:
            now = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        elif len(minute) >= plan.minute:
            now = minute[-plan.minute].replace(microsecond=0) + timedelta(seconds=62)
        else:
            left.append(now)
    return [at.date() for at in left]


@settings(max_examples=settings().max_examples // 12)
@given(
    start=st.datetimes(datetime(2026, 3, 8), datetime(2026, 3, 14), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis wants naive bounds
    minute=st.integers(1, 4),
    day=st.integers(3, 12),
    month=st.integers(6, 30),
    requests=st.tuples(*[st.integers(1, 14)] * 3),
)
async def test_three_jobs_on_two_machines_use_all_of_a_quota_and_never_pass_it(
    database: Database,
    vendor: Vendor,
    start: datetime,
    minute: int,
    day: int,
    month: int,
    requests: tuple[int, int, int],
) -> None:
    """The vendor refuses nothing, and each request leaves on the first day on which it may."""
    key, plan = uuid4().hex, Plan("Free Tier", month, day, minute, items_per_request=20)
    vendor.clock = SimulatedClock(start, patience_seconds=0.01)
    vendor.justtcg.add_key(key, anchor_day=ANCHOR_DAY, minute=minute, day=day, month=month)

    async with machines(database, vendor.clock) as pair:
        await asyncio.gather(
            *(job(pair[number % 2], vendor, key, plan, wanted) for number, wanted in enumerate(requests))
        )

    calls = vendor.justtcg.calls.of(key)
    assert [] == vendor.refusals(key)
    assert calls.most_in_any_minute <= minute
    assert Counter(earliest_days(start, plan, sum(requests))) == Counter(call.at.date() for call in calls)


async def test_what_others_use_of_the_key_is_learned_from_the_answers(
    database: Database, vendor: Vendor
) -> None:
    """Ninety of the day's hundred are gone: ten are sent, and one that finds none left.

    That one is needed because the vendor's count is one behind.
    """
    vendor.justtcg.add_key(KEY, anchor_day=ANCHOR_DAY, minute=1_000)
    vendor.justtcg.use_elsewhere(KEY, 90)
    calls = RateLimitedCalls(database, vendor.clock)

    for _ in range(10):
        await calls.call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY))
    with pytest.raises(QuotaUsedUp) as paused:
        await calls.call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY))

    assert ["DAILY_LIMIT_EXCEEDED"] == vendor.refusals(KEY)
    assert ("day", "daily quota of JustTCG") == (paused.value.window, paused.value.pause.waiting_for)
    assert NOON.replace(day=11, hour=0) == paused.value.pause.resumes_at
    assert 1_000 == (await state(database)).limits.minute


@pytest.mark.parametrize(
    ("window", "code", "day", "resumes_at"),
    [
        ("day", "DAILY_LIMIT_EXCEEDED", 50, datetime(2026, 3, 11, tzinfo=UTC)),
        ("month", "REQUEST_LIMIT_EXCEEDED", 100, datetime(2026, 3, ANCHOR_DAY, tzinfo=UTC)),
    ],
)
async def test_a_refusal_for_a_limit_is_believed_and_nothing_more_is_sent(
    sqlite_database: Database, vendor: Vendor, window: str, code: str, day: int, resumes_at: datetime
) -> None:
    """One request finds the day or month used up; the next waits without asking."""
    vendor.justtcg.add_key(KEY, anchor_day=ANCHOR_DAY, day=day, month=day + 50 if window == "day" else 50)
    vendor.justtcg.use_elsewhere(KEY, 50)
    calls = RateLimitedCalls(sqlite_database, vendor.clock)

    for _ in range(2):
        with pytest.raises(QuotaUsedUp) as paused:
            await calls.call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY))
        assert (window, resumes_at) == (paused.value.window, paused.value.resumes_at)

    assert [code] == vendor.refusals(KEY)


async def test_a_minute_that_others_have_filled_is_waited_for(
    sqlite_database: Database, vendor: Vendor
) -> None:
    """A refusal for the minute is tried again a minute later, and the caller gets its answer."""
    vendor.justtcg.add_key(KEY, anchor_day=ANCHOR_DAY)
    vendor.justtcg.use_elsewhere(KEY, FREE.minute)

    answer = await RateLimitedCalls(sqlite_database, vendor.clock).call(
        KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY)
    )

    assert answer.games
    assert ["RATE_LIMIT_EXCEEDED"] == vendor.refusals(KEY)
    assert NOON + timedelta(seconds=60) == vendor.clock.now()


async def test_an_answer_outlasts_a_database_that_goes_away_after_the_request(
    sqlite_database: Database, vendor: Vendor
) -> None:
    """What it teaches is learned when the database is back; no request is sent again for that."""
    vendor.justtcg.add_key(KEY, anchor_day=ANCHOR_DAY)
    vendor.justtcg.use_elsewhere(KEY, FREE.minute)
    interrupted = InterruptedDatabase(sqlite_database.url, vendor.justtcg.calls)

    answer = await RateLimitedCalls(interrupted, vendor.clock).call(
        KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY)
    )
    await interrupted.dispose()

    assert answer.games
    assert [False, True] == [call.is_counted for call in vendor.justtcg.calls]
    assert FREE.minute <= (await state(sqlite_database)).day.used


async def test_a_vendor_that_is_down_uses_up_nothing(sqlite_database: Database, vendor: Vendor) -> None:
    """A request that found no connection is given back, as often as it is tried."""
    await vendor.justtcg.stop()
    calls = RateLimitedCalls(sqlite_database, vendor.clock)

    for _ in range(FREE.minute + 1):
        with pytest.raises(NotSent):
            await calls.call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), lambda: vendor.ask(KEY))

    assert (0, 0, ()) == (
        (after := await state(sqlite_database)).day.used,
        after.month.used,
        after.minute,
    )


@dataclass(frozen=True)
class Answered:
    """An answer that tells nothing of the quota."""

    usage: Usage | None = None


async def test_a_request_that_may_have_arrived_stays_counted(sqlite_database: Database) -> None:
    """A fault after the request has left may have been counted by the vendor."""
    calls = RateLimitedCalls(sqlite_database, SimulatedClock(NOON))

    async def ask() -> Answered:
        raise ServerFault(service="test")

    with pytest.raises(ServerFault):
        await calls.call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), ask)

    assert 1 == (await state(sqlite_database)).day.used


async def test_a_block_of_hours_is_left_to_the_workflow(sqlite_database: Database) -> None:
    """What takes longer than two minutes is not slept for in an activity, whatever the vendor calls it."""
    clock = SimulatedClock(NOON)

    async def ask() -> Answered:
        raise LimitExceeded(service="test", window="minute", retry_after=timedelta(hours=3))

    with pytest.raises(QuotaUsedUp) as paused:
        await RateLimitedCalls(sqlite_database, clock).call(KEY, JustTcgBudget(FREE, ANCHOR_DAY), ask)

    assert (NOON, NOON + timedelta(hours=3)) == (clock.now(), paused.value.resumes_at)


async def test_calls_that_wait_for_the_minute_leave_in_their_order(sqlite_database: Database) -> None:
    """Nobody is overtaken in a process: not even while all wait."""
    clock = SimulatedClock(NOON)
    plan = Plan("Free Tier", month=100, day=100, minute=2, items_per_request=20)
    left: list[int] = []

    async def call(calls: RateLimitedCalls, number: int) -> None:
        async def ask() -> Answered:
            left.append(number)
            return Answered()

        await calls.call(KEY, JustTcgBudget(plan, ANCHOR_DAY), ask)

    async with machines(sqlite_database, clock) as (calls, _):
        await asyncio.gather(*(call(calls, number) for number in range(7)))

    assert list(range(7)) == left
    assert NOON + 3 * timedelta(seconds=62) == clock.now()


async def test_a_call_that_is_cancelled_while_it_waits_lets_the_next_one_through(
    sqlite_database: Database,
) -> None:
    """A cancelled job holds up nobody and counts nothing."""
    clock = SimulatedClock(NOON)
    plan = Plan("Free Tier", month=100, day=100, minute=1, items_per_request=20)
    calls = RateLimitedCalls(sqlite_database, clock)

    async def ask() -> Answered:
        return Answered()

    await calls.call(KEY, JustTcgBudget(plan, ANCHOR_DAY), ask)
    first, second = (
        asyncio.create_task(calls.call(KEY, JustTcgBudget(plan, ANCHOR_DAY), ask)) for _ in range(2)
    )
    await asyncio.sleep(0.01)
    first.cancel()

    assert Answered() == await second
    assert first.cancelled()
    assert 2 == (await state(sqlite_database)).day.used


@dataclass(frozen=True)
class Completion:
    """An answer that says what it has cost."""

    usage: Spent


async def test_a_call_costs_what_its_answer_says_in_the_budget_of_any_vendor(
    sqlite_database: Database,
) -> None:
    """What was reserved too much is there for the next call; a full minute is waited for."""
    clock = SimulatedClock(NOON)
    tokens = WindowBudget("Claude", "tokens", (Rolling("minute", 1_000, timedelta(minutes=1)),))
    calls = RateLimitedCalls(sqlite_database, clock)
    waits: list[str] = []

    async def paced(pause: Pause) -> None:
        waits.append(pause.waiting_for)

    async def complete(estimate: int, spent: int) -> datetime:
        async def ask() -> Completion:
            return Completion(Spent(spent))

        await calls.call(KEY, tokens, ask, cost=estimate, paced=paced)
        return clock.now()

    assert [NOON, NOON] == [await complete(800, spent=300), await complete(700, spent=700)]
    assert [] == waits
    assert NOON + timedelta(seconds=62) == await complete(100, spent=100)
    assert {"minute quota of Claude"} == set(waits)
