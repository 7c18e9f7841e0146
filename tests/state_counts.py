"""The whole ledger in a few numbers."""

from sqlalchemy import func, select

from mainspring.contracts.tasks import TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.tables import TaskRow


async def state_counts(database: Database, *, job: str | None = None) -> dict[TaskState, int]:
    """Return how many tasks are in each state, of all jobs or of one."""
    counted = select(TaskRow.state, func.count()).group_by(TaskRow.state)
    if job is not None:
        counted = counted.where(TaskRow.job == job)

    async def look(session: Session) -> dict[TaskState, int]:
        rows = await session.execute(counted)
        return {TaskState(state): count for state, count in rows}

    return await database.read(look)
