"""Steps pools failures webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:

    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("workspace", sa.String(length=200), nullable=True),
        sa.Column("states", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscriptions")),
    )
    op.create_index(
        "ix_webhook_subscriptions_active",
        "webhook_subscriptions",
        ["workspace"],
        unique=False,
        sqlite_where=sa.text("disabled_at IS NULL"),
        postgresql_where=sa.text("disabled_at IS NULL"),
    )
    op.create_table(
        "task_steps",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=True),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_steps_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "name", name=op.f("pk_task_steps")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("job_key", sa.String(length=1000), nullable=True))
        batch_op.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("retried_by", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("rerun_from", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("quiet_seconds", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("is_pooled", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("pool_turn", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("claimed_by", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("error_type", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("error_message", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("fingerprint", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_tasks_claimed_by",
            ["claimed_by"],
            unique=False,
            sqlite_where=sa.text("claimed_by IS NOT NULL"),
            postgresql_where=sa.text("claimed_by IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_tasks_fingerprint",
            ["fingerprint"],
            unique=False,
            sqlite_where=sa.text("state = 'FAILED'"),
            postgresql_where=sa.text("state = 'FAILED'"),
        )
        batch_op.create_index("ix_tasks_job_key", ["job_key", "created_at"], unique=False)
        batch_op.create_index("ix_tasks_parent_id", ["parent_id"], unique=False)
        batch_op.create_index(
            "ix_tasks_pool",
            ["job", "priority", "pool_turn", "created_at"],
            unique=False,
            sqlite_where=sa.text("is_pooled AND state = 'QUEUED'"),
            postgresql_where=sa.text("is_pooled AND state = 'QUEUED'"),
        )
        batch_op.create_index(
            "ix_tasks_pool_workspace",
            ["job", "priority", "workspace", "pool_turn"],
            unique=False,
            sqlite_where=sa.text("is_pooled AND state = 'QUEUED'"),
            postgresql_where=sa.text("is_pooled AND state = 'QUEUED'"),
        )
        batch_op.create_index(
            "ix_tasks_pool_again",
            ["job", "next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("is_pooled AND state = 'RUNNING'"),
            postgresql_where=sa.text("is_pooled AND state = 'RUNNING'"),
        )
