"""Cancelling tasks over HTTP, and being told why that takes long."""

from uuid import UUID

from mainspring.client.cancelling import Cancellation, Cancellations
from mainspring.client.remote.calls import Calls
from mainspring.client.remote.tasks import RemoteTasks, parameters
from mainspring.contracts.tasks import TaskFilter


class RemoteCancelling:
    """As `client.cancelling.Cancelling`, over HTTP."""

    def __init__(self, calls: Calls, tasks: RemoteTasks) -> None:
        self._calls = calls
        self._tasks = tasks

    async def cancel(self, task_id: UUID) -> Cancellation:
        """Ask a task to cancel itself; what it has done so far stays.

        Raises TaskUnknown: when the workspace has no such task.
        Raises TaskEndedAlready: when the task has succeeded or failed.
        """
        answer = await self._calls.post(f"/v1/tasks/{task_id}/cancel", is_repeatable=True)
        return Cancellation(await self._tasks.get(task_id), answer["note"])

    async def cancel_matching(
        self, chosen: TaskFilter, *, dry_run: bool = False, expect: int | None = None
    ) -> Cancellations:
        """Ask the active tasks of a filter to cancel themselves, up to a thousand of them, the newest first.

        Tasks that were asked before count no more. With `dry_run` nothing is cancelled.

        Raises CountDiffers: when the filter finds another number of tasks than `expect`.
        Raises UnknownJob: when the filter names a job that is not catalogued.
        """
        criteria = {"everything": True} | parameters(chosen)
        body = {"filter": criteria, "dry_run": dry_run, "expect": expect}
        answer = await self._calls.post("/v1/tasks/cancel", body)
        return Cancellations(answer["count"], answer["more"])
