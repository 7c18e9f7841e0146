"""Calls that are answered once: a caller repeats a call under the same key, and gets the same answer."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from mainspring.client.errors import BadInput, ClientError
from mainspring.client.validation import shown
from mainspring.contracts.tasks import JsonObject
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.idempotency import IdempotentAnswers

LONGEST_IDEMPOTENCY_KEY = 200


class IdempotencyKeyReused(ClientError):
    """A call of this idempotency key asked for something else before."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key: {shown(key)} is not accepted: a call with this key asked for something else"
        )
        self.key = key


class IdempotentCalls:
    """The answers to a workspace's calls, by the keys of the callers."""

    def __init__(self, database: Database, clock: Clock, workspace: str) -> None:
        self._database = database
        self._clock = clock
        self._workspace = workspace

    async def answer_once(
        self, key: str, request: bytes, work: Callable[[Session], Awaitable[JsonObject]]
    ) -> JsonObject:
        """Do the work and keep its answer, in one transaction; return the answer of a faster call instead.

        Raises IdempotencyKeyReused: when the faster call asked for something else.
        """

        async def work_and_keep(session: Session) -> JsonObject:
            answer = await work(session)
            answers = IdempotentAnswers(session, self._workspace)
            if not await answers.keep(key, request, answer, now=self._clock.now()):
                raise IdempotencyKeyReused(key)
            return answer

        try:
            return await self._database.transact(work_and_keep)
        except IdempotencyKeyReused:  # another call of this key was faster: its tasks are the ones
            found = await self.answered(key, request)
            if found is None:
                raise
            return found

    async def answered(self, key: str, request: bytes) -> JsonObject | None:
        """Return what was answered to the call before.

        Raises IdempotencyKeyReused: when that call asked for something else.
        """
        found = await self._database.read(
            lambda session: IdempotentAnswers(session, self._workspace).find(key)
        )
        if found is None:
            return None
        before, answer = found
        if before != request:
            raise IdempotencyKeyReused(key)
        return answer


def checked_key(key: str) -> str:
    """Return a key that callers may choose.

    Raises BadInput: for any other.
    """
    if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY or not key.isascii() or not key.isprintable():
        raise BadInput(
            f"Idempotency-Key: {shown(key)} is not accepted: 1 to {LONGEST_IDEMPOTENCY_KEY} printable "
            "ASCII characters"
        )
    return key


def digest(asked: Any) -> bytes:
    """Return what tells the call of a key from another call of the same key."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).digest()
