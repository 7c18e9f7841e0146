"""The hub: all open streams of a process, and the look at the database for all of them together."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import structlog

from mainspring.api.events.rendering import task_event
from mainspring.api.events.streams import Stream, TaskStream, WorkspaceStream
from mainspring.api.events.workspace_feed import WorkspaceFeed
from mainspring.api.problems import Refused
from mainspring.client.api_keys import KeyRing
from mainspring.client.tasks.watching import WatchedTask, Watching
from mainspring.gateways.clock import Clock
from mainspring.storage.errors import DatabaseAway

log = structlog.get_logger(__name__)

LOOK = timedelta(seconds=1)

# Who is told to come back is told when.
RETRY_AFTER_SECONDS = 5


class Hub:
    """Looks once a second while streams are open, and tells each what is new to it.

    With each look the keys are checked again: streams of a revoked or expired key end.
    """

    def __init__(
        self, watching: Watching, key_ring: KeyRing, clock: Clock, *, most: int, most_of_a_key: int
    ) -> None:
        self.watching = watching
        self.clock = clock
        self._key_ring = key_ring
        self._most = most
        self._most_of_a_key = most_of_a_key
        self._streams: set[Stream] = set()
        self._feed = WorkspaceFeed(watching)
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    def open(self, stream: Stream) -> None:
        """Begin to tell a stream what is new.

        Raises Refused: when too many streams are open, or the process is about to end.
        """
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        if self._is_closed:
            detail = "this process is about to end"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers=retry)
        of_key = sum(each.key_id == stream.key_id for each in self._streams)
        if len(self._streams) >= self._most or of_key >= self._most_of_a_key:
            detail = f"{len(self._streams)} streams are open, {of_key} of them with this key: at most "
            detail += f"{self._most} and {self._most_of_a_key} are"
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too-many-streams", detail, headers=retry)
        self._streams.add(stream)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())

    def leave(self, stream: Stream) -> None:
        """Forget a stream whose client is gone."""
        self._streams.discard(stream)

    async def close(self) -> None:
        """End all streams, so that the server can: clients come back to another process, or a later one."""
        self._is_closed = True
        for stream in self._streams:
            stream.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look_on(self) -> None:
        while self._streams:
            await asyncio.sleep(LOOK.total_seconds())
            try:
                await self._look()
            except DatabaseAway as error:
                log.warning("watched tasks not looked at", error=str(error))
            except Exception:  # whatever it is, clients come back and begin anew; the log has it
                log.exception("streams end", streams=len(self._streams))
                for stream in self._streams:
                    stream.cut_off()

    async def _look(self) -> None:
        now = self.clock.now()
        valid = await self._key_ring.valid({stream.key_id for stream in self._streams})
        for stream in self._streams:
            if stream.key_id not in valid or stream.has_expired(now):
                stream.cut_off()
        going = [stream for stream in self._streams if not stream.is_ended]
        await self._look_at_tasks([each for each in going if isinstance(each, TaskStream)])
        of_workspaces = [each for each in going if isinstance(each, WorkspaceStream)]
        if of_workspaces:
            await self._feed.look(of_workspaces, now)
        else:
            self._feed = WorkspaceFeed(self.watching)

    async def _look_at_tasks(self, streams: Sequence[TaskStream]) -> None:
        if not streams:
            return
        versions = await self.watching.versions({stream.task_id for stream in streams})
        changed: dict[UUID, list[TaskStream]] = defaultdict(list)
        for stream in streams:
            if stream.task_id not in versions:  # the task was removed
                stream.end()
            elif stream.version != versions[stream.task_id]:
                changed[stream.task_id].append(stream)
        if changed:
            for watched in await self.watching.tasks(changed):
                _show(watched, changed[watched.task.id])


def _show(watched: WatchedTask, streams: Sequence[TaskStream]) -> None:
    events: dict[bool, bytes] = {}
    for stream in streams:
        seen = stream.sees_payloads
        if seen not in events:
            events[seen] = task_event(watched, sees_payloads=seen)
        stream.show(watched.version, events[seen], is_last=watched.task.state.is_final)
