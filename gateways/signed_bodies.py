"""Bodies that others have signed for us: by Standard Webhooks, or by an HMAC of the body in a header.

The specification is at https://www.standardwebhooks.com, read in November 2026.
"""

import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

# What Standard Webhooks recommends: an older request may be one that somebody has recorded.
TOLERANCE = timedelta(minutes=5)

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
STANDARD = (ID, TIMESTAMP, SIGNATURE)
PLAIN_SIGNATURE, PLAIN_SECRET = "x-signature", "x-internal-webhook-secret"

# Standard Webhooks has a secret in base64 behind this; any other secret is its own bytes.
PREFIX = "whsec_"

LONGEST_ID = 200


class SignatureRefused(Exception):
    """Nobody whom we know has signed the body. `header` is what is missing or wrong."""

    def __init__(self, header: str, accepted: str, value: str | None = None) -> None:
        refused = "" if value is None else f" {value!r} is not accepted:"
        super().__init__(f"{header}:{refused} {accepted}")
        self.header, self.value, self.accepted = header, value, accepted


@dataclass(frozen=True)
class Signer:
    """Whose secret it is."""

    name: str
    secret: str


@dataclass(frozen=True)
class SignedBody:
    """Who has signed a body, and the id of the message, the same when it is sent again."""

    signer: str
    message_id: str


def verified(
    body: bytes, headers: Mapping[str, str], signers: Sequence[Signer], *, now: datetime
) -> SignedBody:
    """Return who has signed a body. `headers` have names in lower case. A secret alone is no signature.

    Raises SignatureRefused: when a header is missing, old or malformed, or no signer's secret fits.
    """
    if any(name in headers for name in STANDARD):
        return _standard(body, headers, signers, now)
    if PLAIN_SIGNATURE in headers:
        return _plain(body, headers, signers)
    if PLAIN_SECRET in headers:
        raise SignatureRefused(
            "X-Signature", "needed beside X-Internal-Webhook-Secret: the HMAC-SHA256 of the body in hex"
        )
    raise SignatureRefused(
        SIGNATURE,
        "needed, with webhook-id and webhook-timestamp; or X-Signature: the HMAC of the body in hex",
    )


def key_of(secret: str) -> bytes:
    """Return the bytes that sign by a secret; ValueError for a `whsec_` that is no base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    # The library leaves out what is no base64, and so would take another key than was meant.
    encoded = secret.removeprefix(PREFIX)
    return binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True)


def _standard(
    body: bytes, headers: Mapping[str, str], signers: Sequence[Signer], now: datetime
) -> SignedBody:
    for name in STANDARD:
        if not headers.get(name):
            raise SignatureRefused(name, "needed, as Standard Webhooks has it")
    message_id = headers[ID]
    if len(message_id) > LONGEST_ID:
        raise SignatureRefused(ID, f"at most {LONGEST_ID} characters")
    at = _moment(headers[TIMESTAMP])
    given = [each.encode() for each in headers[SIGNATURE].split(" ")]
    for signer in signers:
        expected = Webhook(key_of(signer.secret)).sign(message_id, at, _text(body)).encode()
        if any(hmac.compare_digest(expected, each) for each in given):
            break
    else:
        raise SignatureRefused(
            SIGNATURE, "a signature of this body, id and timestamp by a secret that is set"
        )
    if abs(now - at) > TOLERANCE:
        accepted = f"a time within {TOLERANCE // timedelta(minutes=1)} minutes of {int(now.timestamp())}"
        raise SignatureRefused(TIMESTAMP, accepted, headers[TIMESTAMP])
    return SignedBody(signer.name, message_id)


def _plain(body: bytes, headers: Mapping[str, str], signers: Sequence[Signer]) -> SignedBody:
    given = headers[PLAIN_SIGNATURE].strip().removeprefix("sha256=").lower().encode()
    for signer in signers:
        expected = hmac.new(key_of(signer.secret), body, hashlib.sha256).hexdigest().encode()
        if hmac.compare_digest(expected, given):
            break
    else:
        raise SignatureRefused("X-Signature", "the HMAC-SHA256 of this body in hex, by a secret that is set")
    shown = headers.get(PLAIN_SECRET)
    if shown is not None and not hmac.compare_digest(signer.secret.encode(), shown.encode()):
        raise SignatureRefused("X-Internal-Webhook-Secret", "the secret that has signed the body")
    # Nothing else says which message it is; what is told again has the same body.
    return SignedBody(signer.name, given.decode())


def _moment(timestamp: str) -> datetime:
    if timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999"):
        return datetime.fromtimestamp(int(timestamp), UTC)
    raise SignatureRefused(TIMESTAMP, "seconds since 1970, in digits", timestamp[:LONGEST_ID])


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise SignatureRefused(SIGNATURE, "a signature of a body in UTF-8") from None
