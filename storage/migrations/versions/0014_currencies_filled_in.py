"""Prices of before say which currency they are in: that which their product has."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In a transaction of its own: it holds rows, and no table.
    for table in ("wishlist_items", "wishlist_notifications"):
        op.execute(
            f"UPDATE {table} SET currency = (SELECT p.currency FROM wishlist_products p"  # our own names
            f" WHERE p.workspace = {table}.workspace AND p.id = {table}.product_id) WHERE currency IS NULL"
        )
