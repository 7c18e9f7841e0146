"""Quotas of a key of JustTCG's: plans, what is used, when a request may leave. Pure: no clock, no I/O.

`plans` is what the vendor sells, `windows` the calendar and the rolling minute, `state` what is kept
for one key, `decisions` how it changes, `sharing` what its callers and its owner say, `months` how the
vendor's count of the month is believed, `boundaries` requests of about a reset, `budget` what the core
reserves requests with.
"""

from mainspring.domain.cards.quota.budget import JustTcgBudget
from mainspring.domain.cards.quota.decisions import exceeded, observe, release, reserve
from mainspring.domain.cards.quota.plans import FREE, PLANS, Limits, Plan, Usage, plan_named
from mainspring.domain.cards.quota.sharing import declared, lifted
from mainspring.domain.cards.quota.state import QuotaState, fresh
from mainspring.domain.cards.quota.uses import WindowUse, uses
from mainspring.domain.cards.quota.windows import Window
from mainspring.domain.quota import Exhausted, Granted

__all__ = [
    "FREE",
    "PLANS",
    "Exhausted",
    "Granted",
    "JustTcgBudget",
    "Limits",
    "Plan",
    "QuotaState",
    "Usage",
    "Window",
    "WindowUse",
    "declared",
    "exceeded",
    "fresh",
    "lifted",
    "observe",
    "plan_named",
    "release",
    "reserve",
    "uses",
]
