"""The quota repository, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards.quota import (
    FREE,
    Exhausted,
    Granted,
    JustTcgBudget,
    Plan,
    QuotaState,
    Usage,
    fresh,
    plan_named,
)
from mainspring.domain.quota import Calendar, WindowBudget
from mainspring.storage.database import Database, Session
from mainspring.storage.quota import QuotaRepository
from mainspring.storage.tables import QuotaRow

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOLDER = "account-1"


def of(session: Session, plan: Plan = FREE) -> QuotaRepository[QuotaState]:
    return QuotaRepository(session, JustTcgBudget(plan, 5), DEFAULT_WORKSPACE)


def at_noon() -> datetime:
    return NOON


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """Give a second machine's connections to the same database."""
    second = Database(database.url)
    yield second
    await second.dispose()


async def reserve(
    database: Database, plan: Plan = FREE, *, holder: str = HOLDER, now: datetime = NOON
) -> Granted[QuotaState] | Exhausted[QuotaState]:
    return await database.transact(lambda session: of(session, plan).reserve(holder, 1, lambda: now))


async def state(database: Database, holder: str = HOLDER) -> QuotaState | None:
    return await database.read(lambda session: of(session).state(holder))


async def test_two_machines_together_use_a_limit_up_and_never_pass_it(
    database: Database, other: Database
) -> None:
    """Of many reservations at once, on a key that nobody has used, exactly as many are granted as may be."""
    plan = Plan("Free Tier", month=1_000, day=17, minute=40, items_per_request=20)

    answers = await asyncio.gather(*(reserve((database, other)[n % 2], plan) for n in range(40)))

    refusals = [answer for answer in answers if isinstance(answer, Exhausted)]
    assert 17 == len(answers) - len(refusals)
    assert {("day", NOON.replace(day=11, hour=0))} == {(each.window, each.resumes_at) for each in refusals}
    stored = await state(other)
    assert stored is not None
    assert (17, 17) == (stored.day.used, stored.month.used)


async def test_what_the_vendor_has_taught_outlives_a_change_of_caller(
    database: Database, other: Database
) -> None:
    """Machines that take the key for one of another plan are granted what the vendor allows, and no more."""
    starter = plan_named("Starter")
    usage = Usage("Free Tier", FREE.minute, FREE.day, FREE.month, day_used=1, month_used=1)
    await reserve(database, starter)
    await database.transact(lambda session: of(session).observe(HOLDER, 1, usage, NOON, NOON))

    answers = await asyncio.gather(
        *(reserve((database, other)[n % 2], (FREE, starter)[n % 2]) for n in range(12))
    )

    assert FREE.minute - 1 == sum(isinstance(answer, Granted) for answer in answers)


async def test_each_key_has_a_quota_of_its_own(database: Database) -> None:
    """What one holder uses is not counted for another."""
    plan = Plan("Free Tier", month=9, day=9, minute=1, items_per_request=20)

    answers = [await reserve(database, plan, holder=holder) for holder in ("one", "two", "one")]

    assert [Granted, Granted, Exhausted] == [type(answer) for answer in answers]


async def test_a_state_is_read_back_as_it_was_stored(database: Database) -> None:
    """Every field survives the database: log, counters, block, report, learned limits."""
    granted = await reserve(database)
    starter = plan_named("Starter")
    usage = Usage("Starter", starter.minute, starter.day, starter.month, day_used=7, month_used=70)

    async def learn(session_database: Database) -> None:
        await session_database.transact(lambda s: of(s).observe(HOLDER, 1, usage, NOON, NOON))
        await session_database.transact(
            lambda s: of(s).exceeded(HOLDER, "minute", timedelta(seconds=5), NOON, NOON)
        )

    await learn(database)
    stored = await state(database)

    assert isinstance(granted, Granted)
    assert stored is not None
    assert (starter.limits, 7, 70) == (stored.limits, stored.day.used, stored.month.used)
    assert stored.block is not None
    assert NOON + timedelta(seconds=5) == stored.block.until
    assert stored.report is not None
    assert (70, NOON) == (stored.report.month_used, stored.report.at)
    assert granted.state.minute == stored.minute


async def test_a_request_that_never_left_can_be_reserved_again(database: Database) -> None:
    """A release opens the window that the reservation had filled."""
    plan = Plan("Free Tier", month=1, day=1, minute=1, items_per_request=20)
    await reserve(database, plan)
    assert isinstance(await reserve(database, plan), Exhausted)

    await database.transact(lambda session: of(session).release(HOLDER, 1, NOON))

    assert isinstance(await reserve(database, plan), Granted)


async def test_a_reservation_that_is_rolled_back_is_not_counted(database: Database) -> None:
    """The count belongs to the caller's transaction."""

    async def interrupted() -> None:
        await database.transact(
            lambda session: _and_fail(of(session)),
        )

    with pytest.raises(ZeroDivisionError):
        await interrupted()

    assert await state(database) is None


async def _and_fail(repository: QuotaRepository[QuotaState]) -> None:
    await repository.reserve(HOLDER, 1, at_noon)
    raise ZeroDivisionError


async def test_an_answer_that_teaches_nothing_is_not_written(database: Database) -> None:
    """The row is written only when something changes."""
    await reserve(database)
    usage = Usage("Free Tier", FREE.minute, FREE.day, FREE.month, day_used=1, month_used=1)
    await database.transact(lambda session: of(session).observe(HOLDER, 1, usage, NOON, NOON))
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )

    await database.transact(lambda session: of(session).observe(HOLDER, 1, usage, NOON, NOON))

    assert [] == [statement for statement in statements if statement.startswith("UPDATE")]
    assert 1 == len([statement for statement in statements if statement.startswith("SELECT")])


async def test_a_key_that_was_never_used_learns_nothing(database: Database) -> None:
    """A release or an answer without a reservation leaves no row."""
    await database.transact(lambda session: of(session).release(HOLDER, 1, NOON))

    assert await state(database) is None


def test_a_fresh_state_counts_nothing() -> None:
    """Nothing is used before the first reservation."""
    empty = fresh(FREE, 5, NOON)

    assert (0, 0, ()) == (empty.day.used, empty.month.used, empty.minute)


async def test_a_row_of_an_earlier_release_is_read(database: Database) -> None:
    """What is used of a key stays used when the service is updated: the names in the JSON are kept."""
    earlier = {
        "plan": "Free Tier",
        "plan_anchor_day": 5,
        "limits": {"minute": 10, "day": 100, "month": 1000},
        "anchor_day": 5,
        "day": {"start": "2026-03-10T00:00:00Z", "used": 99},
        "month": {"start": "2026-03-05T00:00:00Z", "used": 400},
        "minute": [[1773144000, 1]],
        "block": {"window": "minute", "until": "2026-03-10T11:59:00Z"},
        "report": {"month_used": 398, "at": "2026-03-10T11:00:00Z"},
        "vendor_plan": "Free Tier",
    }
    await database.transact(
        lambda session: session.execute(
            insert(QuotaRow).values(workspace=DEFAULT_WORKSPACE, holder=HOLDER, state=earlier)
        )
    )

    answers = [await reserve(database) for _ in range(2)]

    assert [Granted, Exhausted] == [type(each) for each in answers]
    assert (100, 401) == ((stored := answers[1].state).day.used, stored.month.used)


async def test_a_holder_of_another_workspace_has_a_budget_of_its_own(database: Database) -> None:
    """The same name means another customer's key there."""
    budget = WindowBudget("Claude", "tokens", (Calendar("day", 1_000, "day"),))

    async def spend(workspace: str) -> bool:
        answer = await database.transact(
            lambda session: QuotaRepository(session, budget, workspace).reserve(HOLDER, 600, at_noon)
        )
        return isinstance(answer, Granted)

    assert [True, False, True, False] == [await spend(each) for each in ("one", "one", "two", "two")]


async def test_a_budget_of_tokens_is_shared_by_two_machines(database: Database, other: Database) -> None:
    """A call may cost more than one unit; both together never pass the limit."""
    tokens = WindowBudget("Claude", "tokens", (Calendar("day", 1_000, "day"),))

    async def spend(machine: Database) -> bool:
        answer = await machine.transact(
            lambda session: QuotaRepository(session, tokens, DEFAULT_WORKSPACE).reserve(HOLDER, 300, at_noon)
        )
        return isinstance(answer, Granted)

    assert 3 == sum(await asyncio.gather(*(spend((database, other)[n % 2]) for n in range(8))))
