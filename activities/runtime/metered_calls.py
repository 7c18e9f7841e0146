"""Calls that a vendor's budget counts: each is reserved before it leaves; its answer corrects the count."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from mainspring.activities.runtime.checkpoint import Paused
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.progress import Pause
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.quota import Budget, Granted
from mainspring.domain.quota.budget import waiting_for
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import LimitExceeded, NotSent
from mainspring.storage.database import Database, Session
from mainspring.storage.quota import QuotaRepository

# A full minute is waited for here; whatever takes longer is the workflow's to wait for, on a durable timer.
LONGEST_WAIT = timedelta(minutes=2)

# How long to sleep before looking again: somebody may have given a request back, or changed the plan.
LONGEST_SLEEP = timedelta(minutes=1)


class Answer(Protocol):
    """What a counted call returns."""

    @property
    def usage(self) -> object | None:
        """What the budget learns from, such as what the vendor says is used; None when it does not say."""
        ...


A = TypeVar("A", bound=Answer)


class QuotaUsedUp(Paused):
    """A quota is used up for longer than is waited for here; nothing was sent. Not a failure of the job."""

    def __init__(self, window: str, resumes_at: datetime, waiting_for: str) -> None:
        super().__init__(Pause(waiting_for=waiting_for, resumes_at=resumes_at))
        self.window = window
        self.resumes_at = resumes_at


async def _say_nothing(_pause: Pause) -> None:
    """Wait without a word."""


@dataclass(frozen=True)
class _Quota:
    """What a call is counted for: a holder of a workspace, with the budget that the holder has."""

    workspace: str
    holder: str
    budget: Budget[Any]

    def within(self, session: Session) -> QuotaRepository[Any]:
        """Return the workspace's budgets, inside a transaction."""
        return QuotaRepository(session, self.budget, self.workspace)


class RateLimitedCalls:
    """Calls within the budget of their holder, whatever else uses it, here or on other machines.

    Calls of one holder leave in the order in which they were asked for, as far as this process goes.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # The first in a holder's queue waits for the minute, the others for the first: nobody is overtaken.
        self._queues: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def call(
        self,
        holder: str,
        budget: Budget[Any],
        request: Callable[[], Awaitable[A]],
        *,
        workspace: str = DEFAULT_WORKSPACE,
        cost: int = 1,
        paced: Callable[[Pause], Awaitable[None]] = _say_nothing,
    ) -> A:
        """Send a request when the budget of `holder` allows its cost, and return its answer.

        `workspace` is whose the holder is: that of a customer's own key, or `default` for the installation's.

        `request` is one request each time it is called; it is called again when the vendor refused it for
        a limit. Waits for a brief window, telling `paced` before. Raises QuotaUsedUp: when it takes longer.
        Raises what `request` raises.
        """
        quota = _Quota(workspace, holder, budget)
        while True:
            reserved = await self._reserve(quota, cost, paced)
            try:
                answer = await request()
            except NotSent:
                await self._not_sent(quota, cost, reserved)
                raise
            except LimitExceeded as refusal:
                await self._answered(quota, cost, reserved, refusal.usage)
                await self._refused(quota, reserved, refusal)
            else:
                await self._answered(quota, cost, reserved, answer.usage)
                return answer

    async def _reserve(
        self, quota: _Quota, cost: int, paced: Callable[[Pause], Awaitable[None]]
    ) -> Granted[Any]:
        queue = self._queues.setdefault((quota.workspace, quota.holder), asyncio.Lock())
        async with queue:
            while True:
                reservation = await self._database.transact(
                    lambda session: quota.within(session).reserve(quota.holder, cost, self._clock.now)
                )
                if isinstance(reservation, Granted):
                    return reservation
                window, resumes_at = reservation.window, reservation.resumes_at
                wait, waited = resumes_at - self._clock.now(), waiting_for(quota.budget.service, window)
                if not quota.budget.is_brief(window) or wait > LONGEST_WAIT:
                    raise QuotaUsedUp(window, resumes_at, waited)
                await paced(Pause(waiting_for=waited, resumes_at=resumes_at))
                await self._clock.sleep(min(max(wait, timedelta()), LONGEST_SLEEP))

    async def _not_sent(self, quota: _Quota, cost: int, reserved: Granted[Any]) -> None:
        # Not outlasted: a call that is given back twice would let one too many leave; one that stays counted
        # costs no answer.
        await self._database.transact(
            lambda session: quota.within(session).release(quota.holder, cost, reserved.at)
        )

    async def _refused(self, quota: _Quota, reserved: Granted[Any], refusal: LimitExceeded) -> None:
        now = self._clock.now()
        await self._learn(
            lambda session: quota.within(session).exceeded(
                quota.holder, refusal.window, refusal.retry_after, reserved.at, now
            )
        )

    async def _answered(self, quota: _Quota, cost: int, reserved: Granted[Any], usage: object | None) -> None:
        now = self._clock.now()
        # Most answers teach nothing that the reservation did not know: those cost no transaction.
        if usage is None:
            return
        if quota.budget.observe(reserved.state, cost, usage, reserved.at, now) == reserved.state:
            return
        await self._learn(
            lambda session: quota.within(session).observe(quota.holder, cost, usage, reserved.at, now)
        )

    async def _learn(self, write: Callable[[Session], Awaitable[None]]) -> None:
        # The answer is paid for: it must not be lost with the transaction. After a commit whose own answer
        # was lost, a correction may be made twice; the vendor's next answer puts that right.
        await outlast(lambda: self._database.transact(write))
