"""Occasions, their reminders, and the deliveries of those."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId

# Reminders that wait for their moment, as the partial indexes say it: queries name this very text.
WAITING = text("state = 'QUEUED' AND dispatched_at IS NULL")


class OccasionRow(Base):
    """A day that a user is reminded of. Without `time_zone` the zone is the user's."""

    __tablename__ = "gifting_occasions"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    user_id: Mapped[str] = mapped_column(OuterId)
    title: Mapped[str] = mapped_column(String(500))
    date: Mapped[date]
    repeats: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str | None] = mapped_column(String(500))
    time_zone: Mapped[str | None] = mapped_column(String(100))
    local_time: Mapped[time]
    # The numbers with spaces between them: the greatest ten have 39 characters.
    offsets: Mapped[str] = mapped_column(String(50))
    updated_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace", "user_id"],
            ["wishlist_users.workspace", "wishlist_users.id"],
            name="fk_gifting_occasions_user_id",
            ondelete="CASCADE",
        ),
        Index("ix_gifting_occasions_user_id", "workspace", "user_id", "id"),
    )


class ReminderRow(Base):
    """A reminder, once for each occasion, date and offset. `ReminderState` says how it goes on.

    A QUEUED one that is dispatched is being sent: it is no longer moved. Rows outlive their occasion, so
    that an occasion that is stored again reminds nobody twice.
    """

    __tablename__ = "gifting_reminders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    occasion_id: Mapped[str] = mapped_column(OuterId)
    date: Mapped[date]
    offset_days: Mapped[int]
    remind_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(500))
    dispatched_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("workspace", "occasion_id", "date", "offset_days", name="uq_gifting_reminders_key"),
        Index(
            "ix_gifting_reminders_waiting",
            "state",
            "remind_at",
            "id",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
    )


class ReminderDeliveryRow(Base):
    """Which effect delivers a reminder, by which channel, and to which device if that is push."""

    __tablename__ = "gifting_reminder_deliveries"

    effect_id: Mapped[UUID] = mapped_column(ForeignKey("effects.id"), primary_key=True)
    reminder_id: Mapped[UUID] = mapped_column(ForeignKey("gifting_reminders.id"), index=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    channel: Mapped[str] = mapped_column(String(20))
    device_id: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(50))
