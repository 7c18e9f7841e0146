"""What people say about a key: its callers, who may differ, and its owner, who knows of a new plan first."""

from dataclasses import replace

from mainspring.domain.cards.quota.plans import Plan
from mainspring.domain.cards.quota.state import Counter, QuotaState


def called_with(state: QuotaState, plan: Plan, anchor_day: int) -> QuotaState:
    """Return the state for a caller that takes the key for one of this plan and anchor day.

    What the vendor has taught outlives every caller. Until the vendor has taught something, the smaller
    limits of the plans that differ hold, and the anchor day of the last caller.
    """
    if plan.name != state.plan and state.vendor_plan is None:
        state = replace(state, plan=plan.name, limits=state.limits.at_most(plan.limits))
    if anchor_day != state.plan_anchor_day and not state.is_anchor_taught:
        state = replace(state, plan_anchor_day=anchor_day, anchor_day=anchor_day)
    return state


def declared(state: QuotaState, plan: Plan, anchor_day: int | None) -> QuotaState:
    """Return the state of a key whose owner has changed its plan; None leaves the anchor day as it is.

    The plan holds for every caller until the vendor's next answer. What is used stays used.
    """
    state = replace(state, plan=plan.name, limits=plan.limits, vendor_plan=plan.name)
    if anchor_day is None:
        return state
    return replace(state, plan_anchor_day=anchor_day, anchor_day=anchor_day, is_anchor_taught=True)


def lifted(state: QuotaState) -> QuotaState:
    """Return the state without what keeps its requests back for longer than a minute.

    A full day or month counts as empty until the vendor's next answer, which says what is used of it.
    """
    return replace(
        state,
        block=None,
        day=_emptied(state.day, state.limits.day),
        month=_emptied(state.month, state.limits.month),
    )


def _emptied(counter: Counter, limit: int) -> Counter:
    return Counter(counter.start, 0) if counter.used >= limit else counter
