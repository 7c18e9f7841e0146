"""Texts as vectors: texts that mean something similar have vectors that point in a similar direction."""

from mainspring.gateways.embeddings.embedded_model import EmbeddedModel
from mainspring.gateways.embeddings.embeddings import BATCH, Embedded, Embeddings, check_texts
from mainspring.gateways.embeddings.http import HttpEmbeddings, open_embeddings

__all__ = [
    "BATCH",
    "Embedded",
    "EmbeddedModel",
    "Embeddings",
    "HttpEmbeddings",
    "check_texts",
    "open_embeddings",
]
