"""The tables of gifting, one file for each thing that is kept."""

from mainspring.storage.tables.gifting.vectors import VectorRow, VectorStampRow

__all__ = ["VectorRow", "VectorStampRow"]
