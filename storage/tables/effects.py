"""The effects ledger: everything that touches somebody outside, and how far it has come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId

# Queries name these very texts, or else the databases do not see that the partial indexes serve them.
RESENT = text("resends > 0")
OPEN = text("state IN ('intended', 'sending', 'unknown')")
# The same in a query that joins tasks.
OPEN_EFFECT = text("effects.state IN ('intended', 'sending', 'unknown')")


class EffectRow(Base):
    """One effect, at most once for each dedupe key of a workspace.

    `contracts.effects.EffectState` says how it goes on. `owner` is whom it is for: those that are `intended`
    for the same owner of a workspace may be joined. `reference` is its name outside: the Message-ID of a
    mail, the same for every attempt.
    """

    __tablename__ = "effects"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    kind: Mapped[str] = mapped_column(String(50))
    dedupe_key: Mapped[str] = mapped_column(String(500))
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
        UniqueConstraint("workspace", "dedupe_key"),
        Index("ix_effects_owner", "workspace", "owner", "kind", "state"),
        # Pages of lists, by what people ask for.
        Index("ix_effects_state", "workspace", "state", "created_at", "id"),
        Index("ix_effects_created_at", "workspace", "created_at", "id"),
        Index("ix_effects_open", "kind", "id", "state", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_effects_resends", "workspace", "resends", sqlite_where=RESENT, postgresql_where=RESENT),
    )
