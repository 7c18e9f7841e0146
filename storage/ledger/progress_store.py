"""How far a task is: what its activities report, and the checkpoint from which a retried one goes on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import JsonObject
from mainspring.domain.tasks import percentage
from mainspring.storage.dialect import greatest
from mainspring.storage.ledger.flow_progress import FlowProgress
from mainspring.storage.ledger.rows import still_active
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow


class ProgressStore(Repository):
    """Writes how far a task is, and reads where it goes on, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._flows = FlowProgress(session)

    async def report(
        self,
        task_id: UUID,
        *,
        processed: int,
        total: int | None,
        part: float = 0,
        step: str | None,
        checkpoint: JsonObject,
        now: datetime,
    ) -> None:
        """Write how far the work is, in the transaction that stores it; the percentage never falls.

        A retried activity goes on from `checkpoint`, so that its counts stay right whatever died.
        """
        percent = percentage(processed, total, part)
        parent_id = await self._session.scalar(
            still_active(task_id)
            .values(
                processed=processed,
                total=total,
                current_step=step,
                checkpoint=checkpoint,
                progress=greatest(self._session, TaskRow.progress, percent),
                updated_at=now,
            )
            .returning(TaskRow.parent_id)
        )
        if parent_id is not None:
            await self._flows.follow_children(parent_id, now=now)

    async def note_step(self, task_id: UUID, step: str, *, now: datetime) -> None:
        """Write what a task is doing just now."""
        await self._session.execute(still_active(task_id).values(current_step=step, updated_at=now))

    async def checkpoint(self, task_id: UUID, *, hold: bool = False) -> JsonObject | None:
        """Return what `report_progress` last kept; `hold` keeps others from it until the transaction ends."""
        query = select(TaskRow.checkpoint).where(TaskRow.id == task_id)
        # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its beginning.
        return await self._session.scalar(query.with_for_update(key_share=True) if hold else query)
