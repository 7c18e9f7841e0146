"""What a flow writes of itself: its steps at the beginning, those that nobody works on, and its end."""

from datetime import datetime
from uuid import UUID

from temporalio import activity

from mainspring.contracts.flows import (
    AdHocPlan,
    CloseFlow,
    FlowOpened,
    FlowResult,
    OpenFlow,
    RecallSteps,
    SettleSteps,
    StepsRecalled,
)
from mainspring.domain.flows import flow_result, open_flow
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import StepQueries, StepStore


class FlowActivities:
    """The bookkeeping of `workflows.runtime.flow`: short, idempotent, local. No answer is much above 1 MB."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @activity.defn(name="flows.keep_plan")
    async def keep_plan(self, plan: AdHocPlan) -> AdHocPlan:
        """Return the plan, so that it is in the history: a later release may find another one."""
        return plan

    @activity.defn(name="flows.open")
    async def open(self, message: OpenFlow) -> FlowOpened:
        """Write the pending steps, and return which of them earlier tasks have done."""
        needs = {step.name: step.needs for step in message.steps}

        async def write(session: Session) -> FlowOpened:
            await StepStore(session).open(message.task_id, message.steps, now=self._clock.now())
            return open_flow(needs, await StepQueries(session).earlier_runs(message.task_id))

        return await self._database.transact(write)

    @activity.defn(name="flows.recall")
    async def recall(self, message: RecallSteps) -> StepsRecalled:
        """Return what the first of these steps gave back; none when the others are not there any more."""
        data = await self._database.read(lambda session: StepQueries(session).recall(message.steps))
        return StepsRecalled(data=data)

    @activity.defn(name="flows.settle")
    async def settle(self, message: SettleSteps) -> None:
        """Write the steps that were taken over, failed or are skipped."""
        await self._database.transact(
            lambda session: StepStore(session).record_unworked(
                message.task_id,
                adopted=message.adopted,
                failed=message.failed,
                skipped=message.skipped,
                now=self._clock.now(),
            )
        )

    @activity.defn(name="flows.close")
    async def close(self, message: CloseFlow) -> FlowResult:
        """End the steps that are open, write the task's result, and return its sums without the steps."""
        now = self._clock.now()

        async def write(session: Session) -> FlowResult | None:
            result = await close_flow(session, message.task_id, now=now)
            if result is not None:
                await StepStore(session).keep_result(message.task_id, result)
            return result

        result = await self._database.transact(write)
        whole = result or flow_result([], started_at=now, completed_at=now)
        return whole.model_copy(update={"steps": {}})


async def close_flow(session: Session, task_id: UUID, *, now: datetime) -> FlowResult | None:
    """End the steps of a flow that are open, and return them all; None for a task without steps."""
    steps, started_at = await StepStore(session).close(task_id, now=now)
    return flow_result(steps, started_at=started_at, completed_at=now) if steps else None
