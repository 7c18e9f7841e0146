"""The articles' table."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class ArticleRow(Base):
    """An article; `brand` is None when the registry does not know the article."""

    __tablename__ = "articles"

    ean: Mapped[str] = mapped_column(OuterId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    brand: Mapped[str | None] = mapped_column(String(100))
