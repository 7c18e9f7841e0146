"""The catalogue: brands, and products with their variants."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import Json, OuterId, UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SHOWN = sa.text("status = 'published' AND visible_to_gifter")


def upgrade() -> None:
    op.create_table(
        "shop_brands",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("id", OuterId, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_shop_brands"),
    )
    op.create_table(
        "shop_products",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("id", OuterId, nullable=False),
        sa.Column("brand_id", OuterId, nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("visible_to_gifter", sa.Boolean(), nullable=False),
        sa.Column("is_featured", sa.Boolean(), nullable=False),
        sa.Column("short_description", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("gift_tags", Json, nullable=False),
        sa.Column("occasion_fit", Json, nullable=False),
        sa.Column("style_tags", Json, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_shop_products"),
    )
    op.create_index("ix_shop_products_brand_id", "shop_products", ["workspace", "brand_id"])
    op.create_index(
        "ix_shop_products_shown",
        "shop_products",
        ["workspace", "id"],
        sqlite_where=SHOWN,
        postgresql_where=SHOWN,
    )
    op.create_table(
        "shop_variants",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("product_id", OuterId, nullable=False),
        sa.Column("id", OuterId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=200), nullable=True),
        sa.Column("options", Json, nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "product_id"],
            ["shop_products.workspace", "shop_products.id"],
            name="fk_shop_variants_workspace",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "product_id", "id", name="pk_shop_variants"),
    )
