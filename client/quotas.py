"""What is used of the quotas of a workspace's keys at vendors."""

from datetime import datetime

from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.message import Message
from mainspring.domain.cards.quota import FREE, JustTcgBudget, QuotaState, WindowUse, uses
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.quota import QuotaRepository

# Any plan: how a state is read does not depend on the plan.
BUDGET = JustTcgBudget(FREE, anchor_day=1)


class QuotaUse(Message):
    """What a key may still send. `holder` names the key and does not give it away.

    `blocked_until` is when the vendor lets requests through again, if it has asked to wait.
    """

    holder: str
    service: str
    unit: str
    plan: str
    windows: tuple[WindowUse, ...]
    blocked_until: datetime | None


class Quotas:
    """The quotas of a workspace's own keys; those of the installation's default keys are in `default`."""

    def __init__(self, database: Database, clock: Clock, *, workspace: str) -> None:
        self._workspace = checked_workspace(workspace)
        self._database = database
        self._clock = clock

    async def all(self, *, after: str = "", limit: int = 50) -> list[QuotaUse]:
        """Return a page of quotas, in the order of their holders; `after` is the last holder above."""
        found = await self._database.read(
            lambda session: QuotaRepository(session, BUDGET, self._workspace).all(after=after, limit=limit)
        )
        return [_use(holder, state, self._clock.now()) for holder, state in found]


def _use(holder: str, state: QuotaState, now: datetime) -> QuotaUse:
    is_blocked = state.block is not None and state.block.until > now
    return QuotaUse(
        holder=holder,
        service=BUDGET.service,
        unit=BUDGET.unit,
        plan=state.vendor_plan or state.plan,
        windows=uses(state, now),
        blocked_until=state.block.until if state.block and is_blocked else None,
    )
