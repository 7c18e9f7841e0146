"""Random occasions, zones, edits, preferences and outages against an oracle, by a clock that is skipped."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from mainspring.activities.gifting.reminders import GIFTING_REMINDER
from mainspring.activities.gifting.reminders.dispatching import dispatch_page
from mainspring.activities.gifting.reminders.kind import ReminderContent
from mainspring.activities.runtime.effects import Outgoing, SenderSettings, claim
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.gifting.occasions import Occasion, Repeats
from mainspring.contracts.gifting.reminders import REMINDER, SendReminder
from mainspring.contracts.people import User
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.smtp import Mailbox
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectResult, EffectStore
from mainspring.storage.gifting import OccasionRepository, ReminderPlanner
from mainspring.storage.people import UserRepository
from mainspring.storage.tables import EffectRow
from mainspring.storage.tables.gifting import ReminderRow
from tests.reminder_oracle import Key, Oracle, Someone

SENDER = SenderSettings(Mailbox("shop@example.org"), "https://shop.example", b"k" * 32)

# Clock changes at both ends of the year, at midnight, of half an hour, across the date line; and none.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "UTC",
)
TIMES = (time(9), time(0), time(2), time(2, 30), time(3), time(1, 30), time(23, 45))
START = datetime(2027, 9, 20, 10, tzinfo=UTC)
PAGE = 3

# How often of twenty each of the things happens that a step may be.
WEIGHTS = {"store": 7, "remove": 2, "move user": 1, "switch": 2, "run": 6, "outage": 2}


@dataclass
class Trial:
    """The service beside the oracle."""

    database: Database
    chance: Random
    oracle: Oracle = field(default_factory=Oracle)
    now: datetime = START
    sent: list[tuple[Key, datetime]] = field(default_factory=list)

    async def add_users(self) -> None:
        """Store the users."""
        for number in range(3):
            await self.store_user(f"u{number}", self.chance.choice(ZONES), wants=True)

    async def store_user(self, user_id: str, zone: str, *, wants: bool) -> None:
        """Store a user in both."""
        user = User(id=user_id, email=f"{user_id}@example.org", time_zone=zone, reminders=wants)

        async def store(session: Session) -> None:
            moved = await UserRepository(session, DEFAULT_WORKSPACE).store([user], now=self.now)
            await OccasionRepository(session, DEFAULT_WORKSPACE).replan_of(moved, now=self.now)

        await self.database.transact(store)
        known = self.oracle.users.setdefault(user_id, Someone(zone))
        known.wants = wants
        if known.zone != zone:
            self.oracle.move_user(user_id, zone, self.now)

    async def step(self) -> None:
        """Let something happen."""
        (what,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        user_id = f"u{self.chance.randrange(3)}"
        known = self.oracle.users[user_id]
        match what:
            case "store":
                await self.store(self.occasion(user_id))
            case "remove":
                await self.remove(f"o{self.chance.randrange(6)}")
            case "move user":
                await self.store_user(user_id, self.chance.choice(ZONES), wants=known.wants)
            case "switch":
                await self.store_user(user_id, known.zone, wants=not known.wants)
            case "run":
                await self.run_until(self.now + timedelta(minutes=15 * self.chance.randrange(1, 6_000)))
            case _:
                self.now += timedelta(minutes=15 * self.chance.randrange(1, 2_000))
                await self.tick()

    def occasion(self, user_id: str) -> Occasion:
        """Return an occasion, which may be there already and be moved."""
        repeats = self.chance.choice((Repeats.ONCE, Repeats.YEARLY))
        day = self.now.date() + timedelta(days=self.chance.randrange(-5, 60))
        if repeats is Repeats.YEARLY:
            day = self.chance.choice((day.replace(year=2020, day=min(day.day, 28)), date(2020, 2, 29)))
        return Occasion(
            id=f"o{self.chance.randrange(6)}",
            user_id=user_id,
            title="Birthday",
            date=day,
            repeats=repeats,
            time_zone=self.chance.choice((None, *ZONES)),
            local_time=self.chance.choice(TIMES),
            offsets=tuple(self.chance.sample(range(15), self.chance.randrange(4))),
        )

    async def store(self, occasion: Occasion) -> None:
        """Store an occasion in both."""
        await self.database.transact(
            lambda session: OccasionRepository(session, DEFAULT_WORKSPACE).store([occasion], now=self.now)
        )
        self.oracle.store(occasion, self.now)

    async def remove(self, occasion_id: str) -> None:
        """Remove an occasion from both."""
        was_there = await self.database.transact(
            lambda session: OccasionRepository(session, DEFAULT_WORKSPACE).remove(occasion_id)
        )
        assert was_there is (occasion_id in self.oracle.occasions)
        self.oracle.remove(occasion_id)

    async def run_until(self, target: datetime) -> None:
        """Let the clock fire at each moment until the target."""
        while (first := await self.first_moment()) is not None and first <= target:
            assert first == self.oracle.next_moment()
            self.now = max(self.now, first)
            await self.tick()
        self.now = target

    async def first_moment(self) -> datetime | None:
        """Return when the service's next reminder is due."""
        return await self.database.read(lambda session: ReminderPlanner(session).first_moment())

    async def tick(self) -> None:
        """Have what is due dispatched and sent, page by page."""
        while (
            await self.database.transact(
                lambda session: dispatch_page(session, SENDER, limit=PAGE, triggered_by="test", now=self.now)
            )
        ).taken:
            await self.database.transact(self._send)
        self.oracle.tick(self.now)

    async def _send(self, session: Session) -> None:
        query = select(EffectRow.id, EffectRow.task_id).where(
            EffectRow.kind == REMINDER, EffectRow.state == EffectState.INTENDED
        )
        tasks = {row.task_id: SendReminder(effect_id=row.id) for row in await session.execute(query)}
        workspaces = dict.fromkeys(tasks, DEFAULT_WORKSPACE)
        claimed = await claim(session, GIFTING_REMINDER, tasks, workspaces, now=self.now)
        going: dict[UUID, Effect] = {}
        for each in claimed.values():
            assert not isinstance(each, Exception)
            if isinstance(each, Outgoing):
                assert isinstance(each.content, ReminderContent)
                going[each.effect.id] = each.effect
                delivery = each.content.delivery
                offset = await session.scalar(
                    select(ReminderRow.offset_days).where(ReminderRow.id == delivery.reminder_id)
                )
                self.sent.append(((delivery.occasion_id, delivery.date, offset or 0), self.now))
        results = [EffectResult(each, EffectState.SENT) for each in going]
        await EffectStore(session).acknowledge(results, now=self.now)
        await GIFTING_REMINDER.settle(session, {EffectState.SENT: list(going.values())}, self.now)


async def _compare(database: Database, seed: int, steps: int) -> int:
    """Let the same happen to both; return how many reminders were sent."""
    trial = Trial(database, Random(seed))
    await trial.add_users()
    for _ in range(steps):
        await trial.step()
        assert dict(trial.sent) == trial.oracle.sent
        assert await trial.first_moment() == trial.oracle.next_moment()
    assert len(trial.sent) == len(dict(trial.sent)), "a reminder was sent twice"
    return len(trial.sent)


@pytest.mark.parametrize("seed", [0])
async def test_each_due_reminder_is_sent_once_at_its_moment(database: Database, seed: int) -> None:
    """None after a removal, moved ones by their new date, yearly ones again the next year."""
    assert await _compare(database, seed, steps=60) > 0


@pytest.mark.drill
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("seed", range(1, 61))
async def test_each_due_reminder_is_sent_once_in_many_lives(sqlite_database: Database, seed: int) -> None:
    """The same with more of it."""
    assert await _compare(sqlite_database, seed, steps=200) > 0
