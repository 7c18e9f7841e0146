"""What the ledger's queries share: rows as messages, and the clause that keeps a final state final."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import ACTIVE_STATES, Task, TaskError
from mainspring.storage.tables import TaskErrorRow, TaskRow

ACTIVE_NAMES = sorted(ACTIVE_STATES)


class LedgerQueries:
    """Queries of the ledger, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        # What subscribers will be told of what was written: its drain is to be woken after the commit.
        self.deliveries: list[UUID] = []

    async def known(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these ids have a row."""
        return set(await self._session.scalars(select(TaskRow.id).where(TaskRow.id.in_(task_ids))))

    async def _changed(self, statement: Update) -> bool:
        result = await self._session.execute(statement)
        return bool(result.rowcount)  # type: ignore[attr-defined]  # a DML result has it


def still_active(task_id: UUID) -> Update:
    """Return an UPDATE of a task that a final state makes void."""
    return update(TaskRow).where(TaskRow.id == task_id, TaskRow.state.in_(ACTIVE_NAMES))


def task_of(row: TaskRow, errors: Sequence[TaskError] = ()) -> Task:
    """Return a row as a message, with the error log that is given."""
    fields = Task.model_fields.keys() - {"errors"}
    return Task.model_validate({name: getattr(row, name) for name in fields} | {"errors": tuple(errors)})


def error_of(row: TaskErrorRow) -> TaskError:
    """Return one entry of the error log."""
    values: dict[str, Any] = {name: getattr(row, name) for name in TaskError.model_fields}
    return TaskError.model_validate(values)
