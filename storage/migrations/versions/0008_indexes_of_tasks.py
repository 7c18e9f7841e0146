"""Indexes of tasks for the lists that people ask for, and none that a task's progress writes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ACTIVE = "state IN ('QUEUED', 'RUNNING', 'WAITING')"


def upgrade() -> None:
    op.drop_index("ix_tasks_state_updated_at", "tasks")
    # Most tasks have no parent: SQLite took the index of all of them for a list of these.
    op.drop_index("ix_tasks_parent_id", "tasks")
    _index("parent_id", ["parent_id"], "parent_id IS NOT NULL")
    _index("started", ["id"], f"{ACTIVE} AND run_id IS NOT NULL")
    _index("unstarted", ["priority", "created_at", "id"], "state = 'QUEUED' AND run_id IS NULL")
    _index(
        "cancel_requested_at",
        ["cancel_requested_at"],
        f"{ACTIVE} AND run_id IS NOT NULL AND cancel_requested_at IS NOT NULL",
    )
    op.create_index("ix_tasks_state", "tasks", ["workspace", "state", "created_at", "id"])
    op.create_index("ix_tasks_job", "tasks", ["workspace", "job", "created_at", "id"])
    _index("fairness_key", ["workspace", "fairness_key", "created_at", "id"], "fairness_key IS NOT NULL")


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        f"ix_tasks_{name}",
        "tasks",
        columns,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
