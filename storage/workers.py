"""Which workers run: each says so every few seconds, so that others can tell a dead one from a slow one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, literal, select

from mainspring.storage.dialect import insert_into, is_postgresql
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WorkerRow

# Nobody asks any more of a worker that died so long ago.
FORGOTTEN_AFTER = timedelta(days=1)
# What a worker that died so long ago has left behind is another's by now.
OF_NO_INTEREST_AFTER = timedelta(seconds=30)


class WorkerRegister(Repository):
    """The rows of workers, inside the caller's transaction. `now` is for a database without a clock."""

    async def say(self, worker: UUID, *, now: datetime) -> None:
        """Note that a worker runs."""
        seen = {"id": worker, "seen_at": self._now(now)}
        statement = insert_into(self._session, WorkerRow).values(seen)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": self._now(now)})
        )

    async def leave(self, worker: UUID) -> None:
        """Note that a worker stops, which is no death."""
        await self._session.execute(delete(WorkerRow).where(WorkerRow.id == worker))

    async def forget(self, *, now: datetime) -> None:
        """Forget the workers that died long ago."""
        await self._session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - FORGOTTEN_AFTER))

    async def running(self, *, now: datetime) -> int:
        """Return how many workers have said lately that they run."""
        found = await self._session.execute(select(WorkerRow.seen_at, self._now(now).label("now")))
        return sum(row.now - row.seen_at < OF_NO_INTEREST_AFTER for row in found)

    async def others(self, worker: UUID, *, now: datetime) -> list[timedelta]:
        """Return how long ago the other workers last said that they run, without those that died long ago."""
        found = await self._session.execute(
            select(WorkerRow.seen_at, self._now(now).label("now")).where(WorkerRow.id != worker)
        )
        silent = [row.now - row.seen_at for row in found]
        return [each for each in silent if each < OF_NO_INTEREST_AFTER]

    async def silent_for(self, worker: UUID, *, now: datetime) -> timedelta | None:
        """Return how long ago a worker last said that it runs; None when it was told to stop."""
        found = (
            await self._session.execute(
                select(WorkerRow.seen_at, self._now(now).label("now")).where(WorkerRow.id == worker)
            )
        ).one_or_none()
        if found is None:
            return None
        silent: timedelta = found.now - found.seen_at
        return silent

    def _now(self, now: datetime) -> ColumnElement[Any]:
        # The clocks of two machines differ; SQLite serves one machine.
        return (
            func.clock_timestamp(type_=WorkerRow.seen_at.type)
            if is_postgresql(self._session)
            else literal(now, WorkerRow.seen_at.type)
        )
