"""Looking ids up by their beginning."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession


async def ids_starting_with(session: AsyncSession, column: Any, prefix: str) -> list[UUID]:
    """Return up to two ids of a column that begin with `prefix` (hexadecimal, dashes optional)."""
    plain = prefix.replace("-", "").lower()
    low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
    return list(await session.scalars(select(column).where(column.between(low, high)).limit(2)))
