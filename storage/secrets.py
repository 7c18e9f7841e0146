"""Secrets at rest: AES-256-GCM under the newest of an installation's keys."""

import hmac
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mainspring.storage.errors import SecretUnreadable

# The nonce size that AES-GCM is specified for (NIST SP 800-38D).
NONCE_BYTES = 12
# A nonce that is made of key and text never comes twice for two texts, and is the same for the same text.
FOR_NONCES = b"mainspring nonce 1\0"


class SecretBox:
    """Seals short texts with a key of 32 bytes, and opens what that key or a former key has sealed.

    `reload` gives all keys anew, the newest first: another process may have rotated them. Sealing asks for
    them each time, for the key that was the newest may be about to be forgotten.
    """

    def __init__(
        self, key: bytes, *former: bytes, reload: Callable[[], Sequence[bytes]] | None = None
    ) -> None:
        self._keys: tuple[bytes, ...] = (key, *former)
        self._reload = reload

    def seal(self, text: str, *, owner: str) -> bytes:
        """Encrypt `text`; only the same `owner` (a row's id, say) can open it again.

        The same text of the same owner is sealed alike, so that what is compared can be compared sealed.
        """
        if self._reload is not None:
            self._keys = tuple(self._reload())
        key, associated = self._keys[0], owner.encode()
        nonce = hmac.digest(key, FOR_NONCES + associated + b"\0" + text.encode(), "sha256")[:NONCE_BYTES]
        return nonce + AESGCM(key).encrypt(nonce, text.encode(), associated)

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt what `seal` gave. SecretUnreadable: another key or another owner."""
        return self._opened(sealed, owner)[1]

    def is_newest(self, sealed: bytes, *, owner: str) -> bool:
        """Whether the newest key has sealed this; SecretUnreadable as `open`."""
        return self._opened(sealed, owner)[0] == self._keys[0]

    def _opened(self, sealed: bytes, owner: str) -> tuple[bytes, str]:
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        tried = self._keys
        for key in tried:
            try:
                return key, AESGCM(key).decrypt(nonce, ciphertext, owner.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        if self._reload is not None and (keys := tuple(self._reload())) != tried:
            self._keys = keys
            return self._opened(sealed, owner)
        raise SecretUnreadable(owner)
