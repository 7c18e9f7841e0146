"""The workers that run, or that have died."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base


class WorkerRow(Base):
    """One worker process. A worker that is told to stop takes its row away; one that dies leaves it."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # By the database's clock where it has one.
    seen_at: Mapped[datetime]
