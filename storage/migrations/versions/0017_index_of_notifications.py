"""An index that counts what became of notifications, without a look at their rows."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_wishlist_notifications_state", "wishlist_notifications", ["workspace", "state", "reason"]
    )
