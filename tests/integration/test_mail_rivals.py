"""Checks, planning, sending and imports at the same time: on PostgreSQL, where they truly are."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from mainspring.activities.runtime.effects import Outgoing
from mainspring.activities.runtime.queue import Snooze
from mainspring.activities.wishlist.mailing.kind import MAIL
from mainspring.contracts.wishlist import WishedItem
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database
from mainspring.storage.effects import EffectStore
from mainspring.storage.people import UserRepository
from mainspring.storage.wishlist import PlanRepository
from mainspring.testing.shifted_clock import ShiftedClock
from tests.mail_bench import MailBench
from tests.platform import platform_of
from tests.shop import product, user

# As long as a rival that has to wait is watched for not going on.
A_MOMENT = 0.3


@pytest.fixture
async def mails(postgresql_database: Database) -> MailBench:
    """Give mails to plan, without anybody to tell."""
    clock = ShiftedClock()
    return MailBench(postgresql_database, platform_of(postgresql_database, clock), clock)


async def test_nothing_joins_a_mail_while_it_is_claimed(mails: MailBench) -> None:
    """A planner that comes in the middle of the claim waits for it, and makes another mail."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    assert 1 == len(await mails.joinable())

    async with mails.database.session.begin() as claiming:
        (task,) = await mails.claim(claiming)
        assert isinstance(task.prepared, Outgoing)
        planner = asyncio.create_task(mails.joinable())
        done, _ = await asyncio.wait({planner}, timeout=A_MOMENT)
        assert set() == done

    assert {} == await planner


async def test_what_joins_a_mail_before_its_claim_is_in_it(mails: MailBench) -> None:
    """A claim that comes in the middle of the planning waits for it, and sends it all."""
    await mails.open(1)
    await mails.write_due([0], 0)
    await mails.plan()
    await mails.write_due([0], 1)

    async with mails.database.session.begin() as planning:
        joinable = await EffectStore(planning).joinable(DEFAULT_WORKSPACE, ["u00000"], MAIL)
        await PlanRepository(planning, DEFAULT_WORKSPACE).take_up(joinable)
        claim = asyncio.create_task(mails.database.transact(mails.claim))
        done, _ = await asyncio.wait({claim}, timeout=A_MOMENT)
        assert set() == done

    (task,) = await claim
    assert isinstance(task.prepared, Outgoing)
    assert 2 == len(task.prepared.content.lines)


@pytest.mark.parametrize(
    "rounds", [pytest.param(1, id="short"), pytest.param(60, id="long", marks=pytest.mark.drill)]
)
async def test_planning_sending_and_imports_never_lock_each_other_out(mails: MailBench, rounds: int) -> None:
    """All at once over the same users, in any order: none is chosen as a deadlock's victim, all is sent."""
    chance, users = Random(4), 60
    await mails.open(users)

    async def check() -> None:
        for which in range(1, 10):
            await mails.write_due(chance.sample(range(users), 30), which)
            await mails.plan()

    async def send() -> None:
        for _ in range(10):
            tasks = await mails.database.transact(mails.claim)
            await mails.acknowledge(chance.sample(tasks, len(tasks)))

    async def tell() -> None:
        for _ in range(5):
            shuffled = chance.sample(range(users), users)
            await mails.platform.people.store_users([user(each) for each in shuffled])
            await mails.platform.shop.store_products(
                [product(each, sale_price_cents=5_000) for each in range(10)]
            )
            await mails.platform.wishlists.store_items(
                [WishedItem(user_id=f"u{each:05}", product_id=f"p{each % 10:05}") for each in shuffled]
            )

    for _ in range(rounds):
        await asyncio.gather(check(), check(), send(), send(), tell(), tell())
    while tasks := await mails.database.transact(mails.claim):
        await mails.acknowledge(tasks)
    assert 0 == await mails.untold()


async def test_a_check_that_finds_users_in_another_order_than_planning_waits_for_it(mails: MailBench) -> None:
    """Writing what is due locks rows that are there already, of users that the planner has yet to come to."""
    await mails.open(2)
    await mails.write_due([0, 1], 0)

    async with mails.database.session.begin() as planning:
        plans = PlanRepository(planning, DEFAULT_WORKSPACE)
        await UserRepository(planning, DEFAULT_WORKSPACE).hold(await plans.waiting(limit=10))
        await plans.give_up(["u00000"], "gone", now=mails.clock.now())
        writing = asyncio.create_task(mails.write_due([1, 0], 0))
        done, _ = await asyncio.wait({writing}, timeout=A_MOMENT)
        assert set() == done
        await plans.give_up(["u00001"], "gone", now=mails.clock.now())

    await writing


async def test_new_wishes_do_not_wait_for_planners_and_checks(mails: MailBench) -> None:
    """They only refer to users and products that those hold."""
    await mails.open(2)
    await mails.write_due([0, 1], 0)
    new = WishedItem(user_id="u00001", product_id="p00010")
    await mails.platform.shop.store_products([product(10)])

    async with mails.database.session.begin() as planning:
        waiting = await PlanRepository(planning, DEFAULT_WORKSPACE).waiting(limit=10)
        assert 2 == len(waiting)
        await UserRepository(planning, DEFAULT_WORKSPACE).hold(waiting)
        storing = asyncio.create_task(mails.platform.wishlists.store_items([new]))
        done, _ = await asyncio.wait({storing}, timeout=10)

    assert {storing} == done
    assert [] == await storing


@pytest.mark.parametrize("begins", [False, True], ids=["waits-for-a-connection", "goes-out"])
async def test_two_claims_at_the_same_time_send_a_user_one_mail(mails: MailBench, begins: bool) -> None:
    """The second waits for the first, sees what is going out, and puts its own off for the cooldown."""
    hour = timedelta(hours=1)
    await mails.open(1)
    for which in range(2):
        await mails.write_due([0], which)
        await mails.plan_new(hour)

    async with mails.database.session.begin() as claiming:
        (first,) = await mails.claim(claiming, limit=1, begins=begins)
        claim = asyncio.create_task(mails.database.transact(mails.claim))
        done, _ = await asyncio.wait({claim}, timeout=A_MOMENT)
        assert set() == done

    (second,) = await claim
    assert isinstance(first.prepared, Outgoing)
    assert isinstance(second.prepared, Snooze)
    assert second.prepared.until > mails.clock.now() + hour - timedelta(minutes=1)
