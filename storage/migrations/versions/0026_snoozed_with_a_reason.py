"""Tasks of batched queues that were snoozed with a reason are found as those between two attempts are."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    under_way = sa.text("is_pooled AND state IN ('RUNNING', 'WAITING')")
    op.drop_index("ix_tasks_pool_again", "tasks")
    op.create_index(
        "ix_tasks_pool_again",
        "tasks",
        ["job", "next_attempt_at"],
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
