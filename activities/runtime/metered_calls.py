"""Calls that a vendor's quota counts: each is reserved before it leaves; its answer corrects the count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from mainspring.activities.runtime.checkpoint import Paused
from mainspring.contracts.progress import Pause
from mainspring.domain.cards.quota import Granted, Plan, Usage, Window, observe, waiting_for
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import LimitExceeded, NotSent
from mainspring.storage.database import Database
from mainspring.storage.quota import QuotaRepository

# A full minute is waited for here; whatever takes longer is the workflow's to wait for, on a durable timer.
LONGEST_WAIT = timedelta(minutes=2)

# How long to sleep before looking again: somebody may have given a request back, or changed the plan.
LONGEST_SLEEP = timedelta(minutes=1)


class Answer(Protocol):
    """What a counted call returns."""

    @property
    def usage(self) -> Usage | None:
        """What the vendor says is used; None when it does not say."""
        ...


A = TypeVar("A", bound=Answer)


class QuotaUsedUp(Paused):
    """A quota is used up for longer than is waited for here; nothing was sent. Not a failure of the job."""

    def __init__(self, window: Window, resumes_at: datetime, waiting_for: str) -> None:
        super().__init__(Pause(waiting_for=waiting_for, resumes_at=resumes_at))
        self.window = window
        self.resumes_at = resumes_at


async def _say_nothing(_pause: Pause) -> None:
    """Wait without a word."""


class RateLimitedCalls:
    """Calls within the quota of their key, whatever else uses it, here or on other machines.

    Calls of one key leave in the order in which they were asked for, as far as this process goes.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # The first in a key's queue waits for the minute, the others for the first: nobody is overtaken.
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def call(
        self,
        holder: str,
        plan: Plan,
        anchor_day: int,
        request: Callable[[], Awaitable[A]],
        *,
        paced: Callable[[Pause], Awaitable[None]] = _say_nothing,
    ) -> A:
        """Send a request when the quota of `holder` allows it, and return its answer.

        `request` is one request each time it is called; it is called again when the vendor refused it for
        a limit. Waits for a full minute, telling `paced` before; raises QuotaUsedUp for what takes longer,
        and whatever `request` raises.
        """
        while True:
            reserved = await self._reserve(holder, plan, anchor_day, paced)
            try:
                answer = await request()
            except NotSent:
                await self._not_sent(holder, reserved)
                raise
            except LimitExceeded as refusal:
                await self._refused(holder, reserved, refusal)
            else:
                await self._answered(holder, reserved, answer.usage)
                return answer

    async def _reserve(
        self, holder: str, plan: Plan, anchor_day: int, paced: Callable[[Pause], Awaitable[None]]
    ) -> Granted:
        queue = self._queues.setdefault(holder, asyncio.Lock())
        async with queue:
            while True:
                reservation = await self._database.transact(
                    lambda session: QuotaRepository(session).reserve(
                        holder, plan, anchor_day, self._clock.now
                    )
                )
                if isinstance(reservation, Granted):
                    return reservation
                window, resumes_at = reservation.window, reservation.resumes_at
                wait = resumes_at - self._clock.now()
                if window != "minute" or wait > LONGEST_WAIT:
                    raise QuotaUsedUp(window, resumes_at, waiting_for(window))
                await paced(Pause(waiting_for=waiting_for(window), resumes_at=resumes_at))
                await self._clock.sleep(min(max(wait, timedelta()), LONGEST_SLEEP))

    async def _not_sent(self, holder: str, reserved: Granted) -> None:
        await self._database.transact(lambda session: QuotaRepository(session).release(holder, reserved.at))

    async def _refused(self, holder: str, reserved: Granted, refusal: LimitExceeded) -> None:
        await self._answered(holder, reserved, refusal.usage)
        await self._database.transact(
            lambda session: QuotaRepository(session).exceeded(
                holder, refusal.window, refusal.retry_after, reserved.at, self._clock.now()
            )
        )

    async def _answered(self, holder: str, reserved: Granted, usage: Usage | None) -> None:
        now = self._clock.now()
        # Most answers teach nothing that the reservation did not know: those cost no transaction.
        if usage is None or observe(reserved.state, usage, reserved.at, now) == reserved.state:
            return
        await self._database.transact(
            lambda session: QuotaRepository(session).observe(holder, usage, reserved.at, now)
        )
