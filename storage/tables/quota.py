"""The quota table: one row for each vendor key of a workspace."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class QuotaRow(Base):
    """What is used of one holder's budget; `state` is the `state_type` of that budget, as JSON."""

    __tablename__ = "quotas"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    holder: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(Json)
