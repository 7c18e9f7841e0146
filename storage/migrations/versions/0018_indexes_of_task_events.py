"""Indexes of tasks for pages of a job's tasks in one state, and for those that have just ended.

Neither has a column that a task's progress writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ENDED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_tasks_job_state", "tasks", ["workspace", "job", "state", "created_at", "id"])
    # A page of a job is the newest of its pages in each state.
    op.drop_index("ix_tasks_job", "tasks")
    op.create_index(
        "ix_tasks_finished_at",
        "tasks",
        ["workspace", "finished_at", "id"],
        sqlite_where=ENDED,
        postgresql_where=ENDED,
    )
