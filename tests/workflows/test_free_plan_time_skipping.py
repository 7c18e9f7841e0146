"""Weeks of the free plan in a minute: Temporal skips the time that a task waits for its quota."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio import activity
from temporalio.testing import WorkflowEnvironment

from mainspring.contracts.cards import UpdateInventoryPrices
from mainspring.contracts.tasks import TaskState
from mainspring.devserver.command import temporal_binary
from mainspring.emulators.justtcg.plans import day_of, month_of
from mainspring.gateways.temporal.converter import data_converter
from mainspring.storage.database import Database, Session
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.testing.temporal_server import dynamic_config, started
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.service import Service, idle_service

ITEMS = 20

Waits = list[tuple[str, datetime]]


class EngineClock(ShiftedClock):
    """The time of Temporal, as an activity sees it, and what the activities have slept since."""

    def now(self) -> datetime:
        """Return the present moment; never earlier than Temporal's, which may have skipped days."""
        if activity.in_activity():
            self.reach(activity.info().scheduled_time)
        return super().now()


def noon_of_the_next_first() -> datetime:
    """Return a moment ahead with a whole month before it."""
    next_month = datetime.now(UTC).replace(day=28) + timedelta(days=4)
    return next_month.replace(day=1, hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
async def service(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """Give a service on a Temporal server that skips time."""
    environment = await started(
        lambda: WorkflowEnvironment.start_time_skipping_v2(
            dev_server_existing_path=temporal_binary(),
            data_converter=data_converter,
            dev_server_log_level="error",
            dev_server_extra_args=dynamic_config(frontend__WorkflowTimeSkippingEnabled="true"),
        )
    )
    clock = EngineClock(noon_of_the_next_first())
    async with (
        environment,
        idle_service(environment.client, sqlite_database, tmp_path, clock) as service,
        service.worker(),
    ):
        yield service


async def record_waits(database: Database) -> None:
    """Let the database write down each time that a task begins to wait: nobody can look that often."""

    async def create(session: Session) -> None:
        await session.execute(text("CREATE TABLE waits (waiting_for TEXT, resumes_at TEXT)"))
        await session.execute(
            text(
                "CREATE TRIGGER record_waits AFTER UPDATE OF state ON tasks WHEN NEW.state = 'WAITING' "
                "BEGIN INSERT INTO waits VALUES (NEW.waiting_for, NEW.resumes_at); END"
            )
        )

    await database.transact(create)


async def recorded_waits(database: Database) -> Waits:
    """Return what was written down, in its order."""

    async def look(session: Session) -> Waits:
        rows = await session.execute(text("SELECT waiting_for, resumes_at FROM waits ORDER BY rowid"))
        return [(why, datetime.fromisoformat(until).replace(tzinfo=UTC)) for why, until in rows]

    return await database.read(look)


def earliest(first_day: datetime, requests: int) -> tuple[dict[datetime, int], Waits]:
    """Return how many requests leave on each day, and the waits, when each leaves on the first day it may."""
    days: Counter[datetime] = Counter()
    months: Counter[datetime] = Counter()
    waits: Waits = []
    day = first_day
    while days.total() < requests:
        month = month_of(day, 1)
        days[day] = min(100, 1_000 - months[month], requests - days.total())
        months[month] += days[day]
        next_day = day + timedelta(days=1)
        if months[month] == 1_000:
            next_day = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        if days.total() < requests:
            waits.append((f"{'monthly' if months[month] == 1_000 else 'daily'} quota of JustTCG", next_day))
        day = next_day
    return dict(days), waits


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(111, id="two days"),
        # A month's thousand, and another day and a half.
        pytest.param(1_150, id="two months", marks=[pytest.mark.drill, pytest.mark.timeout(600)]),
    ],
)
async def test_the_free_plan_is_used_to_the_full_and_never_passed(service: Service, requests: int) -> None:
    """Never above 10 a minute, 100 a day, 1,000 a month; all of each full day; done as early as can be."""
    held = service.justtcg.variant_ids[: requests * ITEMS]
    account = await service.add_account(plan="Free Tier", inventory=held)
    days, waits = earliest(day_of(service.clock.now()), requests)
    await record_waits(service.database)

    price_run = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await service.tasks.wait(price_run.id)

    calls = service.justtcg.calls
    assert (TaskState.SUCCESS, ()) == (task.state, task.errors)
    assert requests == len(calls) == len(calls.counted)
    assert calls.most_in_any_minute <= 10
    assert (100, min(requests, 1_000)) == (calls.most_in_a_day, calls.most_in_a_month(1))
    assert days == Counter(day_of(call.at) for call in calls)
    assert waits == await recorded_waits(service.database)
    assert service.sold_at(held) == await service.prices()
