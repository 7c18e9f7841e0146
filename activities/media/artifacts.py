"""What the steps make on the worker's disk: each piece once, and again when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from mainspring.contracts.media import VideoStep
from mainspring.contracts.message import Message
from mainspring.contracts.secret_urls import lasting
from mainspring.gateways.work_dir import Bench, Piece, Scratch
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import StepQueries

Note = TypeVar("Note", bound=Message)


class Artifacts:
    """Finds the pieces of a task and of those that it retries, or has them made.

    A piece is named after what it is made of, so that another input is another piece.
    """

    def __init__(self, database: Database, scratch: Scratch) -> None:
        self._database = database
        self._scratch = scratch
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def obtain(
        self,
        request: VideoStep,
        kind: str,
        note: type[Note],
        make: Callable[[Path], Awaitable[Note]],
        *,
        is_step: bool,
        is_resumable: bool = False,
    ) -> tuple[Path, Note]:
        """Return a piece's folder and what was noted of it; `make` is given a folder to make it in.

        A step (`is_step`) takes only what its own task has made: whoever retries it may have a reason not to
        trust what is there. Its needs are taken from whoever has made them.
        """
        bench = await self.bench(request.task_id)
        name = f"{kind}-{sha256(lasting(request.source).encode()).hexdigest()[:12]}"
        # Two steps that miss the same piece make it once.
        lock = self._locks.setdefault(f"{request.task_id}/{name}", asyncio.Lock())
        async with lock:
            found = await asyncio.to_thread(bench.find, name)
            if found is not None and not (is_step and found.made_by != request.task_id):
                return found.folder, note.restore(found.note)
            return await _made(bench, name, make, request.task_id, is_resumable=is_resumable)

    async def bench(self, task_id: UUID) -> Bench:
        """Return the bench of a task, which is that of the first one of a chain of retries."""

        async def look(session: Session) -> UUID:
            runs = await StepQueries(session).earlier_runs(task_id)
            return runs[-1].task_id if runs else task_id

        return self._scratch.bench(await self._database.read(look))


async def _made(
    bench: Bench,
    name: str,
    make: Callable[[Path], Awaitable[Note]],
    made_by: UUID,
    *,
    is_resumable: bool,
) -> tuple[Path, Note]:
    working = await asyncio.to_thread(bench.resume if is_resumable else bench.begin, name)
    try:
        note = await make(working)
        piece: Piece = await asyncio.to_thread(
            bench.keep, working, name, note.model_dump(mode="json"), made_by
        )
    except BaseException:
        if not is_resumable:
            await asyncio.shield(asyncio.to_thread(bench.drop, working))
        raise
    return piece.folder, note
