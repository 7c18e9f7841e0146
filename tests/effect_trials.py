"""Two kinds of effects over two channels, worked by the real queue: mails of alerts, and toy pushes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy import update
from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.effects import (
    AnyEffectKind,
    Claimed,
    EffectKind,
    EffectQueue,
    MailSender,
    Nothing,
    Prepared,
    Send,
    give_up_abandoned,
)
from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, Places, QueueSizes
from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.activities.wishlist import WISHLIST_MAIL, NotificationActivities
from mainspring.activities.wishlist.planning import plan_page
from mainspring.contracts.effects import Effect, EffectState, OnUnknown, SendEffect
from mainspring.contracts.queues import BatchedQueue, QueueWorked, WorkQueue
from mainspring.contracts.retry import Retry
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.emulators.smtp import MailFault, SmtpEmulator
from mainspring.gateways.errors import Refused, TransientError
from mainspring.gateways.smtp import MailServer, open_mailer
from mainspring.gateways.templates import Templates
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectStore, NewEffect, WorkspaceEffects
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.tables import TaskRow
from mainspring.testing.shifted_clock import ShiftedClock
from tests.mail_bench import SENDER_SETTINGS, MailBench
from tests.platform import platform_of
from tests.shop import user

PUSH = "push-toys"


class Trial(Protocol):
    """One effect of a kind, on its way through the queue and its channel."""

    kind: AnyEffectKind

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def clock(self) -> ShiftedClock:
        """The queue's clock."""

    async def want(self, on_unknown: OnUnknown = OnUnknown.RESEND) -> None:
        """Want the effect, with its task."""

    async def work(self) -> QueueWorked:
        """Work what is due, as a worker does."""

    def lose_next_answer(self) -> None:
        """Let the next message arrive, and its answer be lost."""

    def refuse_next(self) -> None:
        """Let the outside refuse the next message."""

    def refuse_us(self) -> None:
        """Let the outside refuse whatever comes from here."""

    def mend(self) -> None:
        """Let the outside take it again."""

    async def make_hold_no_more(self) -> None:
        """Let the effect hold no more."""

    async def give_up(self) -> None:
        """Give up what no task sends any more."""

    def arrived(self) -> list[str]:
        """Return the references of what has arrived."""

    async def states(self) -> list[str]:
        """Return the states of the domain's own rows."""


async def the_effect(trial: Trial) -> Effect:
    """Return the one effect of a trial."""
    (effect,) = await trial.database.read(
        lambda session: WorkspaceEffects(session, DEFAULT_WORKSPACE).find(limit=2)
    )
    return effect


async def end_task(trial: Trial, state: TaskState) -> None:
    """Write that the effect's task has ended, as when it was cancelled."""
    ended = update(TaskRow).where(TaskRow.id == (await the_effect(trial)).task_id)
    await trial.database.transact(lambda session: session.execute(ended.values(state=state, claimed_by=None)))


def effect_queue(database: Database, clock: ShiftedClock, job: str) -> EffectQueue:
    """Return the queue of a job."""
    sizes = QueueSizes({job: BatchedQueue(page=10, parallel=1)})
    return EffectQueue(BatchedQueues(database, clock, sizes, Suspects(database)), clock)


@dataclass
class MailTrial:
    """A mail of a sale, to a real mail server."""

    mails: MailBench
    smtp: SmtpEmulator
    activities: NotificationActivities
    kind = WISHLIST_MAIL

    @property
    def database(self) -> Database:
        """The database."""
        return self.mails.database

    @property
    def clock(self) -> ShiftedClock:
        """The queue's clock."""
        return self.mails.clock

    async def want(self, on_unknown: OnUnknown = OnUnknown.RESEND) -> None:
        """Want the effect, with its task."""
        await self.mails.open(1)
        await self.mails.write_due([0], 0)
        await self._plan(on_unknown)

    async def _plan(self, on_unknown: OnUnknown) -> None:
        sender_settings = replace(SENDER_SETTINGS, on_unknown=on_unknown)
        await self.database.transact(
            lambda session: plan_page(
                session, sender_settings, cooldown=timedelta(0), triggered_by="tests", now=self.clock.now()
            )
        )

    async def work(self) -> QueueWorked:
        """Work what is due, as a worker does."""
        return await ActivityEnvironment().run(self.activities.send, WorkQueue(job=SEND_NOTIFICATIONS))

    def lose_next_answer(self) -> None:
        """Let the next message arrive, and its answer be lost."""
        self.smtp.faults.next(MailFault.DROP_ACCEPTED)

    def refuse_next(self) -> None:
        """Let the outside refuse the next message."""
        self.smtp.faults.next(MailFault.REFUSED)

    def refuse_us(self) -> None:
        """Let the outside refuse whatever comes from here."""
        self.smtp.faults.answers["MAIL"] = "550 5.4.5 The daily sending limit of this account is used up"

    def mend(self) -> None:
        """Let the outside take it again."""
        self.smtp.faults.clear()

    async def make_hold_no_more(self) -> None:
        """Let the effect hold no more."""
        await self.mails.platform.people.store_users([user(0, sale_alerts=False)])

    async def give_up(self) -> None:
        """Give up what no task sends any more."""
        await self._plan(OnUnknown.RESEND)

    def arrived(self) -> list[str]:
        """Return the references of what has arrived."""
        return [each.message_id for each in self.smtp.accepted]

    async def states(self) -> list[str]:
        """Return the states of the domain's own rows."""
        return [state for state, _ in await self.mails.noted()]


class PushLost(TransientError):
    """The answer to a push did not come."""

    is_outcome_certain = False


class PushAccountClosed(Refused):
    """Nothing is pushed for this account."""

    retry = Retry.UNTIL_MENDED


@dataclass
class PushSender:
    """A channel in memory. With `answers`, a push waits for one of these once it is on the way."""

    retry = RetryPolicy(application_attempts=1)
    places: Places = field(default_factory=lambda: Places(2))
    answers: asyncio.Semaphore | None = None
    away: Exception | None = None
    pushed: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    refuses_us: bool = False

    async def send(self, effect: Effect, message: str, begin: Callable[[], Awaitable[None]]) -> str:
        """Push, or fail as was ordered; `away` comes before the push begins."""
        if self.away is not None:
            raise self.away
        await begin()
        if self.answers is not None:
            await self.answers.acquire()
        if self.refuses_us:
            raise PushAccountClosed(service="push")
        fault = self.faults.pop(0) if self.faults else None
        if not isinstance(fault, Refused):
            self.pushed.append((effect.reference, message))
        if fault is not None:
            raise fault
        return effect.reference


@dataclass
class PushTrial:
    """A toy push; its domain has its rows in memory, and cannot write them while there is a `fault`."""

    database: Database
    clock: ShiftedClock
    queue: EffectQueue
    sender: PushSender = field(default_factory=PushSender)
    rows: dict[UUID, str] = field(default_factory=dict)
    holds: bool = True
    fault: Exception | None = None

    def __post_init__(self) -> None:
        self.kind = EffectKind("toy-push", SendEffect, self._prepare, self._settle, self._withdraw)

    async def _prepare(
        self, _session: Session, claimed: Sequence[Claimed[SendEffect]], _now: datetime
    ) -> Mapping[UUID, Prepared[str]]:
        return {each.effect.id: Send("hello") if self.holds else Nothing("gone") for each in claimed}

    async def _settle(
        self, _session: Session, effects: Mapping[EffectState, Sequence[Effect]], _now: datetime
    ) -> None:
        if self.fault is not None:
            raise self.fault
        for state in (EffectState.SENT, EffectState.FAILED):
            self.rows |= {each.id: state.value for each in effects.get(state, ())}

    async def _withdraw(
        self, _session: Session, effects: Sequence[tuple[Effect, str]], _now: datetime
    ) -> None:
        self.rows |= {effect.id: "skipped" for effect, _ in effects}

    async def want(self, on_unknown: OnUnknown = OnUnknown.RESEND) -> None:
        """Want the effect, with its task."""
        effect_id, task_id = uuid4(), uuid4()
        wanted = NewEffect(
            id=effect_id,
            workspace=DEFAULT_WORKSPACE,
            kind=self.kind.name,
            dedupe_key=str(effect_id),
            owner="anna",
            reference=f"push/{effect_id}",
            recipient="device-1",
            task_id=task_id,
            on_unknown=on_unknown,
        )
        task = wanted.task(PUSH, triggered_by="tests")

        async def write(session: Session) -> None:
            await EffectStore(session).intend([wanted], now=self.clock.now())
            await TaskIntake(session).enqueue([task], now=self.clock.now())

        await self.database.transact(write)
        self.rows[effect_id] = "due"

    async def work(self, attempt: int = 1, only: Sequence[UUID] = ()) -> QueueWorked:
        """Work what is due, as a worker does; a later attempt takes up what the earlier ones have left.

        `only`: as the process does that tries suspected tasks, which the attempt has claimed, together.
        """

        def write(_effect: Effect, content: str, _now: datetime) -> str:
            return content.upper()

        environment = ActivityEnvironment()
        environment.info = replace(environment.info, attempt=attempt)
        request = WorkQueue(job=PUSH, only=tuple(only), together=max(1, len(only)))
        return await environment.run(self.queue.send_each, request, self.kind, self.sender, write)

    def lose_next_answer(self) -> None:
        """Let the next message arrive, and its answer be lost."""
        self.sender.faults.append(PushLost(service="push"))

    def refuse_next(self) -> None:
        """Let the outside refuse the next message."""
        self.sender.faults.append(Refused(service="push"))

    def refuse_us(self) -> None:
        """Let the outside refuse whatever comes from here."""
        self.sender.refuses_us = True

    def mend(self) -> None:
        """Let the outside take it again."""
        self.sender.refuses_us = False

    async def make_hold_no_more(self) -> None:
        """Let the effect hold no more."""
        self.holds = False

    async def give_up(self) -> None:
        """Give up what no task sends any more."""
        await self.database.transact(
            lambda session: give_up_abandoned(session, self.kind, limit=10, now=self.clock.now())
        )

    def arrived(self) -> list[str]:
        """Return the references of what has arrived."""
        return [reference for reference, _ in self.sender.pushed]

    async def states(self) -> list[str]:
        """Return the states of the domain's own rows."""
        return list(self.rows.values())


@asynccontextmanager
async def mail_trial(database: Database) -> AsyncIterator[Trial]:
    """Give a trial of the mail kind, with a mail server."""
    clock = ShiftedClock()
    async with (
        SmtpEmulator() as smtp,
        open_mailer(
            MailServer(smtp.host, smtp.port, security="none"), seconds=lambda: clock.now().timestamp()
        ) as mailer,
    ):
        queue = effect_queue(database, clock, SEND_NOTIFICATIONS)
        activities = NotificationActivities(
            queue, MailSender(mailer, clock), Templates("Shop"), SENDER_SETTINGS
        )
        yield MailTrial(MailBench(database, platform_of(database, clock), clock), smtp, activities)


@asynccontextmanager
async def push_trial(database: Database) -> AsyncIterator[Trial]:
    """Give a trial of the toy kind."""
    clock = ShiftedClock()
    yield PushTrial(database, clock, effect_queue(database, clock, PUSH))
