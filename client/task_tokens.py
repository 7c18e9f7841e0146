"""Tokens that let their holder look at one task for a short time: for a browser, which gets no key.

A token reads `mst_CLAIMS.SIGNATURE`, both in base 64 for URLs. It is kept nowhere: its signature is an HMAC,
by a key that is derived from the installation's sealing key. It holds no longer than the key that made it.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mainspring.client.api_keys import KeyRing
from mainspring.client.tasks.queries import Tasks
from mainspring.gateways.clock import Clock

PREFIX = "mst_"

# What is derived with this from a sealing key is no use for what that key itself is for.
FOR_TASK_TOKENS = b"mainspring task tokens 1"

# Longer than any token; no more of a text is looked at.
LONGEST_TOKEN = 2_000


@dataclass(frozen=True)
class TaskToken:
    """What a token says: which task may be looked at, whether its payloads are seen, and until when."""

    workspace: str
    task_id: UUID
    key_id: UUID
    sees_payloads: bool
    expires_at: datetime


class TaskTokens:
    """Makes tokens for the tasks of a workspace, and knows tokens that are shown, of all workspaces."""

    def __init__(
        self, tasks: Tasks, key_ring: KeyRing, sealing_keys: Callable[[], Sequence[bytes]], clock: Clock
    ) -> None:
        self._tasks = tasks
        self._key_ring = key_ring
        self._sealing_keys = sealing_keys
        self._clock = clock

    async def make(
        self, task_id: UUID, *, key_id: UUID, sees_payloads: bool, expires_in: timedelta
    ) -> tuple[str, TaskToken]:
        """Return the text of a new token for a task, and what the token says.

        Raises TaskUnknown: when the workspace has no such task.
        """
        task = await self._tasks.get(task_id)
        expires_at = (self._clock.now() + expires_in).replace(microsecond=0)
        token = TaskToken(task.workspace, task_id, key_id, sees_payloads, expires_at)
        claims = _encoded(_claims(token))
        return f"{PREFIX}{claims}.{_encoded(_signature(claims, self._sealing_keys()[0]))}", token

    async def opened_by(self, text: str) -> TaskToken | None:
        """Return the valid token of this text; None for any other text."""
        claims, _, signature = text.removeprefix(PREFIX).partition(".")
        if not text.startswith(PREFIX) or len(text) > LONGEST_TOKEN or not text.isascii():
            return None
        if not self._is_signed(claims, signature):
            return None
        token = _token(claims)
        if token.expires_at <= self._clock.now() or not await self._key_ring.valid([token.key_id]):
            return None
        return token

    def _is_signed(self, claims: str, signature: str) -> bool:
        try:
            shown = _decoded(signature)
        except (ValueError, binascii.Error):
            return False
        # Each comparison takes the same time wherever the signatures differ.
        return any(hmac.compare_digest(_signature(claims, key), shown) for key in self._sealing_keys())


def _claims(token: TaskToken) -> bytes:
    claims = [
        token.workspace,
        token.task_id.hex,
        token.key_id.hex,
        token.sees_payloads,
        int(token.expires_at.timestamp()),
    ]
    return json.dumps(claims, separators=(",", ":")).encode()


def _token(claims: str) -> TaskToken:
    workspace, task_id, key_id, sees_payloads, expires_at = json.loads(_decoded(claims))
    return TaskToken(
        workspace, UUID(task_id), UUID(key_id), sees_payloads, datetime.fromtimestamp(expires_at, UTC)
    )


def _signature(claims: str, sealing_key: bytes) -> bytes:
    derived = hmac.digest(sealing_key, FOR_TASK_TOKENS, "sha256")
    return hmac.digest(derived, claims.encode(), "sha256")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
