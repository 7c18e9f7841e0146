"""The shop's tables: products as the platform tells them, and the catalogue as a CMS tells of it."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId

# Products that are shown, as the partial index says it.
SHOWN = text("status = 'published' AND visible_to_gifter")


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


class BrandRow(Base):
    """A brand of the catalogue, as of `changed_at`."""

    __tablename__ = "shop_brands"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    slug: Mapped[str | None] = mapped_column(String(200))
    changed_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CatalogueProductRow(Base):
    """A product of the catalogue, as of `changed_at`; `content_hash` is of what models read of it."""

    __tablename__ = "shop_products"
    __table_args__ = (
        Index("ix_shop_products_shown", "workspace", "id", sqlite_where=SHOWN, postgresql_where=SHOWN),
        Index("ix_shop_products_brand_id", "workspace", "brand_id"),
    )

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    brand_id: Mapped[str | None] = mapped_column(OuterId)
    title: Mapped[str] = mapped_column(String(500))
    slug: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(50))
    visible_to_gifter: Mapped[bool]
    is_featured: Mapped[bool]
    short_description: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    price_cents: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    gift_tags: Mapped[list[str]] = mapped_column(Json)
    occasion_fit: Mapped[list[str]] = mapped_column(Json)
    style_tags: Mapped[list[str]] = mapped_column(Json)
    content_hash: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ProductVariantRow(Base):
    """A form in which a product is sold; `position` is its place among the product's variants."""

    __tablename__ = "shop_variants"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace", "product_id"],
            ["shop_products.workspace", "shop_products.id"],
            ondelete="CASCADE",
        ),
    )

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    product_id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    position: Mapped[int]
    sku: Mapped[str | None] = mapped_column(String(200))
    options: Mapped[dict[str, str]] = mapped_column(Json)
    price_cents: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    stock: Mapped[int | None]
