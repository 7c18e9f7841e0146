"""Which currency the price of a wish, and the price that is told of, is in."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("wishlist_items", "wishlist_notifications"):
        # None is what an earlier release writes while it runs beside this one: the product's own. What is there
        # gets it in revision 0014: a column that is added locks its table until the transaction ends.
        op.add_column(table, sa.Column("currency", sa.String(3), nullable=True))
