"""Which currency the price of a wish, and the price that is told of, is in."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("wishlist_items", "wishlist_notifications"):
        # None is what an earlier release writes while it runs beside this one: the product's own.
        op.add_column(table, sa.Column("currency", sa.String(3), nullable=True))
        op.execute(
            f"UPDATE {table} SET currency = (SELECT p.currency FROM wishlist_products p"  # our own names
            f" WHERE p.workspace = {table}.workspace AND p.id = {table}.product_id)"
        )
