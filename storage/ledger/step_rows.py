"""Looking at the steps of a flow."""

from uuid import UUID

from sqlalchemy import select

from mainspring.contracts.flows import StepResult, StepStatus
from mainspring.storage.ledger.rows import LedgerQueries
from mainspring.storage.tables import TaskStepRow


class StepRows(LedgerQueries):
    """What is read of the steps."""

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return a task's steps as declared; none for one that is not a flow."""
        query = select(TaskStepRow).where(TaskStepRow.task_id == task_id).order_by(TaskStepRow.position)
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        return [
            StepResult(
                step=row.name,
                status=StepStatus(row.status),
                weight=row.weight,
                error=row.error,
                started_at=row.started_at,
                completed_at=row.completed_at,
                attempts=row.attempts,
                data=row.data,
            )
            for row in rows
        ]
