"""Requests of about the time of a reset, which the vendor's clock may count in the window before."""

from dataclasses import replace
from datetime import datetime

from mainspring.domain.cards.quota.state import Counter
from mainspring.domain.cards.quota.windows import MinuteLog, second_of
from mainspring.domain.quota.windows import CLOCK_TOLERANCE


def is_settled(counter: Counter, reserved_at: datetime) -> bool:
    """Whether a request of `reserved_at` surely counts in this window, by the vendor's clock too."""
    return reserved_at >= counter.start + CLOCK_TOLERANCE


def at_least(counter: Counter, used: int) -> Counter:
    """Return the counter, raised to `used` when it is below."""
    return replace(counter, used=max(counter.used, used))


def counted(counter: Counter, now: datetime) -> Counter:
    """Return the counter with a request that leaves at `now`."""
    unsettled = counter.unsettled + (not is_settled(counter, now))
    return Counter(counter.start, counter.used + 1, unsettled)


def given_back(counter: Counter, reserved_at: datetime) -> Counter:
    """Return the counter without a request of `reserved_at`, if the counter has it."""
    if reserved_at < counter.start:
        return counter
    unsettled = counter.unsettled - (not is_settled(counter, reserved_at))
    return Counter(counter.start, max(counter.used - 1, 0), max(unsettled, 0))


def located(counter: Counter, told: int, reserved_at: datetime, log: MinuteLog) -> Counter:
    """Return the counter without requests that the vendor, who told that `told` are used, counts before it.

    Right after a reset, more than ours is the old window's count. Later, the vendor has all of the new
    window's requests but those of the last minute: what ours has more of `unsettled` ones is not there.
    """
    if counter.unsettled == 0 or reserved_at < counter.start:
        return counter
    if not is_settled(counter, reserved_at):
        return given_back(counter, reserved_at) if told > counter.used else counter
    settled_from = second_of(counter.start + CLOCK_TOLERANCE)
    recent = sum(count for second, count in log if second >= settled_from)
    surplus = min(counter.unsettled, max(counter.used - told - recent, 0))
    return Counter(counter.start, counter.used - surplus, counter.unsettled - surplus)
