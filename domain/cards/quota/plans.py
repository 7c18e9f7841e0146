"""What the vendor sells and what its answers say about a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The most requests in a minute, a day and a month."""

    minute: int
    day: int
    month: int

    def at_most(self, other: "Limits") -> "Limits":
        """Return the smaller limit of each window."""
        return Limits(
            minute=min(self.minute, other.minute),
            day=min(self.day, other.day),
            month=min(self.month, other.month),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a subscription allows: requests a month, a day and a minute, and items in one request."""

    name: str
    month: int
    day: int
    minute: int
    items_per_request: int

    @property
    def limits(self) -> Limits:
        """The plan's limits."""
        return Limits(minute=self.minute, day=self.day, month=self.month)


# JustTCG's price list; the names are those that `_metadata.apiPlan` says.
FREE = Plan("Free Tier", month=1_000, day=100, minute=10, items_per_request=20)
PLANS = (
    FREE,
    Plan("Starter", month=10_000, day=1_000, minute=50, items_per_request=100),
    Plan("Professional", month=50_000, day=5_000, minute=100, items_per_request=100),
    Plan("Enterprise", month=500_000, day=50_000, minute=500, items_per_request=200),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer says about the key (`_metadata`): its limits and what is used, in requests."""

    plan: str
    minute_limit: int
    day_limit: int
    month_limit: int
    day_used: int
    month_used: int


def plan_named(name: str) -> Plan:
    """Return the plan that the vendor calls `name`; an unknown name is a ValueError that lists the known."""
    for plan in PLANS:
        if plan.name == name:
            return plan
    raise ValueError(f"no plan is called {name!r}; known are {', '.join(plan.name for plan in PLANS)}")
