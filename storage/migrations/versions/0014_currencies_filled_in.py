"""Prices of before say which currency they are in: that which their product has."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.migrate import MorePages

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Rows that PostgreSQL holds at once: workers of the release before write to them meanwhile.
PAGE = 5_000

KEYS = {"wishlist_items": "workspace, product_id, user_id", "wishlist_notifications": "id"}


def upgrade() -> None:
    is_in_pages = op.get_context().dialect.name == "postgresql"
    for table, key in KEYS.items():
        if op.get_bind().execute(_fill_in(table, key, is_in_pages)).rowcount == PAGE and is_in_pages:
            raise MorePages


def _fill_in(table: str, key: str, is_in_pages: bool) -> sa.TextClause:
    own = f"FROM wishlist_products p WHERE p.workspace = {table}.workspace AND p.id = {table}.product_id"
    limit = f" LIMIT {PAGE}" if is_in_pages else ""
    return sa.text(
        f"UPDATE {table} SET currency = (SELECT p.currency {own}) WHERE ({key}) IN"  # our own names
        f" (SELECT {key} FROM {table} WHERE currency IS NULL AND EXISTS (SELECT 1 {own}){limit})"
    )
