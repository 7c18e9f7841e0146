"""What the HTTP API keeps: its keys, the answers that it repeats, and who has changed what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class ApiKeyRow(Base):
    """A key. Its secret is nowhere: `digest` is an HMAC, `sealing_key` says which key has made it.

    The workspace is that of no key if the key is the platform's: it is empty, as no workspace's name is.
    """

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealing_key: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_api_keys_workspace", "workspace", "created_at", "id"),)


class IdempotentAnswerRow(Base):
    """What a call with an `Idempotency-Key` was answered. `request` is a digest of what was asked."""

    __tablename__ = "idempotent_answers"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    key: Mapped[str] = mapped_column(OuterId, primary_key=True)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """A change that a caller has made, appended and never changed."""

    __tablename__ = "audit_log"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    at: Mapped[datetime]
    # Who it was: a key by its id and name, or the command line by its user.
    actor: Mapped[str] = mapped_column(String(300))
    action: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(100))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)

    __table_args__ = (Index("ix_audit_log_at", "workspace", "at", "id"),)
