"""What a ledger is known by."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base


class LedgerRow(Base):
    """The one row of this table: the ledger's own id, which the migration has made."""

    __tablename__ = "ledger"

    id: Mapped[UUID] = mapped_column(primary_key=True)
