"""What follows a commit: what a caller asks for, and the waking of queues. A roll-back forgets both."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

# Wakes the consumer of a job's queue, for tasks that a transaction has queued.
Wake = Callable[[str, Collection[UUID]], Awaitable[None]]

# Where a session keeps how queues are woken, and what follows its commit.
WAKE = "mainspring_wake"
FOLLOWING = "mainspring_following"


def after_commit(session: AsyncSession, then: Callable[[], Awaitable[object]]) -> None:
    """Run `then` in a task of its own once the session's transaction is committed; never if it is not.

    Called inside a savepoint, it counts as part of that: rolled back with it, else committed with the whole.
    """
    _following(session).add(_Entry(then=then))


def wake_after_commit(session: AsyncSession, job: str, task_ids: Collection[UUID]) -> None:
    """Have the consumer of a job's queue woken once these tasks are committed; never if they are not.

    A transaction wakes each queue once, whatever it has queued there. A session that no `Database` has made
    wakes nothing: its tasks wait for the relay.
    """
    if task_ids and WAKE in session.info:
        _following(session).add(_Entry(job=job, task_ids=list(task_ids)))


def waking(session: AsyncSession) -> "set[asyncio.Task[None]]":
    """Return the tasks in which the last commit of a session wakes queues."""
    following: _Following | None = session.info.get(FOLLOWING)
    return set() if following is None else following.waking


async def after_commits() -> None:
    """Wait until everything that commits have set off is done."""
    while _under_way:
        await asyncio.wait(_under_way)


def set_off(work: Awaitable[object]) -> "asyncio.Task[None]":
    """Begin work that no caller waits for; `after_commits` does."""
    task = asyncio.ensure_future(_awaited(work))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return task


@dataclass(frozen=True)
class _Entry:
    """Work that follows a commit, or tasks whose queue is woken by it."""

    then: Callable[[], Awaitable[object]] | None = None
    job: str = ""
    task_ids: list[UUID] = field(default_factory=list)
    within: list[SessionTransaction] = field(default_factory=list)


class _Following:
    """What follows the commit of one session."""

    def __init__(self, session: Session, wake: Wake | None) -> None:
        self._session, self._wake = session, wake
        self._entries: list[_Entry] = []
        self.waking: set[asyncio.Task[None]] = set()
        event.listen(session, "after_commit", self._committed)
        event.listen(session, "after_soft_rollback", self._rolled_back)
        event.listen(session, "after_transaction_end", self._ended)

    def add(self, entry: _Entry) -> None:
        entry.within.extend(_open_transactions(self._session))
        self._entries.append(entry)

    def _committed(self, session: Session) -> None:
        # A savepoint that is released is reported as a commit too.
        if session.in_nested_transaction():
            return
        entries, self._entries = self._entries, []
        for entry in entries:
            if entry.then is not None:
                set_off(entry.then())
        queued: dict[str, list[UUID]] = {}
        for entry in entries:
            if entry.then is None:
                queued.setdefault(entry.job, []).extend(entry.task_ids)
        if self._wake is not None:
            self.waking = {set_off(self._wake(job, ids)) for job, ids in queued.items()}

    def _rolled_back(self, _session: Session, transaction: SessionTransaction) -> None:
        self._entries = [entry for entry in self._entries if transaction not in entry.within]

    def _ended(self, _session: Session, transaction: SessionTransaction) -> None:
        # A session closed in mid-transaction reports no roll-back, and may begin another one.
        if transaction.parent is None:
            self._entries = []


def _following(session: AsyncSession) -> _Following:
    if FOLLOWING not in session.info:
        session.info[FOLLOWING] = _Following(session.sync_session, session.info.get(WAKE))
    following: _Following = session.info[FOLLOWING]
    return following


def _open_transactions(session: Session) -> Iterator[SessionTransaction]:
    transaction = session.get_nested_transaction() or session.get_transaction()
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


async def _awaited(work: Awaitable[object]) -> None:
    await work


# The event loop holds its tasks weakly only.
_under_way: set[asyncio.Task[None]] = set()
