"""Calls of language models, as they are kept."""

from mainspring.storage.models.runs import ModelRunRepository

__all__ = ["ModelRunRepository"]
