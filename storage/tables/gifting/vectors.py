"""Vectors of texts, by which products are found for people."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, OuterId


class VectorRow(Base):
    """The vector of a product's or a taste profile's text: 32-bit floats, little endian, of length 1.

    `text_hash` says of which text, `model` by which model: vectors of two models cannot be compared.
    """

    __tablename__ = "gifting_vectors"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(OuterId, primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    text_hash: Mapped[str] = mapped_column(String(64))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]


class VectorStampRow(Base):
    """A stamp that changes with the vectors of a workspace, which says whether what was read is old."""

    __tablename__ = "gifting_vector_stamps"

    workspace: Mapped[str] = mapped_column(OuterId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    stamp: Mapped[str] = mapped_column(String(32))
