"""Starts at the same time share transactions: while one commits, later starts gather for the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from mainspring.client.jobs.notes import Note
from mainspring.contracts.tasks import Enqueued, NewTask
from mainspring.storage.commits import set_off
from mainspring.storage.dialect import CHUNK
from mainspring.storage.errors import DatabaseAway


@dataclass(frozen=True)
class _Start:
    """One caller's task, and what the caller waits for."""

    task: NewTask
    note: Note | None
    answer: asyncio.Future[Enqueued]
    committed: asyncio.Event = field(default_factory=asyncio.Event)


class CoalescedStarts:
    """Takes the tasks of concurrent callers in together, and gives each caller the answer for its own task.

    `commit` writes tasks in one transaction, with what the audit log says of them; `dispatch` tells
    Temporal of those that are new. Only tasks without a key belong here: one with a key may have to wait for
    another transaction that holds the key, and all that came with it would wait too.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[NewTask], Sequence[Note | None]], Awaitable[list[Enqueued]]],
        dispatch: Callable[[Sequence[NewTask], Sequence[Enqueued]], Awaitable[None]],
    ) -> None:
        self._commit = commit
        self._dispatch = dispatch
        self._gathered: list[_Start] = []
        self._commits: asyncio.Task[None] | None = None

    async def accept(self, task: NewTask, note: Note | None = None) -> Enqueued:
        """Commit and start a task; a caller that is cancelled waits for the commit still."""
        start = _Start(task, note, asyncio.get_running_loop().create_future())
        self._gathered.append(start)
        if self._commits is None:
            self._commits = set_off(self._commit_gathered())
        try:
            return await start.answer
        except asyncio.CancelledError:
            await start.committed.wait()
            raise

    async def _commit_gathered(self) -> None:
        while self._gathered:
            group, self._gathered = self._gathered[:CHUNK], self._gathered[CHUNK:]
            await self._commit_group(group)
        self._commits = None

    async def _commit_group(self, group: Sequence[_Start]) -> None:
        try:
            enqueued = await self._commit([start.task for start in group], [start.note for start in group])
        except Exception as error:  # noqa: BLE001  # the callers raise it
            if len(group) > 1 and not isinstance(error, DatabaseAway):
                # One task that the database refuses must not take the others with it.
                for start in group:
                    await self._commit_group([start])
            else:
                for start in group:
                    _end(start, error)
            return
        for start in group:
            start.committed.set()
        set_off(self._dispatch_group(group, enqueued))

    async def _dispatch_group(self, group: Sequence[_Start], enqueued: Sequence[Enqueued]) -> None:
        try:
            await self._dispatch([start.task for start in group], enqueued)
        except Exception as error:  # noqa: BLE001  # the callers raise it
            for start in group:
                _end(start, error)
        else:
            for start, each in zip(group, enqueued, strict=True):
                _end(start, each)


def _end(start: _Start, answer: Enqueued | Exception) -> None:
    start.committed.set()
    if start.answer.done():  # the caller was cancelled
        return
    if isinstance(answer, Exception):
        start.answer.set_exception(answer)
    else:
        start.answer.set_result(answer)
