"""Secrets at rest: AES-256-GCM under one key of the installation."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mainspring.storage.errors import SecretUnreadable

# The nonce size that AES-GCM is specified for (NIST SP 800-38D).
NONCE_BYTES = 12


class SecretBox:
    """Seals and opens short texts with a key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str, *, owner: str) -> bytes:
        """Encrypt `text`; only the same `owner` (a row's id, say) can open it again."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt what `seal` gave. SecretUnreadable: another key or another owner."""
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, owner.encode()).decode()
        except InvalidTag:
            raise SecretUnreadable(owner) from None
