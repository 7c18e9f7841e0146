"""The people's table: users, as the platform tells them."""

from datetime import datetime, time

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class WishlistUserRow(Base):
    """A user. `mailed_at` is when the last mail of alerts was sent."""

    __tablename__ = "wishlist_users"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(500))
    time_zone: Mapped[str] = mapped_column(String(100))
    locale: Mapped[str] = mapped_column(String(50))
    sale_alerts: Mapped[bool]
    stock_alerts: Mapped[bool]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    mailed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
