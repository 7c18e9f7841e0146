"""The wishlist tables: who wishes for what, and who is told of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId

# Notifications that no mail has taken up yet, as the partial index says it.
UNPLANNED = text("state = 'due' AND effect_id IS NULL")


class WishlistItemRow(Base):
    """A user's wish for a product. `currency` is that of the price; None is the product's."""

    __tablename__ = "wishlist_items"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    product_id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    user_id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    notify_on_sale: Mapped[bool]
    notify_on_stock: Mapped[bool]
    price_when_added_cents: Mapped[int]
    currency: Mapped[str | None] = mapped_column(String(3))
    added_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace", "product_id"],
            ["wishlist_products.workspace", "wishlist_products.id"],
            name="fk_wishlist_items_product_id",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["workspace", "user_id"],
            ["wishlist_users.workspace", "wishlist_users.id"],
            name="fk_wishlist_items_user_id",
            ondelete="CASCADE",
        ),
        Index("ix_wishlist_items_user_id", "workspace", "user_id"),
        # A return to stock is told to those who wished first.
        Index("ix_wishlist_items_added_at", "workspace", "product_id", "added_at", "user_id"),
    )


class NotificationRow(Base):
    """What a user is to be told of a wish, once for each episode and price.

    State: due (written by a check) -> sent | failed (by the settlement of its mail) or skipped, with the
    reason (when the mail was about to be sent). A skipped one may become due again. `told_cents` is the price
    that its mail has said, where that is another one than was found. `currency` is that of the prices; None
    is the product's.
    """

    __tablename__ = "wishlist_notifications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    product_id: Mapped[str] = mapped_column(OuterId)
    user_id: Mapped[str] = mapped_column(OuterId)
    kind: Mapped[str] = mapped_column(String(20))
    episode: Mapped[int]
    price_cents: Mapped[int]
    baseline_cents: Mapped[int]
    told_cents: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    min_stock: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(50))
    effect_id: Mapped[UUID | None] = mapped_column(ForeignKey("effects.id"), index=True)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint(
            "workspace",
            "product_id",
            "user_id",
            "kind",
            "episode",
            "price_cents",
            name="uq_wishlist_notifications_key",
        ),
        Index(
            "ix_wishlist_notifications_unplanned",
            "workspace",
            "user_id",
            sqlite_where=UNPLANNED,
            postgresql_where=UNPLANNED,
        ),
        # What became of all of them is counted here, without a look at the rows.
        Index("ix_wishlist_notifications_state", "workspace", "state", "reason"),
    )
