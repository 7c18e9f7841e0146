"""Checks, planning, sending and imports at the same time: on PostgreSQL, where they truly are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select, update

from activities.notifications import Letterhead
from activities.notifications.claiming import Letter, claim_letters
from activities.notifications.settling import settle_letters
from activities.pools import Done, PoolTask
from activities.wishlist.planning import MAIL, plan_page
from client.wishlists import Wishlists
from contracts.shop import WishedItem
from contracts.tasks import TaskState
from contracts.wishlist import SEND_NOTIFICATIONS, NotificationKind, NotificationSent, SendNotification
from domain.wishlist import Due
from gateways.mail import Mailbox
from storage.database import Database, Session
from storage.effects import EffectRepository
from storage.tables import NotificationRow, WishedProductRow
from storage.tasks import PoolRepository
from storage.wishlist import CheckRepository, PlanRepository
from storage.wishlist.checks import Place
from tests.shifted_clock import ShiftedClock
from tests.shop import product, user

KEY = b"a key of the service, 32 bytes.."
LETTERHEAD = Letterhead(Mailbox("shop@example.org"), "https://shop.example", KEY)

# As long as a rival that has to wait is watched for not going on.
A_MOMENT = 0.3


@dataclass
class Office:
    """Where mails are planned, claimed and settled."""

    database: Database
    wishlists: Wishlists
    clock: ShiftedClock

    async def open(self, users: int) -> None:
        """Store users who all wish for the same ten products, which are on sale."""
        await self.wishlists.store_products([product(number, sale_price_cents=5_000) for number in range(10)])
        await self.wishlists.store_users([user(number) for number in range(users)])
        await self.wishlists.store_items(
            [
                WishedItem(user_id=f"u{number:05}", product_id=f"p{which:05}")
                for number in range(users)
                for which in range(10)
            ]
        )
        seen = update(WishedProductRow).values(seen_on_sale=True, sale_episode=1)
        await self.database.transact(lambda session: session.execute(seen))

    async def write_due(self, users: Sequence[int], which: int) -> None:
        """Write down, as a check does, that users are to be told of a product."""
        due = [
            Due(f"u{number:05}", f"p{which:05}", NotificationKind.SALE, 1, 5_000, 10_000) for number in users
        ]
        now = self.clock.now()

        async def write(session: Session) -> None:
            checks = CheckRepository(session, NotificationKind.SALE)
            assert 10 == len(await checks.products(Place(), limit=100))
            await checks.write_due(due, min_stock=1, now=now)

        await self.database.transact(write)

    async def plan(self) -> None:
        """Plan all mails that there are to plan."""
        is_last = False
        while not is_last:
            planned = await self.database.transact(
                lambda session: plan_page(
                    session, LETTERHEAD, cooldown=timedelta(0), triggered_by="test", now=self.clock.now()
                )
            )
            is_last = planned.is_last

    async def claim(self, session: Session, limit: int = 50) -> list[PoolTask[SendNotification]]:
        """Claim mails, in the caller's transaction."""
        now = self.clock.now()
        rows = await PoolRepository(session).claim(SEND_NOTIFICATIONS, "run/1", limit=limit, now=now)
        given = {row.id: SendNotification.model_validate(row.given) for row in rows}
        prepared = await claim_letters(session, given, now=now)
        return [PoolTask(row.id, given[row.id], 1, prepared=prepared[row.id]) for row in rows]

    async def settle(self, tasks: Sequence[PoolTask[SendNotification]]) -> None:
        """Say of mails that they were sent."""
        sent = NotificationSent(message_id="x", told=1)
        done = [Done(task, sent, state=TaskState.SUCCESS) for task in tasks]
        await self.database.transact(lambda session: settle_letters(session, done, now=self.clock.now()))

    async def joinable(self) -> dict[str, UUID]:
        """Return the mail of the first user that more may join."""
        return await self.database.transact(
            lambda session: EffectRepository(session).joinable(["u00000"], MAIL)
        )

    async def untold(self) -> int:
        """Return how many notifications are neither sent nor going to be."""

        async def look(session: Session) -> int:
            return len(
                (await session.scalars(select(NotificationRow).where(NotificationRow.state != "sent"))).all()
            )

        return await self.database.read(look)


@pytest.fixture
async def office(postgresql_database: Database) -> Office:
    """Give an office without anybody to tell."""
    clock = ShiftedClock()
    return Office(postgresql_database, Wishlists(postgresql_database, KEY, clock), clock)


async def test_nothing_joins_a_mail_while_it_is_claimed(office: Office) -> None:
    """A planner that comes in the middle of the claim waits for it, and makes another mail."""
    await office.open(1)
    await office.write_due([0], 0)
    await office.plan()
    assert 1 == len(await office.joinable())

    async with office.database.session.begin() as claiming:
        (task,) = await office.claim(claiming)
        assert isinstance(task.prepared, Letter)
        planner = asyncio.create_task(office.joinable())
        done, _ = await asyncio.wait({planner}, timeout=A_MOMENT)
        assert set() == done

    assert {} == await planner


async def test_what_joins_a_mail_before_its_claim_is_in_it(office: Office) -> None:
    """A claim that comes in the middle of the planning waits for it, and sends it all."""
    await office.open(1)
    await office.write_due([0], 0)
    await office.plan()
    await office.write_due([0], 1)

    async with office.database.session.begin() as planning:
        mails = await EffectRepository(planning).joinable(["u00000"], MAIL)
        await PlanRepository(planning).take_up(mails)
        claim = asyncio.create_task(office.database.transact(office.claim))
        done, _ = await asyncio.wait({claim}, timeout=A_MOMENT)
        assert set() == done

    (task,) = await claim
    assert isinstance(task.prepared, Letter)
    assert 2 == len(task.prepared.lines)


@pytest.mark.parametrize(
    "rounds", [pytest.param(1, id="short"), pytest.param(60, id="long", marks=pytest.mark.drill)]
)
async def test_planning_sending_and_imports_never_lock_each_other_out(office: Office, rounds: int) -> None:
    """All at once over the same users, in any order: none is chosen as a deadlock's victim, all is sent."""
    chance, users = Random(4), 120
    await office.open(users)

    async def check() -> None:
        for which in range(1, 10):
            await office.write_due(chance.sample(range(users), 60), which)
            await office.plan()

    async def send() -> None:
        for _ in range(20):
            tasks = await office.database.transact(office.claim)
            await office.settle(chance.sample(tasks, len(tasks)))

    async def tell() -> None:
        for _ in range(5):
            shuffled = chance.sample(range(users), users)
            await office.wishlists.store_users([user(each) for each in shuffled])
            await office.wishlists.store_products(
                [product(each, sale_price_cents=5_000) for each in range(10)]
            )
            await office.wishlists.store_items(
                [WishedItem(user_id=f"u{each:05}", product_id=f"p{each % 10:05}") for each in shuffled]
            )

    for _ in range(rounds):
        await asyncio.gather(check(), check(), send(), send(), tell(), tell())
    while tasks := await office.database.transact(office.claim):
        await office.settle(tasks)
    assert 0 == await office.untold()


async def test_new_wishes_do_not_wait_for_planners_and_checks(office: Office) -> None:
    """They only refer to users and products that those hold."""
    await office.open(2)
    await office.write_due([0, 1], 0)
    new = WishedItem(user_id="u00001", product_id="p00010")
    await office.wishlists.store_products([product(10)])

    async with office.database.session.begin() as planning:
        assert 2 == len(await PlanRepository(planning).addressees(limit=10))
        storing = asyncio.create_task(office.wishlists.store_items([new]))
        done, _ = await asyncio.wait({storing}, timeout=10)

    assert {storing} == done
    assert [] == await storing
