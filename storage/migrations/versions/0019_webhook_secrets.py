"""The former secret of a webhook, which holds for a while, and indexes of webhooks and of their deliveries."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DELIVERIES = sa.text("job = 'deliver-webhook'")


def upgrade() -> None:
    op.add_column(
        "webhook_subscriptions", sa.Column("former_secret_encrypted", sa.LargeBinary(), nullable=True)
    )
    op.add_column("webhook_subscriptions", sa.Column("former_secret_until", UtcDateTime(), nullable=True))
    op.create_index(
        "ix_webhook_subscriptions_created_at", "webhook_subscriptions", ["workspace", "created_at", "id"]
    )
    op.create_index(
        "ix_tasks_deliveries",
        "tasks",
        ["triggered_by", "created_at", "id"],
        sqlite_where=DELIVERIES,
        postgresql_where=DELIVERIES,
    )
