"""The coins' table."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class CoinRow(Base):
    """A coin; `price_cents` is what the mint says, None before."""

    __tablename__ = "coins"

    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    owner_email: Mapped[str] = mapped_column(String(254))
    year: Mapped[int]
    price_cents: Mapped[int | None]
