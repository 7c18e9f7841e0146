"""What gifting keeps: vectors, taste profiles, collections."""

from mainspring.storage.gifting.vectors import NewVector, VectorRepository

__all__ = ["NewVector", "VectorRepository"]
