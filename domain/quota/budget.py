"""What is counted for the holder of a budget: reserved before a call, given back, corrected by its answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

State = TypeVar("State")

# How a wait is told by the name of its window.
ADJECTIVES = {"minute": "minute", "hour": "hourly", "day": "daily", "month": "monthly"}


@dataclass(frozen=True, slots=True)
class Granted(Generic[State]):
    """A call of the moment `at` may leave; it is counted in `state`."""

    at: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Exhausted(Generic[State]):
    """`window` is full; `resumes_at` is the earliest moment at which the call can be granted."""

    window: str
    resumes_at: datetime
    state: State


class Budget(Protocol[State]):
    """What a vendor allows, in `unit`: requests, tokens, or money in minor units.

    A call is counted from its reservation on, and is given back only when it certainly never left. `State`
    is a frozen dataclass that JSON can hold; its field names are what is stored.
    """

    @property
    def service(self) -> str:
        """The vendor, as people call it."""
        ...

    @property
    def unit(self) -> str:
        """What is counted."""
        ...

    @property
    def state_type(self) -> type[State]:
        """What is stored for a holder."""
        ...

    def fresh(self, now: datetime) -> State:
        """Return the state of a holder that nothing is known about."""
        ...

    def reserve(self, state: State, cost: int, now: datetime) -> Granted[State] | Exhausted[State]:
        """Count `cost` units at `now`, or say which window is full and until when."""
        ...

    def release(self, state: State, cost: int, reserved_at: datetime) -> State:
        """Give back a call that certainly never left, in the windows that still count it."""
        ...

    def observe(self, state: State, cost: int, usage: Any, reserved_at: datetime, now: datetime) -> State:
        """Learn from what the answer to a call of `reserved_at` says of the budget."""
        ...

    def exceeded(
        self, state: State, window: str, retry_after: timedelta | None, reserved_at: datetime, now: datetime
    ) -> State:
        """Learn that the vendor has refused a call of `reserved_at` because `window` is full."""
        ...

    def lift(self, state: State) -> State:
        """Forget what the vendor asked to wait, because an operator knows better."""
        ...

    def is_brief(self, window: str) -> bool:
        """Whether a full window frees itself soon: the activity then waits, not the workflow."""
        ...


def waiting_for(service: str, window: str) -> str:
    """Say which quota is waited for, as the task ledger shows it: "daily quota of JustTCG"."""
    return f"{ADJECTIVES.get(window, window)} quota of {service}"
