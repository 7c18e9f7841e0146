"""Fairness keys: what `workspace` was in tasks and webhook subscriptions is the key of a task's turns."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POOL_QUEUED = sa.text("is_pooled AND state = 'QUEUED'")


def upgrade() -> None:
    # In place on both databases: `tasks` may be large, and others refer to it. Indexes follow the column.
    op.execute("ALTER TABLE tasks RENAME COLUMN workspace TO fairness_key")
    op.drop_index("ix_tasks_pool_workspace", "tasks")
    op.create_index(
        "ix_tasks_pool_fairness_key",
        "tasks",
        ["job", "priority", "fairness_key", "pool_turn"],
        sqlite_where=POOL_QUEUED,
        postgresql_where=POOL_QUEUED,
    )
    op.execute("ALTER TABLE webhook_subscriptions RENAME COLUMN workspace TO fairness_key")
