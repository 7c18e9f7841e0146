"""The quota table: one row for each vendor key."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json


class QuotaRow(Base):
    """What is used of one holder's budget; `state` is the `state_type` of that budget, as JSON."""

    __tablename__ = "quotas"

    holder: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(Json)
