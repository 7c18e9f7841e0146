"""The shop's table: products, as the platform tells them."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class WishedProductRow(Base):
    """A product. The last columns are what checks have seen of it; an import leaves them as they are."""

    __tablename__ = "wishlist_products"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    url: Mapped[str] = mapped_column(Text)
    image_url: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3))
    price_cents: Mapped[int]
    sale_price_cents: Mapped[int | None]
    sale_starts_at: Mapped[datetime | None]
    sale_ends_at: Mapped[datetime | None]
    stock: Mapped[int]
    updated_at: Mapped[datetime]
    seen_on_sale: Mapped[bool]
    sale_episode: Mapped[int]
    seen_sold_out: Mapped[bool]
    stock_episode: Mapped[int]
    restocked_at: Mapped[datetime | None]
