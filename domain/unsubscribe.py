"""Links by which somebody takes himself off a list without logging in: who and what is in a signed token.

A token does not expire: the mail that it stands in may be years old (RFC 8058).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE

# What else may be signed with the same key never looks like a token.
PURPOSE = b"mainspring unsubscribe 1\0"

# Half of SHA-256, which RFC 2104 allows: nobody guesses 128 bits, and the link stays short.
SIGNATURE_BYTES = 16

# A key shorter than this could be found by trying.
SHORTEST_KEY_BYTES = 16


class UnsubscribeScope(StrEnum):
    """What somebody no longer wants to be told of. ALL is all alerts of wishes."""

    ALL = "all"
    SALE = "sale"
    STOCK = "stock"
    REMINDERS = "reminders"


# Wire format: links in sent mails have these letters.
LETTERS = {
    UnsubscribeScope.ALL: b"a",
    UnsubscribeScope.SALE: b"s",
    UnsubscribeScope.STOCK: b"k",
    UnsubscribeScope.REMINDERS: b"r",
}
# Before the letter stands the workspace, unless it is the one that a link without a workspace means.
IN_WORKSPACE, END_OF_WORKSPACE = b"w", b"\0"
# What names a user in more bytes than this is shortened: a link must fit into a line of a mail's header,
# which has 998 characters, and ids may have 800 bytes. The letter before the scope says that it is.
LONGEST_CONTENT = 400
IS_DIGEST = b"d"
DIGEST_BYTES = 16
SCOPES = {letter: scope for scope, letter in LETTERS.items()}


class TokenRefused(ValueError):
    """The link to unsubscribe is damaged, or was not made here."""


@dataclass(frozen=True)
class Unsubscribing:
    """Who wants to be told no longer, and of what."""

    user_id: str
    scope: UnsubscribeScope
    workspace: str = DEFAULT_WORKSPACE


@dataclass(frozen=True)
class ShortenedUnsubscribing:
    """As `Unsubscribing`, of a user whose id is too long for a link: the user is found by the digest."""

    digest: bytes
    scope: UnsubscribeScope

    def is_of(self, workspace: str, user_id: str) -> bool:
        """Whether it is this user."""
        return hmac.compare_digest(self.digest, _digest(workspace, user_id))


def make_token(unsubscribing: Unsubscribing, key: bytes) -> str:
    """Return the token: letters, digits, `-` and `_`; always the same one for the same wish."""
    content = _content(unsubscribing)
    if len(content) > LONGEST_CONTENT:
        digest = _digest(unsubscribing.workspace, unsubscribing.user_id)
        content = IS_DIGEST + LETTERS[unsubscribing.scope] + digest
    return _text(_signature(content, key) + content)


def read_token(token: str, key: bytes, *former: bytes) -> Unsubscribing | ShortenedUnsubscribing:
    """Return what a token says. Raises TokenRefused unless it was made with this key or with a former key."""
    try:
        signed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise TokenRefused("the token is not one") from error
    signature, content = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
    # The decoder passes over characters that it does not know, and bits that are left over.
    if not content or _text(signed) != token:
        raise TokenRefused("the token is not one")
    if not any(hmac.compare_digest(signature, _signature(content, each)) for each in (key, *former)):
        raise TokenRefused("the token was not signed with this key")
    if content.startswith(IS_DIGEST):
        return ShortenedUnsubscribing(content[2:], SCOPES[content[1:2]])
    workspace = DEFAULT_WORKSPACE
    if content.startswith(IN_WORKSPACE):
        named, _, content = content.removeprefix(IN_WORKSPACE).partition(END_OF_WORKSPACE)
        workspace = named.decode()
    return Unsubscribing(content[1:].decode(), SCOPES[content[:1]], workspace)


def unsubscribe_url(base_url: str, token: str) -> str:
    """Return the link, below the address at which the service is reached."""
    return f"{base_url.rstrip('/')}/unsubscribe/{token}"


def _content(unsubscribing: Unsubscribing) -> bytes:
    content = LETTERS[unsubscribing.scope] + unsubscribing.user_id.encode()
    if unsubscribing.workspace == DEFAULT_WORKSPACE:
        return content
    return IN_WORKSPACE + unsubscribing.workspace.encode() + END_OF_WORKSPACE + content


def _digest(workspace: str, user_id: str) -> bytes:
    named = workspace.encode() + END_OF_WORKSPACE + user_id.encode()
    return sha256(named).digest()[:DIGEST_BYTES]


def _signature(content: bytes, key: bytes) -> bytes:
    if len(key) < SHORTEST_KEY_BYTES:
        raise ValueError(f"the key to sign with needs {SHORTEST_KEY_BYTES} bytes")
    return hmac.digest(key, PURPOSE + content, "sha256")[:SIGNATURE_BYTES]


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
