"""An emulator of an OpenAI-compatible endpoint for embeddings, on loopback."""

from mainspring.emulators.embeddings.server import EmbeddingsEmulator, EmbeddingsFault

__all__ = ["EmbeddingsEmulator", "EmbeddingsFault"]
