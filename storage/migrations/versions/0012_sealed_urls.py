"""URLs of webhooks are sealed, and which passes over the data are done."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is there is sealed by the first worker that starts: a migration has no key.
    op.add_column("webhook_subscriptions", sa.Column("url_encrypted", sa.LargeBinary(), nullable=True))
    op.create_table(
        "data_passes",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_data_passes"),
    )
