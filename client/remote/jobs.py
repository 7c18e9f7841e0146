"""Starting, cancelling and retrying tasks over HTTP."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from mainspring.client.errors import BadInput, JobIsInternal, TaskEndedAlready
from mainspring.client.jobs.new_task import checked
from mainspring.client.jobs.started import StartedTask
from mainspring.client.remote.calls import Calls, in_iso
from mainspring.client.remote.tasks import RemoteTasks
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task
from mainspring.storage.dialect import chunks
from mainspring.workflows.runtime.catalogue import job_named
from mainspring.workflows.runtime.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)

# As many as a call starts.
MOST_STARTS = 1_000


class RemoteJobs:
    """As `client.jobs.Jobs`, over HTTP, without a transaction of the caller's.

    The key says who has started a task. A start whose answer is lost is called again, and starts one task.
    """

    def __init__(self, calls: Calls, tasks: RemoteTasks) -> None:
        self._calls = calls
        self._tasks = tasks

    async def start(
        self,
        job: Job[In, Out],
        message: In,
        *,
        at: datetime | None = None,
        delay: timedelta | None = None,
        priority: int = 3,
        idempotency_key: str | None = None,
    ) -> StartedTask[Out]:
        """Accept a task, or return the one that the job's `repeats` says is there instead.

        With an `idempotency_key` of the caller's, a later call of the same key returns the same task for two
        days, also after the caller has crashed.

        Raises UnknownJob: when the key may not start the job.
        Raises BadInput: when the input, a time or the priority is not accepted.
        Raises IdempotencyKeyReused: when the key was that of another start.
        Raises TooManyTasks: when the workspace has as many active tasks as it may have.
        """
        if at is not None and at.tzinfo is None:
            raise BadInput(f"at: {at} is not accepted: a time without a zone")
        body = _item(job, message) | {"priority": priority}
        if at is not None:
            body["at"] = at.isoformat()
        if delay is not None:
            body["delay"] = in_iso(delay)
        path, key = f"/v1/jobs/{job.name}", idempotency_key or uuid4().hex
        return self._started(job, await self._calls.post(path, body, idempotency_key=key))

    async def start_many(
        self, job: Job[In, Out], messages: Iterable[In], *, priority: int = 3
    ) -> list[StartedTask[Out]]:
        """Accept a task for each input, as `start` does; return them in the order of the inputs.

        They are accepted a thousand at a time: what was accepted before an error stays accepted.
        """
        items = [_item(job, each) | {"priority": priority} for each in messages]
        started: list[StartedTask[Out]] = []
        for part in chunks(items, MOST_STARTS):
            body, key = {"items": part}, uuid4().hex
            answers = await self._calls.post(f"/v1/jobs/{job.name}/bulk", body, idempotency_key=key)
            for answer in answers:
                if answer["error"] is not None:
                    raise BadInput(answer["error"])
            started += [self._started(job, answer) for answer in answers]
        return started

    async def cancel(self, task_id: UUID) -> Task:
        """Ask a task to cancel itself. A final one stays as it is; one that never started ends at once."""
        try:
            await self._calls.post(f"/v1/tasks/{task_id}/cancel", is_repeatable=True)
        except TaskEndedAlready as error:
            return error.task
        return await self._tasks.get(task_id)

    async def retry(
        self, task_id: UUID, *, from_step: str | None = None, message: Message | None = None
    ) -> StartedTask[Message]:
        """Start a failed or cancelled task once more, as a new task; TaskNotRetryable for any other.

        `message` is another input than the task had, `from_step` a step of a flow that is run again with all
        that depend on it. AlreadyRetried: that was done before; the error names the newer task. KeyHeld:
        another task of the key is active, and would not do what is asked.
        """
        job: Job[Message, Message] = job_named((await self._tasks.get(task_id)).job)
        body = {"from_step": from_step, "input": None if message is None else _item(job, message)["input"]}
        return self._started(job, await self._calls.post(f"/v1/tasks/{task_id}/retry", body))

    def _started(self, job: Job[In, Out], answer: dict[str, Any]) -> StartedTask[Out]:
        return StartedTask(UUID(answer["id"]), answer["deduplicated"], self._tasks, job.result)


def _item(job: Job[In, Out], message: In) -> dict[str, Any]:
    if job.is_internal:
        raise JobIsInternal(job.name)
    return {"input": checked(job, message).model_dump(mode="json")}
