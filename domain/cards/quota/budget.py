"""JustTCG's budget: a plan of its price list, in a month that begins on the account's anchor day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mainspring.domain.cards.quota import decisions, sharing
from mainspring.domain.cards.quota.plans import Plan, Usage
from mainspring.domain.cards.quota.state import QuotaState, fresh
from mainspring.domain.cards.quota.windows import Window
from mainspring.domain.quota import Exhausted, Granted

WINDOWS: dict[str, Window] = {"minute": "minute", "day": "day", "month": "month"}


@dataclass(frozen=True, slots=True)
class JustTcgBudget:
    """The requests that a key may send; its answers correct what is known of it."""

    plan: Plan
    anchor_day: int

    @property
    def service(self) -> str:
        """The vendor."""
        return "JustTCG"

    @property
    def unit(self) -> str:
        """Requests; each call is one."""
        return "requests"

    @property
    def state_type(self) -> type[QuotaState]:
        """What is stored for a key."""
        return QuotaState

    def fresh(self, now: datetime) -> QuotaState:
        """Return the state of a key that nothing is known about."""
        return fresh(self.plan, self.anchor_day, now)

    def reserve(
        self, state: QuotaState, _cost: int, now: datetime
    ) -> Granted[QuotaState] | Exhausted[QuotaState]:
        """Count one request at `now`, or say which window is full and until when."""
        return decisions.reserve(state, self.plan, self.anchor_day, now)

    def release(self, state: QuotaState, _cost: int, reserved_at: datetime) -> QuotaState:
        """Give back a request that certainly never left."""
        return decisions.release(state, reserved_at)

    def observe(
        self, state: QuotaState, _cost: int, usage: Usage, reserved_at: datetime, now: datetime
    ) -> QuotaState:
        """Learn from the answer to a request of `reserved_at`."""
        return decisions.observe(state, usage, reserved_at, now)

    def exceeded(
        self,
        state: QuotaState,
        window: str,
        retry_after: timedelta | None,
        reserved_at: datetime,
        now: datetime,
    ) -> QuotaState:
        """Learn that a request of `reserved_at` was refused because `window` is full.

        A window that the price list does not have is taken for the minute: a wrong guess costs a minute.
        """
        known = WINDOWS.get(window, "minute")
        return decisions.exceeded(state, known, retry_after, reserved_at, now)

    def lift(self, state: QuotaState) -> QuotaState:
        """Forget a block, and that the day or the month is full, until the next answer."""
        return sharing.lifted(state)

    def is_brief(self, window: str) -> bool:
        """Whether a full window frees itself within a minute."""
        return window == "minute"
