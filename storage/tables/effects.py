"""The effects ledger: everything that touches somebody outside, and how far it has come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class EffectRow(Base):
    """One effect, at most once for each dedupe key; `contracts.effects.EffectState` says how it goes on.

    `owner` is whom it is for: those that are `intended` for the same owner may be joined. `reference` is its
    name outside: the Message-ID of a mail, the same for every attempt.
    """

    __tablename__ = "effects"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    dedupe_key: Mapped[str] = mapped_column(String(500), unique=True)
    owner: Mapped[str] = mapped_column(OuterId)
    state: Mapped[str] = mapped_column(String(20))
    on_unknown: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(300))
    recipient: Mapped[str] = mapped_column(String(500))
    attempts: Mapped[int] = mapped_column(default=0)
    # Attempts after one of which nobody knows whether it got through.
    resends: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    task_id: Mapped[UUID]
    created_at: Mapped[datetime]
    sending_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_effects_owner", "owner", "kind", "state"),
        Index("ix_effects_state", "state", "created_at"),
    )
