"""Collections of a day."""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class CollectionRow(Base):
    """A collection of a surface on a day, at its position from 0. Those of a day are replaced together."""

    __tablename__ = "gifting_collections"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    surface: Mapped[str] = mapped_column(String(20), primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    theme: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(500))
    product_ids: Mapped[list[str]] = mapped_column(Json)
    generated_at: Mapped[dt.datetime]
