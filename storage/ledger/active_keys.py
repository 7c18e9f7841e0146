"""The active tasks of batched queues that are about given keys: other tasks wait for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import ACTIVE_STATES, TaskState
from mainspring.storage.dialect import chunks
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow


@dataclass(frozen=True)
class ActiveKey:
    """An active task of a batched queue that is about a key.

    `is_claimed`: a worker has the task. `again_at` is when the task is tried again, if it waits for that.
    """

    key: str
    state: TaskState
    is_claimed: bool
    again_at: datetime | None


class ActiveKeys(Repository):
    """Looks for the active tasks of keys in a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def of_job(self, job: str, keys: Collection[str]) -> list[ActiveKey]:
        """Return the active tasks of a job that are about these keys, which are without the job's name."""
        found: list[ActiveKey] = []
        for chunk in chunks(sorted(set(keys))):
            query = select(
                TaskRow.job_key,
                TaskRow.state,
                TaskRow.claimed_by,
                TaskRow.next_attempt_at,
                TaskRow.resumes_at,
            ).where(
                TaskRow.workspace == self._workspace,
                TaskRow.job_key.in_([f"{job}/{key}" for key in chunk]),
                TaskRow.state.in_(ACTIVE_STATES),
            )
            found += [
                ActiveKey(
                    (row.job_key or "").removeprefix(f"{job}/"),
                    TaskState(row.state),
                    row.claimed_by is not None,
                    row.next_attempt_at or row.resumes_at,
                )
                for row in await self._session.execute(query)
            ]
        return found
