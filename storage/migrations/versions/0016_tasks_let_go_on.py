"""An index of the few waiting tasks that were let go on, which the relay looks for."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LET_GO_ON = sa.text("state = 'WAITING' AND resumes_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_tasks_let_go_on", "tasks", ["id"], sqlite_where=LET_GO_ON, postgresql_where=LET_GO_ON)
