"""Who is told of tasks' states, and where."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class SubscriptionRow(Base):
    """A subscriber's URL. `failing_since` is when its deliveries began to fail without one success since."""

    __tablename__ = "webhook_subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    # Whole, the URL is sealed: its path and query may be all that a receiver knows its callers by. Where
    # nothing is sealed, `url` is whole.
    url: Mapped[str] = mapped_column(Text)
    url_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    fairness_key: Mapped[str | None] = mapped_column(String(200))
    states: Mapped[list[str]] = mapped_column(Json)
    secret_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    # The secret before the last rotation: deliveries are signed with it as well until then.
    former_secret_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_secret_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_webhook_subscriptions_created_at", "workspace", "created_at", "id"),
        # Every task that ends asks who is told of it.
        Index(
            "ix_webhook_subscriptions_active",
            "workspace",
            sqlite_where=text("disabled_at IS NULL"),
            postgresql_where=text("disabled_at IS NULL"),
        ),
    )
