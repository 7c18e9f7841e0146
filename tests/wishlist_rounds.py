"""Checks and mails by the real code, step by step and without a Temporal server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from sqlalchemy import or_, select

from mainspring.activities.runtime.effects import (
    ClaimResult,
    Outgoing,
    SenderSettings,
    acknowledge,
    begin,
    claim,
)
from mainspring.activities.runtime.effects.senders import MAIL_RETRY
from mainspring.activities.runtime.queue import QueueTask, Result, TaskDone
from mainspring.activities.runtime.queue.results import acknowledgement_of
from mainspring.activities.wishlist.checking import PageSize, check_page
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.evaluating import MailContent
from mainspring.activities.wishlist.planning import Planned, plan_page
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import (
    SEND_NOTIFICATIONS,
    CheckBatch,
    CheckWishlistSales,
    CheckWishlistStock,
    SendNotification,
    WishlistProgress,
)
from mainspring.domain.wishlist import Due
from mainspring.gateways.smtp import Mailbox
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import Acknowledgement, AcknowledgementStore, ClaimedRow, QueueStore, claim_of
from mainspring.storage.tables import EffectRow, NotificationRow
from tests.wishlist_records import SALE, Key, MailKey

SENDER_SETTINGS = SenderSettings(
    Mailbox("shop@example.org", "Shop"), "https://shop.example", b"a key of some length"
)

# A notification, its state and its reason.
Noted = tuple[Key, str, str | None]


@dataclass(frozen=True)
class ClaimedMail:
    """A mail that was claimed, and what it was found to be."""

    key: MailKey
    row: ClaimedRow
    task: QueueTask[SendNotification]
    prepared: ClaimResult[MailContent]

    def said(self, now: datetime) -> list[tuple[Key, int]]:
        """Return what it tells of, with the prices of now."""
        return [
            (_key(line.due), line.offer.price_at(now) if line.due.kind == SALE and line.offer else 0)
            for line in (self.prepared.content.lines if isinstance(self.prepared, Outgoing) else ())
        ]


@dataclass(frozen=True)
class Became:
    """What the task of a mail is after an attempt, and when there is another one."""

    state: TaskState
    again_at: datetime | None


class Rounds:
    """The checks, the planning and the sending.

    One round in two has pages that `part` of the products fill, and cut one of them where it has many wishes.
    """

    def __init__(self, chance: Random, database: Database, part: int) -> None:
        self._chance = chance
        self._database = database
        self._part = part
        self._run = uuid4()

    async def check(self, rules: CheckWishlistSales | CheckWishlistStock, now: datetime) -> WishlistProgress:
        """Judge all wishes."""
        size = self._chance.choice((PageSize(), PageSize(products=self._part, wishes=self._part)))
        given = CheckBatch(
            sales=rules if isinstance(rules, CheckWishlistSales) else None,
            stock=rules if isinstance(rules, CheckWishlistStock) else None,
            progress=WishlistProgress(task_id=uuid4(), began_at=now),
        )

        async def work(session: Session) -> WishlistProgress:
            return await check_page(session, given, now=now, size=size)

        while not given.progress.judged:
            given = given.model_copy(update={"progress": await self._database.transact(work)})
        return given.progress

    async def plan(self, cooldown: timedelta, now: datetime) -> int:
        """Make mails of what was found; return for how many users."""
        size = self._chance.choice((1_000, self._part))

        async def work(session: Session) -> Planned:
            return await plan_page(
                session, SENDER_SETTINGS, cooldown=cooldown, triggered_by="tests", now=now, size=size
            )

        mails = 0
        while True:
            planned = await self._database.transact(work)
            mails += planned.mails
            if planned.is_last:
                return mails

    async def begin_to_send(self, now: datetime) -> None:
        """Begin a new run of the queue, which takes up what the one before has left."""
        self._run = uuid4()
        await self._database.transact(
            lambda session: QueueStore(session).release(SEND_NOTIFICATIONS, run_id=str(self._run), now=now)
        )

    async def claim(self, now: datetime) -> list[ClaimedMail]:
        """Claim the next page of mails, all of which begin to go out."""
        limit = self._chance.choice((1_000, self._part))

        async def work(session: Session) -> list[ClaimedMail]:
            rows = await QueueStore(session).claim(SEND_NOTIFICATIONS, self._claim, limit=limit, now=now)
            given = {row.id: SendNotification.model_validate(row.input) for row in rows}
            workspaces = {row.id: row.workspace for row in rows}
            prepared = await claim(session, WISHLIST_MAIL, given, workspaces, now=now)
            outgoing = {key: each for key, each in prepared.items() if isinstance(each, Outgoing)}
            await begin(session, outgoing, at=now)
            keys = await _mail_keys(session, [each.effect_id for each in given.values()])
            return [
                ClaimedMail(
                    keys[given[row.id].effect_id],
                    row,
                    QueueTask(row.id, given[row.id], row.attempt, prepared[row.id]),
                    prepared[row.id],
                )
                for row in rows
            ]

        return await self._database.transact(work)

    async def acknowledge(
        self, mails: Sequence[tuple[ClaimedMail, Result]], now: datetime
    ) -> Mapping[MailKey, Became]:
        """Write what became of mails."""
        acknowledgements = {
            mail.key: acknowledgement_of(mail.row, outcome, retry=MAIL_RETRY, step="tests", now=now)
            for mail, outcome in mails
        }

        async def work(session: Session) -> Mapping[UUID, TaskState]:
            states = await AcknowledgementStore(session).acknowledge(
                self._claim, list(acknowledgements.values()), now=now
            )
            done = [TaskDone(mail.task, outcome, states[mail.row.id]) for mail, outcome in mails]
            await acknowledge(session, WISHLIST_MAIL, done, now=now)
            return states

        states = await self._database.transact(work)
        return {key: _became(states, acknowledgement) for key, acknowledgement in acknowledgements.items()}

    @property
    def _claim(self) -> str:
        return claim_of(str(self._run), "1")

    async def noted(self, now: datetime | None = None) -> set[Noted]:
        """Return all notifications with states and reasons; or those that were written or settled now."""
        note = NotificationRow
        query = select(
            note.product_id, note.user_id, note.kind, note.episode, note.price_cents, note.state, note.reason
        )
        if now is not None:
            query = query.where(or_(note.created_at == now, note.settled_at == now))

        async def look(session: Session) -> list[Noted]:
            return [((*row[:4], row[4]), row[5], row[6]) for row in await session.execute(query)]

        found = await self._database.read(look)
        assert len(found) == len({key for key, *_ in found})
        return set(found)


def _became(states: Mapping[UUID, TaskState], acknowledgement: Acknowledgement) -> Became:
    state = states[acknowledgement.id]
    return Became(state, None if state.is_final else acknowledgement.next_attempt_at)


async def _mail_keys(session: Session, effect_ids: Sequence[UUID]) -> dict[UUID, MailKey]:
    row = EffectRow
    query = select(row.id, row.owner, row.created_at).where(row.id.in_(effect_ids))
    return {effect_id: (owner, at) for effect_id, owner, at in await session.execute(query)}


def _key(due: Due) -> Key:
    return due.product_id, due.user_id, due.kind.value, due.episode, due.price_cents
