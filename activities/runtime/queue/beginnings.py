"""Tasks that wait until it is written down that they begin: before that nothing of them goes outside."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from mainspring.activities.runtime.queue.places import Places
from mainspring.activities.runtime.queue.results import Begin, QueueTask
from mainspring.contracts.message import Message
from mainspring.storage.database import Session

In = TypeVar("In", bound=Message)


@dataclass(frozen=True)
class Begins(Generic[In]):
    """How work begins that leaves a trace outside: `write` is called in a transaction before."""

    write: Begin[In]
    places: Places

    def alone(self) -> "Begins[In]":
        """Return the same for the process that tries suspected tasks, in the one place that is lent to it."""
        return replace(self, places=Places(1))


@dataclass
class Beginning(Generic[In]):
    """A task that waits to begin, and whether the task may, once that is written."""

    task: QueueTask[In]
    may_begin: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Beginnings(Generic[In]):
    """The beginnings of a batch. `stirred` is set when there may be something to write."""

    def __init__(self, begins: Begins[In] | None, stirred: asyncio.Event) -> None:
        self._begins, self._stirred = begins, stirred
        self._waiting: list[Beginning[In]] = []
        self._written: set[UUID] = set()
        self._placed: set[UUID] = set()

    @property
    def are_written(self) -> bool:
        """Whether a beginning is to be written before the work goes on."""
        return self._begins is not None

    def lent_place(self) -> AbstractAsyncContextManager[None]:
        """Keep one of the worker's places for the process that tries tasks of this batch alone."""
        return nullcontext() if self._begins is None else self._begins.places.lent()

    @property
    def are_waiting(self) -> bool:
        """Whether a task waits to begin."""
        return bool(self._waiting)

    @property
    def are_on_the_way(self) -> bool:
        """Whether something has begun that is not acknowledged yet, so that it may be in a moment."""
        return bool(self._placed)

    @property
    def may_be_written(self) -> bool:
        """Whether a task waits to begin for which there is a place."""
        return (
            self._begins is not None
            and bool(self._waiting)
            and self._begins.places.is_free(wanted_by=self._stirred)
        )

    async def wait(self, task: QueueTask[In]) -> bool:
        """Wait until it is written that a task begins; False when another attempt has begun it."""
        if self._begins is None or task.id in self._written:
            return True
        beginning = Beginning(task)
        self._waiting.append(beginning)
        self._stirred.set()
        return await beginning.may_begin

    def take(self, instead_of: Collection[UUID]) -> list[Beginning[In]]:
        """Return what begins in the transaction that acknowledges others, whose places are handed on."""
        if self._begins is None:
            return []
        waiting = [each for each in self._waiting if not each.may_begin.cancelled()]
        handed = self._placed.intersection(instead_of)
        keeps = max(0, len(handed) - self._begins.places.owed)
        free = keeps + self._begins.places.take(max(0, len(waiting) - keeps))
        taken, self._waiting = waiting[:free], waiting[free:]
        # What is done and hands no place on keeps the place until it is acknowledged.
        self._placed -= set(list(handed)[: len(taken)])
        self._placed |= {each.task.id for each in taken}
        return taken

    async def write(self, session: Session, taken: Sequence[Beginning[In]], *, at: datetime) -> set[UUID]:
        """Write that these begin; return the ids of the tasks that may."""
        if self._begins is None or not taken:
            return set()
        return set(await self._begins.write(session, [each.task for each in taken], at))

    def tell(self, taken: Sequence[Beginning[In]], begun: Collection[UUID]) -> None:
        """Let these go on: it is written."""
        self._written.update(begun)
        for each in taken:
            if not each.may_begin.done():  # it was cancelled meanwhile
                each.may_begin.set_result(each.task.id in begun)

    def drop(self, task_ids: Collection[UUID]) -> None:
        """Free the places of tasks that are acknowledged."""
        self._written.difference_update(task_ids)
        placed = self._placed.intersection(task_ids)
        self._placed -= placed
        if self._begins is not None and placed:
            self._begins.places.give_back(len(placed))

    def drop_all(self) -> None:
        """Free all places: the batch is over."""
        self.drop(list(self._placed))
