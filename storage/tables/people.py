"""The people's tables: users, as the platform tells them, and their devices."""

from datetime import datetime, time

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, true
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
    reminders: Mapped[bool] = mapped_column(server_default=true())
    reminders_by_mail: Mapped[bool] = mapped_column(server_default=true())
    reminders_by_push: Mapped[bool] = mapped_column(server_default=true())
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    mailed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class DeviceRow(Base):
    """A device that pushes are sent to. `id` is the beginning of the SHA-256 of its token."""

    __tablename__ = "devices"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(OuterId)
    token: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(String(20))
    added_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace", "user_id"],
            ["wishlist_users.workspace", "wishlist_users.id"],
            name="fk_devices_user_id",
            ondelete="CASCADE",
        ),
        Index("ix_devices_user_id", "workspace", "user_id"),
    )
