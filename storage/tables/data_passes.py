"""The passes over the data that are made once, after a migration."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base


class DataPassRow(Base):
    """A pass that is done."""

    __tablename__ = "data_passes"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    done_at: Mapped[datetime]
