"""Mails that are planned, claimed and acknowledged without Temporal and without a mail server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from mainspring.activities.runtime.effects import (
    ClaimResult,
    Outgoing,
    SenderSettings,
    acknowledge,
    begin,
    claim,
)
from mainspring.activities.runtime.queue import QueueTask, Result, TaskDone
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.evaluating import MailContent
from mainspring.activities.wishlist.mailing.kind import MAIL
from mainspring.activities.wishlist.planning import plan_page
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import (
    SEND_NOTIFICATIONS,
    NotificationKind,
    NotificationSent,
    SendNotification,
    WishedItem,
)
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.wishlist import Due
from mainspring.gateways.smtp import Mailbox
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectStore, WorkspaceEffects
from mainspring.storage.ledger import Acknowledgement, AcknowledgementStore, QueueStore
from mainspring.storage.tables import EffectRow, NotificationRow, TaskRow, WishedProductRow
from mainspring.storage.wishlist import CheckRepository
from mainspring.storage.wishlist.checks import WishCursor
from mainspring.testing.shifted_clock import ShiftedClock
from tests.platform import KEY, Platform
from tests.shop import product, user

SENDER_SETTINGS = SenderSettings(Mailbox("shop@example.org"), "https://shop.example", KEY)


@dataclass
class MailBench:
    """Plans, claims and acknowledges mails, one call each."""

    database: Database
    platform: Platform
    clock: ShiftedClock

    async def open(self, users: int) -> None:
        """Store users who all wish for the same ten products, which are on sale."""
        await self.platform.shop.store_products(
            [product(number, sale_price_cents=5_000) for number in range(10)]
        )
        await self.platform.people.store_users([user(number) for number in range(users)])
        await self.platform.wishlists.store_items(
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
            checks = CheckRepository(session, NotificationKind.SALE, DEFAULT_WORKSPACE)
            assert 10 == len(await checks.products(WishCursor(), limit=100))
            await checks.write_due(due, min_stock=1, now=now)

        await self.database.transact(write)

    async def plan(self, cooldown: timedelta = timedelta(0)) -> None:
        """Plan all mails that there are to plan."""
        is_last = False
        while not is_last:
            planned = await self.database.transact(
                lambda session: plan_page(
                    session, SENDER_SETTINGS, cooldown=cooldown, triggered_by="test", now=self.clock.now()
                )
            )
            is_last = planned.is_last

    async def plan_new(self, cooldown: timedelta) -> None:
        """Plan a mail that joins none, as if the others were being sent."""
        hidden = update(EffectRow).where(EffectRow.state == EffectState.INTENDED)
        await self.database.transact(lambda session: session.execute(hidden.values(kind="hidden")))
        await self.plan(cooldown)
        shown = update(EffectRow).where(EffectRow.kind == "hidden").values(kind=MAIL)
        await self.database.transact(lambda session: session.execute(shown))

    async def claim(
        self, session: Session, limit: int = 50, *, begins: bool = True
    ) -> list[QueueTask[SendNotification]]:
        """Claim mails, and let them begin, in the caller's transaction."""
        now = self.clock.now()
        rows = await QueueStore(session).claim(SEND_NOTIFICATIONS, "run/1", limit=limit, now=now)
        requests = {row.id: SendNotification.model_validate(row.input) for row in rows}
        workspaces = {row.id: row.workspace for row in rows}
        prepared = await claim(session, WISHLIST_MAIL, requests, workspaces, now=now)
        if begins:
            await self._begin(session, prepared)
        return [QueueTask(row.id, requests[row.id], 1, prepared=prepared[row.id]) for row in rows]

    async def claim_again(self, task: QueueTask[SendNotification]) -> QueueTask[SendNotification]:
        """Take up a mail again, as the next attempt does."""

        async def claim_it(session: Session) -> ClaimResult[MailContent]:
            prepared = await claim(
                session,
                WISHLIST_MAIL,
                {task.id: task.input},
                {task.id: task.workspace},
                now=self.clock.now(),
            )
            await self._begin(session, prepared)
            return prepared[task.id]

        prepared = await self.database.transact(claim_it)
        return QueueTask(task.id, task.input, task.attempt + 1, prepared=prepared)

    async def _begin(self, session: Session, prepared: Mapping[UUID, ClaimResult[MailContent]]) -> None:
        outgoing = {each: found for each, found in prepared.items() if isinstance(found, Outgoing)}
        assert outgoing.keys() == await begin(session, outgoing, at=self.clock.now())

    async def acknowledge(
        self,
        tasks: Sequence[QueueTask[SendNotification]],
        result: Result | None = None,
        state: TaskState = TaskState.SUCCESS,
    ) -> None:
        """Say of mails that they were sent, or what else became of them."""
        sent = NotificationSent(message_id="x", told=1)
        done = [TaskDone(task, result or sent, state=state) for task in tasks]
        await self.database.transact(
            lambda session: acknowledge(session, WISHLIST_MAIL, done, now=self.clock.now())
        )

    async def put_off(self, task: QueueTask[SendNotification], until: datetime) -> None:
        """Write of a task that it waits until then."""
        acknowledgement = Acknowledgement(task.id, TaskState.RUNNING, next_attempt_at=until)
        await self.database.transact(
            lambda session: AcknowledgementStore(session).acknowledge(
                "run/1", [acknowledgement], now=self.clock.now()
            )
        )

    async def end(self, tasks: Sequence[QueueTask[SendNotification]], state: TaskState) -> None:
        """Write of tasks that they have ended, and nothing of their mails, as when a worker has died."""
        ended = update(TaskRow).where(TaskRow.id.in_([task.id for task in tasks]))
        await self.database.transact(
            lambda session: session.execute(ended.values(state=state, claimed_by=None))
        )

    async def effects(self) -> list[Effect]:
        """Return all mails, the oldest first."""
        found = await self.database.read(
            lambda session: WorkspaceEffects(session, DEFAULT_WORKSPACE).find(limit=1_000)
        )
        return found[::-1]

    async def noted(self) -> list[tuple[str, str | None]]:
        """Return the states of all notifications with their reasons."""

        async def look(session: Session) -> list[tuple[str, str | None]]:
            query = select(NotificationRow).order_by(NotificationRow.product_id, NotificationRow.user_id)
            return [(row.state, row.reason) for row in await session.scalars(query)]

        return await self.database.read(look)

    async def joinable(self) -> dict[str, UUID]:
        """Return the mail of the first user that more may join."""
        return await self.database.transact(
            lambda session: EffectStore(session).joinable(DEFAULT_WORKSPACE, ["u00000"], MAIL)
        )

    async def untold(self) -> int:
        """Return how many notifications are neither sent nor going to be."""

        async def look(session: Session) -> int:
            return len(
                (await session.scalars(select(NotificationRow).where(NotificationRow.state != "sent"))).all()
            )

        return await self.database.read(look)
