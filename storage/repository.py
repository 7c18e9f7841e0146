"""What every repository has: its caller's session, ids by their beginning, and pages of a list."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Update, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

Query = TypeVar("Query", bound=Select[Any])

# The time and the id of the last row of a page: the next page begins below that row.
Cursor = tuple[datetime, UUID]


class Repository:
    """Queries and writes inside the caller's transaction: the caller commits, a repository never does."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _ids_starting_with(self, column: Any, prefix: str, own: ColumnElement[bool]) -> list[UUID]:
        """Return up to two ids of a column that begin with `prefix` (hexadecimal, dashes optional).

        `own` is the condition for the rows that the caller may see.
        """
        plain = prefix.replace("-", "").lower()
        low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
        return list(
            await self._session.scalars(select(column).where(column.between(low, high), own).limit(2))
        )

    async def _changed(self, statement: Update) -> int:
        """Execute an UPDATE and return how many rows it has changed."""
        result = await self._session.execute(statement)
        count: int = result.rowcount  # type: ignore[attr-defined]  # a DML result has it
        return count


def found_otherwise(column: Any, workspace: str) -> ColumnElement[bool]:
    """Return the condition for rows of a workspace that are found by another column, such as their id.

    SQLite counts no rows: it would take an index that begins with the workspace, and go through all of that.
    """
    condition: ColumnElement[bool] = column.concat("") == workspace
    return condition


def newest_first(query: Query, key: tuple[Any, Any], *, before: Cursor | None = None, limit: int) -> Query:
    """Return a page of a query; `key` is the columns of a row's time and id, `before` the last row above."""
    query = query.order_by(*(column.desc() for column in key)).limit(limit)
    return query if before is None else query.where(tuple_(*key) < before)
