"""What models have said of products."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class EnrichmentRow(Base):
    """The last enrichment of a product."""

    __tablename__ = "gifting_enrichments"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    product_id: Mapped[str] = mapped_column(OuterId, primary_key=True)
    text_hash: Mapped[str] = mapped_column(String(64))
    prompt_version: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(200))
    gift_tags: Mapped[list[str]] = mapped_column(Json)
    occasion_fit: Mapped[list[str]] = mapped_column(Json)
    style_tags: Mapped[list[str]] = mapped_column(Json)
    short_description: Mapped[str] = mapped_column(Text)
    recipient_traits: Mapped[list[str]] = mapped_column(Json)
    recipient_interests: Mapped[list[str]] = mapped_column(Json)
    price_band: Mapped[str] = mapped_column(String(20))
    updated_at: Mapped[datetime]
