"""The service account that the emulator accepts: a key pair of its own, made when the emulator is made."""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PROJECT = "emulated-project"
EMAIL = f"mainspring@{PROJECT}.iam.gserviceaccount.example"


class Account:
    """A key pair, and what is signed with it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def file(self, token_uri: str) -> dict[str, str]:
        """Return what the file of the service account says."""
        private_key = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key": private_key.decode(),
            "client_email": EMAIL,
            "token_uri": token_uri,
        }

    def has_signed(self, assertion: str) -> bool:
        """Whether an assertion is one of this account's, for pushes."""
        try:
            signed, _, signature = assertion.rpartition(".")
            self._key.public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            claims: dict[str, Any] = json.loads(_decoded(signed.partition(".")[2]))
        except (InvalidSignature, ValueError):
            return False
        return claims.get("iss") == EMAIL and str(claims.get("scope", "")).endswith("/firebase.messaging")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
