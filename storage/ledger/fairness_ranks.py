"""The fairness ranks that wait in a batched queue. The statements are built once, for every start asks."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import JSON, Select, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from mainspring.storage.dialect import is_postgresql
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import BATCHED_QUEUED

OF_QUEUE = (BATCHED_QUEUED, TaskRow.job == bindparam("job"), TaskRow.priority == bindparam("priority"))
FIRST = select(TaskRow.fairness_rank).where(*OF_QUEUE).order_by(TaskRow.fairness_rank).limit(1)
LAST = select(func.max(TaskRow.fairness_rank)).where(*OF_QUEUE)
LAST_WITHOUT_KEY = LAST.where(TaskRow.fairness_key.is_(None))


def _last_of_each(keys: Any) -> Select[Any]:
    """Return the query of each key's last rank, which looks into the index once for each key."""
    last = LAST.where(TaskRow.fairness_key == keys).scalar_subquery()
    return select(keys, last)


LAST_OF_EACH = {
    True: _last_of_each(func.unnest(bindparam("keys", type_=ARRAY(String))).column_valued("key")),
    False: _last_of_each(func.json_each(bindparam("keys", type_=JSON)).table_valued("value").c.value),
}


class FairnessRanks(Repository):
    """Looks at the ranks of the rows that wait for their first turn, inside the caller's transaction."""

    async def first(self, job: str, priority: int) -> int:
        """Return the rank whose turn it is, 0 when nothing waits."""
        return await self._session.scalar(FIRST, {"job": job, "priority": priority}) or 0

    async def last_of(self, keys: Collection[str | None], job: str, priority: int) -> dict[str | None, int]:
        """Return the last rank of each key that has a row waiting."""
        of_queue = {"job": job, "priority": priority}
        named = [key for key in keys if key is not None]
        last: dict[str | None, int | None] = {}
        if len(named) < len(keys):
            last[None] = await self._session.scalar(LAST_WITHOUT_KEY, of_queue)
        if named:
            query = LAST_OF_EACH[is_postgresql(self._session)]
            rows = await self._session.execute(query, of_queue | {"keys": named})
            last |= {row[0]: row[1] for row in rows}
        return {key: rank for key, rank in last.items() if rank is not None}
