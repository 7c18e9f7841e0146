"""Open streams: what waits to be sent on each, which is bounded, and when a stream ends."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

from fastapi.sse import format_sse_event

# Proxies close a connection on which nothing was sent for a minute or less.
KEEP_ALIVE = timedelta(seconds=15)

# A client that was cut off comes back after so long.
RETRY_MILLISECONDS = 1_000

# So many events wait at most for a reader of a workspace's stream that is slower than the events.
MOST_WAITING = 1_000


class Stream:
    """What is sent to one client: an event at a time, and a comment when there was none for a while."""

    def __init__(self, key_id: UUID, expires_at: datetime | None, *, most: int) -> None:
        self.key_id = key_id
        self._expires_at = expires_at
        self._most = most
        self._waiting: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self.is_ended = False

    def has_expired(self, now: datetime) -> bool:
        """Whether what has opened the stream opens nothing any more."""
        return self._expires_at is not None and self._expires_at <= now

    def offer(self, event: bytes) -> None:
        """Send an event, after those that wait; a reader that has left too many waiting is cut off."""
        if len(self._waiting) >= self._most:
            self.cut_off()
        elif not self.is_ended:
            self._waiting.append(event)
            self._woken.set()

    def end(self) -> None:
        """Send what waits, and nothing more."""
        self.is_ended = True
        self._woken.set()

    def cut_off(self) -> None:
        """Send nothing more."""
        self._waiting.clear()
        self.end()

    def keep_alive(self) -> bytes:
        """Return what is sent when there was no event for a while."""
        return format_sse_event(comment="")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give what is to be sent, until the stream ends."""
        while True:
            self._woken.clear()
            while self._waiting:
                yield self._waiting.popleft()
            if self.is_ended:
                return
            try:
                async with asyncio.timeout(KEEP_ALIVE.total_seconds()):
                    await self._woken.wait()
            except TimeoutError:
                yield self.keep_alive()


class TaskStream(Stream):
    """A stream of one task. Only its newest state waits: a slow reader misses those between."""

    def __init__(
        self,
        key_id: UUID,
        expires_at: datetime | None,
        task_id: UUID,
        *,
        sees_payloads: bool,
        version: str | None,
    ) -> None:
        super().__init__(key_id, expires_at, most=1)
        self.task_id = task_id
        self.sees_payloads = sees_payloads
        self.version = version

    def show(self, version: str, event: bytes, *, is_last: bool) -> None:
        """Send the task as it is now; `is_last` says that nothing comes after that."""
        if self.is_ended:
            return
        self.version = version
        self._waiting.clear()
        self.offer(event)
        if is_last:
            self.end()


class WorkspaceStream(Stream):
    """A stream of a workspace's tasks. It begins `since` a time, or now, at `mark`."""

    def __init__(
        self,
        key_id: UUID,
        expires_at: datetime | None,
        workspace: str,
        *,
        everything: bool,
        since: datetime | None,
        mark: str,
    ) -> None:
        super().__init__(key_id, expires_at, most=MOST_WAITING)
        self.workspace = workspace
        self.everything = everything
        self.since = since
        self.mark = mark

    def keep_alive(self) -> bytes:
        """Return a comment, and from where a client that is cut off now goes on."""
        return format_sse_event(comment="", id=self.mark)
