"""Budgets: what a vendor allows in a time. Pure: no clock, no I/O.

`budget` is what a gateway says of its vendor; `windows` and `window_budget` are the budget of a vendor whose
windows are known and whose answers teach nothing.
"""

from mainspring.domain.quota.budget import Budget, Exhausted, Granted
from mainspring.domain.quota.window_budget import BudgetState, CostAboveLimit, Spent, WindowBudget
from mainspring.domain.quota.windows import Calendar, Rolling

__all__ = [
    "Budget",
    "BudgetState",
    "Calendar",
    "CostAboveLimit",
    "Exhausted",
    "Granted",
    "Rolling",
    "Spent",
    "WindowBudget",
]
