"""The budget of a vendor whose windows are known: named windows with limits, each rolling or of the calendar.

CLAUDE = WindowBudget("Claude", "tokens", (
Rolling("minute", 40_000, timedelta(minutes=1)),
Calendar("day", 1_000_000, "day"),
))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from mainspring.contracts.retry import Retry
from mainspring.domain.quota.budget import Exhausted, Granted
from mainspring.domain.quota.windows import Buckets, Calendar, Rolling, Window, added, free_at, kept

# A full window that is no longer than this is waited for where the call is made.
BRIEF = timedelta(minutes=1)

# For how long a window that the vendor calls full is left alone, at least.
SHORTEST_BLOCK = timedelta(seconds=1)

# No vendor blocks a window for longer, whatever it asks for: a month is the longest there is.
LONGEST_BLOCK = timedelta(days=31)


class CostAboveLimit(ValueError):
    """A call costs more than a window ever allows: waiting does not help."""

    retry: ClassVar[Retry] = Retry.NEVER


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is used, by the name of the window; and until when the vendor has said that one is full."""

    used: Mapping[str, Buckets] = field(default_factory=dict)
    blocked: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer says that its call has cost, which the reservation could only estimate."""

    units: int


@dataclass(frozen=True, slots=True)
class WindowBudget:
    """At most so much in each of some windows; `unit` is what is counted: requests, tokens, cents."""

    service: str
    unit: str
    windows: tuple[Window, ...]

    @property
    def state_type(self) -> type[BudgetState]:
        """What is stored for a holder."""
        return BudgetState

    def fresh(self, _now: datetime) -> BudgetState:
        """Return the state of a holder that nothing is known about."""
        return BudgetState()

    def reserve(
        self, state: BudgetState, cost: int, now: datetime
    ) -> Granted[BudgetState] | Exhausted[BudgetState]:
        """Count `cost` units at `now`, or say which window is full and until when.

        Raises CostAboveLimit: when no window of that size can ever hold so much.
        """
        self._check(cost)
        present = self._kept(state, now)
        waits = [(self._free_at(present, window, cost, now), window.name) for window in self.windows]
        # The vendor may have a window that the budget does not know.
        waits += [(until, name) for name, until in present.blocked.items()]
        # In a tie the longer window, which comes later in the budget, names the wait.
        until, name = max(reversed(waits), key=lambda wait: wait[0], default=(now, ""))
        if until > now:
            return Exhausted(name, until, state)
        return Granted(now, self._added(present, cost, now))

    def release(self, state: BudgetState, cost: int, reserved_at: datetime) -> BudgetState:
        """Give back a call that certainly never left, in the windows that still count it."""
        return self._corrected(state, -cost, reserved_at)

    def observe(
        self, state: BudgetState, cost: int, usage: Spent, reserved_at: datetime, _now: datetime
    ) -> BudgetState:
        """Count what the call has cost in the place of what was reserved for it."""
        return self._corrected(state, usage.units - cost, reserved_at)

    def exceeded(
        self,
        state: BudgetState,
        window: str,
        retry_after: timedelta | None,
        reserved_at: datetime,
        now: datetime,
    ) -> BudgetState:
        """Leave a window alone that the vendor calls full: as long as asked, or until it has passed.

        Close to the beginning of a day or month, the vendor's clock may only be behind: the window is left
        alone for a minute at most.
        """
        until = (
            now + min(max(retry_after, SHORTEST_BLOCK), LONGEST_BLOCK)
            if retry_after is not None
            else self._passed(window, now)
        )
        known_as = next((each for each in self.windows if each.name == window), None)
        if isinstance(known_as, Calendar) and not known_as.is_settled(reserved_at, now):
            until = min(until, now + BRIEF)
        known = state.blocked.get(window)
        return replace(state, blocked={**state.blocked, window: max(until, known or until)})

    def lift(self, state: BudgetState) -> BudgetState:
        """Return the state without the blocks that the vendor has asked for."""
        return replace(state, blocked={})

    def is_brief(self, window: str) -> bool:
        """Whether a full window frees itself within a minute."""
        return any(
            each.name == window and isinstance(each, Rolling) and each.span <= BRIEF for each in self.windows
        )

    def _check(self, cost: int) -> None:
        least = min(self.windows, key=lambda each: each.limit, default=None)
        if least is not None and cost > least.limit:
            raise CostAboveLimit(
                f"{self.service}: {cost} {self.unit} in one call: the {least.name} has {least.limit}"
            )

    def _kept(self, state: BudgetState, now: datetime) -> BudgetState:
        used = {each.name: kept(each, state.used.get(each.name, ()), now) for each in self.windows}
        return BudgetState(used, {name: until for name, until in state.blocked.items() if until > now})

    def _free_at(self, state: BudgetState, window: Window, cost: int, now: datetime) -> datetime:
        free = free_at(window, state.used[window.name], cost, now)
        return max(free, state.blocked.get(window.name, now))

    def _added(self, state: BudgetState, units: int, now: datetime) -> BudgetState:
        used = {each.name: added(each, state.used.get(each.name, ()), units, now) for each in self.windows}
        return replace(state, used=used)

    def _corrected(self, state: BudgetState, units: int, reserved_at: datetime) -> BudgetState:
        """Add to the buckets that count a call of `reserved_at`; what has passed is left alone."""
        used = {
            each.name: tuple(
                (start, max(0, count + units * (start == each.start_of_bucket(reserved_at))))
                for start, count in state.used.get(each.name, ())
            )
            for each in self.windows
        }
        return replace(state, used=used)

    def _passed(self, window: str, now: datetime) -> datetime:
        for each in self.windows:
            if each.name == window:
                return now + each.span if isinstance(each, Rolling) else _end(each, now)
        return now + BRIEF


def _end(window: Calendar, now: datetime) -> datetime:
    return window.counted_until(window.start_of_bucket(now))
