"""Texts as vectors: texts that mean something similar have vectors that point in a similar direction."""

from mainspring.gateways.embeddings.embedded_model import EmbeddedModel
from mainspring.gateways.embeddings.embeddings import BATCH, Embedded, Embeddings, check_texts

__all__ = ["BATCH", "Embedded", "EmbeddedModel", "Embeddings", "check_texts"]
