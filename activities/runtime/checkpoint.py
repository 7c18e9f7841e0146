"""Work in pages that outlives its worker: each page is stored with a checkpoint that the next attempt reads.

A batch is one activity. It works several pages, each in a transaction of its own:

    checkpoint = Checkpoint(database, clock, StockProgress)
    progress = await checkpoint.resume(request)
    return await work_pages(progress, page, at_most=25)

and `page` ends its transaction with `await checkpoint.save(session, after, …)`.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

from mainspring.contracts.progress import BatchProgress, Pause, TaskProgress
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ProgressStore

Batch = TypeVar("Batch", bound=BatchProgress)
Progress = TypeVar("Progress", bound=TaskProgress)


class Paused(Exception):
    """The work cannot go on before `pause.resumes_at`. Not a failure: the batch ends, and the task waits."""

    def __init__(self, pause: Pause) -> None:
        super().__init__(f"{pause.waiting_for}, until {pause.resumes_at.isoformat()}")
        self.pause = pause


class Superseded(Exception):
    """Another attempt at the same work has come as far: one of the two was taken for dead and was not.

    What this attempt has done is not stored, for it would be counted twice; the next attempt goes on from
    what the other has stored.
    """

    def __init__(self, task_id: UUID, revision: int) -> None:
        super().__init__(f"another attempt at task {task_id} has already stored revision {revision}")


class Checkpoint(Generic[Progress]):
    """The progress of a task as its row in the ledger keeps it."""

    def __init__(self, database: Database, clock: Clock, kind: type[Progress]) -> None:
        self._database = database
        self._clock = clock
        self._kind = kind

    async def resume(self, request: Progress) -> Progress:
        """Return the later of what the workflow knows and what a killed attempt has left in the ledger."""
        stored = await self._database.read(lambda session: ProgressStore(session).checkpoint(request.task_id))
        if stored is None:
            return request
        left = self._kind.restore(stored)
        return left if left.revision >= request.revision else request

    async def save(
        self,
        session: Session,
        progress: Progress,
        *,
        processed: int,
        total: int | None = None,
        part: float = 0,
        step: str,
    ) -> None:
        """Store the progress in the transaction that stores the work.

        `part` is the share of what is under way (0 to 1); `step` says for people how far the work is.
        Raises Superseded: when another attempt has stored this revision.
        """
        rows = ProgressStore(session)
        stored = await rows.checkpoint(progress.task_id, hold=True)
        if stored is not None and self._kind.restore(stored).revision >= progress.revision:
            raise Superseded(progress.task_id, progress.revision)
        await rows.report(
            progress.task_id,
            processed=processed,
            total=total,
            part=part,
            step=step,
            checkpoint=progress.model_dump(mode="json"),
            now=self._clock.now(),
        )


async def work_pages(progress: Batch, page: Callable[[Batch], Awaitable[Batch]], *, at_most: int) -> Batch:
    """Call `page` with what it gave back last: until it is finished, it pauses, or `at_most` times.

    A page that raises Paused ends the batch; the workflow waits for the pause, and calls the next one.
    """
    progress = progress.model_copy(update={"pause": None})
    for _ in range(at_most):
        if progress.finished:
            break
        try:
            progress = await page(progress)
        except Paused as paused:
            return progress.model_copy(update={"pause": paused.pause})
    return progress
