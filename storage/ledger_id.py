"""By what a ledger is known to others."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.tables.ledger import LedgerRow


async def ledger_id(session: AsyncSession) -> UUID:
    """Return the id of the ledger that a session is of."""
    return (await session.execute(select(LedgerRow.id))).scalar_one()
