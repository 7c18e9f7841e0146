"""What has changed in the workspaces that are watched, told once to each of their streams."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from mainspring.api.events.rendering import mark_of, missed_event, summary_event
from mainspring.api.events.streams import WorkspaceStream
from mainspring.client.tasks.watching import Changes, Watching
from mainspring.contracts.tasks import TaskSummary
from mainspring.contracts.webhooks import DELIVER_WEBHOOK

# A change is seen at its commit, and says when it was written: earlier, and by another machine's clock.
LATE = timedelta(seconds=10)

# All tasks that wait are gone through so often: there may be ten thousands, and no index has those that have
# changed.
WAITS_EVERY = timedelta(seconds=10)

# A client that comes back later than this looks at the list of tasks.
RESUMABLE = timedelta(hours=1)

Streams = Mapping[str, Sequence[WorkspaceStream]]


class _Since:
    """From when on the next look asks, and what the look before has told."""

    def __init__(self) -> None:
        self.mark: datetime | None = None
        self._told: dict[UUID, tuple[str, datetime]] = {}

    def start(self, now: datetime) -> datetime:
        """Return from when on to ask: some of it was told before."""
        return (self.mark or now) - LATE

    def fresh(self, changes: Changes) -> list[TaskSummary]:
        """Return what was not told in the same words by the look before."""
        told = {task.id: (task.state.value, task.updated_at) for task in changes.tasks}
        fresh = [task for task in changes.tasks if self._told.get(task.id) != told[task.id]]
        self._told = told
        return fresh


class WorkspaceFeed:
    """Tells the streams of workspaces what has changed since the look before."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._changes = _Since()
        self._waits = _Since()

    async def look(self, streams: Collection[WorkspaceStream], now: datetime) -> None:
        """Ask for all changes with the same few queries, however many streams there are."""
        of_workspace: dict[str, list[WorkspaceStream]] = defaultdict(list)
        for stream in streams:
            of_workspace[stream.workspace].append(stream)
        going = {name: [each for each in own if each.since is None] for name, own in of_workspace.items()}
        await self._tell_changes(going, now)
        if self._waits.mark is None or now - self._waits.mark >= WAITS_EVERY:
            await self._tell_waits(going, now)
        # After the others: whatever those have told is part of this.
        for workspace, own in of_workspace.items():
            await self._resume(workspace, [each for each in own if each.since is not None], now)
        for stream in streams:
            stream.mark = mark_of(now)

    async def _tell_changes(self, streams: Streams, now: datetime) -> None:
        since = self._changes.start(now)
        changes = await self._watching.changes(sorted(streams), since)
        _tell(self._changes.fresh(changes), streams, now)
        self._changes.mark = now
        _tell_missed(changes, streams, since, now)

    async def _tell_waits(self, streams: Streams, now: datetime) -> None:
        since = self._waits.start(now)
        changes = await self._watching.waits(sorted(streams), since)
        _tell(self._waits.fresh(changes), streams, now)
        self._waits.mark = now
        _tell_missed(changes, streams, since, now)

    async def _resume(self, workspace: str, streams: Sequence[WorkspaceStream], now: datetime) -> None:
        """Tell streams that have just begun what they have missed, with queries for all of them together."""
        begins = {id(stream): stream.since for stream in streams if stream.since is not None}
        if not begins:
            return
        earlier = LATE + WAITS_EVERY
        since = min(begins.values()) - earlier
        parts = [
            await self._watching.changes([workspace], since),
            await self._watching.waits([workspace], since),
        ]
        for stream in streams:
            begin = begins[id(stream)]
            stream.since = None
            for part in parts:
                missed = [task for task in part.tasks if task.updated_at > begin - earlier]
                _tell(missed, {workspace: [stream]}, now)
                _tell_missed(part, {workspace: [stream]}, begin, now)


def _tell(tasks: Iterable[TaskSummary], streams: Streams, now: datetime) -> None:
    mark = mark_of(now)
    for task in tasks:
        event = summary_event(task, mark)
        is_top = task.parent_id is None and task.job != DELIVER_WEBHOOK
        for stream in streams.get(task.workspace, ()):
            if is_top or stream.everything:
                stream.offer(event)


def _tell_missed(changes: Changes, streams: Streams, since: datetime, now: datetime) -> None:
    if not changes.is_complete:
        event = missed_event(since, mark_of(now))
        for own in streams.values():
            for stream in own:
                stream.offer(event)
