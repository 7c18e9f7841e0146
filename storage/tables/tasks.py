"""The task ledger's tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId

# The states in which a task holds its dedupe key, as the partial index says it.
ACTIVE = text("state IN ('QUEUED', 'RUNNING', 'WAITING')")
# Rows of batched queues: those that wait for their first turn, and those that are worked or wait to be
# tried again.
# Queries name these very texts, or else the databases do not see that the partial indexes serve them.
BATCHED_QUEUED = text("is_pooled AND state = 'QUEUED'")
BATCHED_RUNNING = text("is_pooled AND state = 'RUNNING'")
# Those of them, and those that were snoozed with a reason.
BATCHED_UNDER_WAY = text("is_pooled AND state IN ('RUNNING', 'WAITING')")
CLAIMED = text("claimed_by IS NOT NULL")
# Active tasks that Temporal knows, and accepted ones that it has not been told of.
STARTED = text("state IN ('QUEUED', 'RUNNING', 'WAITING') AND run_id IS NOT NULL")
UNSTARTED = text("state = 'QUEUED' AND run_id IS NULL")
CANCEL_REQUESTED = text(
    "state IN ('QUEUED', 'RUNNING', 'WAITING') AND run_id IS NOT NULL AND cancel_requested_at IS NOT NULL"
)
# Waiting tasks that were let go on, and that Temporal may not have been told of.
LET_GO_ON = text("state = 'WAITING' AND resumes_at IS NULL")
# Deliveries of webhooks, each triggered by the webhook.
DELIVERIES = text("job = 'deliver-webhook'")
HAS_PARENT = text("parent_id IS NOT NULL")
HAS_FAIRNESS_KEY = text("fairness_key IS NOT NULL")
FAILED = text("state = 'FAILED'")
ENDED = text("finished_at IS NOT NULL")


class TaskRow(Base):
    """One accepted task."""

    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    # Temporal's own limit for an id, limit.maxIDLength.
    workflow_id: Mapped[str] = mapped_column(String(1000))
    run_id: Mapped[str | None] = mapped_column(String(100))
    # What the task is about, for ever; and the same while it keeps others of its kind from starting.
    job_key: Mapped[str | None] = mapped_column(String(1000))
    dedupe_key: Mapped[str | None] = mapped_column(String(1000))
    workspace: Mapped[str] = mapped_column(OuterId)
    # Whose turn the task takes in queues: domain.queues.fairness_ranks.
    fairness_key: Mapped[str | None] = mapped_column(String(200))
    input: Mapped[dict[str, Any]] = mapped_column(Json)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    progress: Mapped[int] = mapped_column(default=0)
    processed: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    checkpoint: Mapped[dict[str, Any] | None] = mapped_column(Json)
    current_step: Mapped[str | None] = mapped_column(Text)
    waiting_for: Mapped[str | None] = mapped_column(Text)
    resumes_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=3)
    triggered_by: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[UUID | None]
    retry_of: Mapped[UUID | None]
    retried_by: Mapped[UUID | None]
    rerun_from: Mapped[str | None] = mapped_column(String(200))
    starts_at: Mapped[datetime | None]
    # Set for a task that a later start of its key may still change, while it is QUEUED.
    quiet_seconds: Mapped[float | None]
    is_pooled: Mapped[bool] = mapped_column(default=False)
    # The order in a batched queue within a priority: see domain.queues.fairness_ranks.
    fairness_rank: Mapped[int | None] = mapped_column("pool_turn")
    claimed_by: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    # So many workers in a row have died while they ran the task. Above 0 the task is tried in isolation.
    deaths: Mapped[int] = mapped_column(default=0, server_default="0")
    next_attempt_at: Mapped[datetime | None]
    error_type: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    dismissed_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_tasks_active_dedupe_key",
            "workspace",
            "dedupe_key",
            unique=True,
            sqlite_where=ACTIVE,
            postgresql_where=ACTIVE,
        ),
        # No column of these changes with a task's progress.
        Index("ix_tasks_started", "id", sqlite_where=STARTED, postgresql_where=STARTED),
        Index(
            "ix_tasks_unstarted",
            "priority",
            "created_at",
            "id",
            sqlite_where=UNSTARTED,
            postgresql_where=UNSTARTED,
        ),
        Index(
            "ix_tasks_cancel_requested_at",
            "cancel_requested_at",
            sqlite_where=CANCEL_REQUESTED,
            postgresql_where=CANCEL_REQUESTED,
        ),
        Index("ix_tasks_let_go_on", "id", sqlite_where=LET_GO_ON, postgresql_where=LET_GO_ON),
        # Pages of lists, by what people ask for.
        Index("ix_tasks_created_at", "workspace", "created_at", "id"),
        Index("ix_tasks_state", "workspace", "state", "created_at", "id"),
        Index("ix_tasks_job_state", "workspace", "job", "state", "created_at", "id"),
        Index(
            "ix_tasks_fairness_key",
            "workspace",
            "fairness_key",
            "created_at",
            "id",
            sqlite_where=HAS_FAIRNESS_KEY,
            postgresql_where=HAS_FAIRNESS_KEY,
        ),
        Index(
            "ix_tasks_finished_at",
            "workspace",
            "finished_at",
            "id",
            sqlite_where=ENDED,
            postgresql_where=ENDED,
        ),
        Index("ix_tasks_workflow_id", "workflow_id"),
        Index("ix_tasks_job_key", "workspace", "job_key", "created_at"),
        Index("ix_tasks_parent_id", "parent_id", sqlite_where=HAS_PARENT, postgresql_where=HAS_PARENT),
        Index(
            "ix_tasks_pool",
            "job",
            "priority",
            "pool_turn",
            "created_at",
            sqlite_where=BATCHED_QUEUED,
            postgresql_where=BATCHED_QUEUED,
        ),
        Index(
            "ix_tasks_pool_fairness_key",
            "job",
            "priority",
            "fairness_key",
            "pool_turn",
            sqlite_where=BATCHED_QUEUED,
            postgresql_where=BATCHED_QUEUED,
        ),
        Index(
            "ix_tasks_pool_again",
            "job",
            "next_attempt_at",
            sqlite_where=BATCHED_UNDER_WAY,
            postgresql_where=BATCHED_UNDER_WAY,
        ),
        Index(
            "ix_tasks_deliveries",
            "triggered_by",
            "created_at",
            "id",
            sqlite_where=DELIVERIES,
            postgresql_where=DELIVERIES,
        ),
        Index("ix_tasks_claimed_by", "claimed_by", sqlite_where=CLAIMED, postgresql_where=CLAIMED),
        Index("ix_tasks_fingerprint", "fingerprint", sqlite_where=FAILED, postgresql_where=FAILED),
    )


class TaskErrorRow(Base):
    """One failure of a task, appended and never changed."""

    __tablename__ = "task_errors"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(Text)
    error_type: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    stack: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int]


class TaskStepRow(Base):
    """One step of a task that is a flow, as it stands; `data` is what it gave back."""

    __tablename__ = "task_steps"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    position: Mapped[int]
    weight: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    input_hash: Mapped[str | None] = mapped_column(String(64))
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
