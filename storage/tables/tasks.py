"""The task ledger's tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Json

# The states in which a task holds its dedupe key, as the partial index says it.
ACTIVE = text("state IN ('QUEUED', 'RUNNING', 'WAITING')")


class TaskRow(Base):
    """One accepted task."""

    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    # Temporal's own limit for an id, limit.maxIDLength.
    workflow_id: Mapped[str] = mapped_column(String(1000))
    run_id: Mapped[str | None] = mapped_column(String(100))
    dedupe_key: Mapped[str | None] = mapped_column(String(1000))
    workspace: Mapped[str | None] = mapped_column(String(200))
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
    retry_of: Mapped[UUID | None]
    cancel_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_tasks_active_dedupe_key",
            "dedupe_key",
            unique=True,
            sqlite_where=ACTIVE,
            postgresql_where=ACTIVE,
        ),
        Index("ix_tasks_state_updated_at", "state", "updated_at"),
        Index("ix_tasks_created_at", "created_at", "id"),
        Index("ix_tasks_workflow_id", "workflow_id"),
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
