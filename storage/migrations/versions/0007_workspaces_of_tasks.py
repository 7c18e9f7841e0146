"""Workspaces of tasks and webhook subscriptions; keys of active tasks are free in each workspace."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ACTIVE = sa.text("state IN ('QUEUED', 'RUNNING', 'WAITING')")
ENABLED = sa.text("disabled_at IS NULL")


def upgrade() -> None:
    # In place: SQLite could end the default only by making the table anew, and others refer to `tasks`.
    _add_workspace("tasks")
    op.drop_index("uq_tasks_active_dedupe_key", "tasks")
    op.create_index(
        "uq_tasks_active_dedupe_key",
        "tasks",
        ["workspace", "dedupe_key"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.drop_index("ix_tasks_created_at", "tasks")
    op.create_index("ix_tasks_created_at", "tasks", ["workspace", "created_at", "id"])
    op.drop_index("ix_tasks_job_key", "tasks")
    op.create_index("ix_tasks_job_key", "tasks", ["workspace", "job_key", "created_at"])
    # A subscription is told of tasks of its own workspace only: until now all tasks were those of `default`.
    _add_workspace("webhook_subscriptions")
    op.drop_index("ix_webhook_subscriptions_active", "webhook_subscriptions")
    op.create_index(
        "ix_webhook_subscriptions_active",
        "webhook_subscriptions",
        ["workspace"],
        sqlite_where=ENABLED,
        postgresql_where=ENABLED,
    )


def _add_workspace(table: str) -> None:
    kind = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    op.add_column(table, sa.Column("workspace", kind, nullable=False, server_default="default"))
    if op.get_context().dialect.name == "postgresql":
        op.alter_column(table, "workspace", server_default=None)
