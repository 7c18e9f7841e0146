"""URLs of webhooks are sealed, and which passes over the data are done."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is there is sealed by `mainspring encryption reseal`: a migration has no key.
    op.add_column("webhook_subscriptions", sa.Column("url_encrypted", sa.LargeBinary(), nullable=True))
    passes = op.create_table(
        "data_passes",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_data_passes"),
    )
    # Workers of the release before may go on beside this one, and open nothing that is sealed.
    for table in ("tasks", "webhook_subscriptions"):
        if op.get_bind().scalar(sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)):
            row = {"name": "upgraded from 0.1", "done_at": datetime.now(UTC)}
            op.bulk_insert(passes, [row])
            return
