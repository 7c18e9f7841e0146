"""Taste profiles."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.contracts.tasks import JsonObject
from mainspring.storage.tables.base import Base, Json, OuterId


class TasteProfileRow(Base):
    """What a user, or the recipient of the user's gifts, likes. No recipient is an empty text.

    `text_hash` is of the text that is to be embedded, which may be another one than the vector's;
    `embedding_task_id` is the task that does so, or did.
    """

    __tablename__ = "gifting_taste_profiles"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    user_id: Mapped[str] = mapped_column(OuterId)
    recipient_id: Mapped[str] = mapped_column(OuterId)
    answers: Mapped[JsonObject] = mapped_column(Json)
    facets: Mapped[JsonObject] = mapped_column(Json)
    text_hash: Mapped[str] = mapped_column(String(64))
    embedding_task_id: Mapped[UUID | None]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace", "user_id", "recipient_id", name="uq_gifting_taste_profiles_user_id"),
    )
