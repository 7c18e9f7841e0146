"""Starts that come from outside: of jobs that callers may start, and once for each idempotency key."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from mainspring.client.errors import BadInput, ClientError
from mainspring.client.idempotency import IdempotentCalls, checked_key, digest
from mainspring.client.jobs import Jobs
from mainspring.client.jobs.new_task import checked
from mainspring.client.start_checks import Origin, StartCheck
from mainspring.client.validation import shown, validated
from mainspring.contracts.audit import NewAuditEntry
from mainspring.contracts.flows import RunFlow
from mainspring.contracts.message import InputFault, Message
from mainspring.contracts.tasks import JsonObject
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import WorkspaceTasks
from mainspring.workflows.runtime.catalogue import JOBS, UnknownJob, job_named
from mainspring.workflows.runtime.job import AnyJob

# The active tasks of a workspace are counted again after so long: to count them at each start costs more than
# the start. Starts in between are added to the count.
COUNTED_EVERY = timedelta(seconds=5)

Path = tuple[int | str, ...]


class TooManyTasks(ClientError):
    """A workspace has as many active tasks as it may have."""

    def __init__(self, workspace: str, limit: int) -> None:
        super().__init__(f"workspace {shown(workspace)} has {limit} active tasks, which is the limit")
        self.limit = limit


@dataclass(frozen=True)
class Asked:
    """What a caller asks for. The task begins `at` a time or after a `delay`, if one of them is there."""

    job: str
    input: JsonObject
    priority: int = 3
    at: datetime | None = None
    delay: timedelta | None = None


@dataclass(frozen=True)
class Start:
    """The task that does what was asked; `deduplicated` says that it was there already."""

    id: UUID
    deduplicated: bool


# What the audit log says of a start.
NoteOfStart = Callable[[Start], NewAuditEntry]


@dataclass(frozen=True)
class _Checked:
    """One start of many whose input is accepted, and its place among them."""

    number: int
    asked: Asked
    job: AnyJob
    message: Message


class Starts:
    """Starts tasks of a workspace for callers from outside.

    `is_platform` says that the caller has the platform's key: jobs that run by schedule work for the whole
    installation, and are started by the platform only. `checks` are what domains check of an input beside
    its shape, by the type of the input.
    """

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        clock: Clock,
        *,
        most_active: int,
        checks: Mapping[type[Message], StartCheck],
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._calls = IdempotentCalls(database, clock, jobs.workspace)
        self._most_active = most_active
        self._checks = checks
        self._counted_at = -COUNTED_EVERY.total_seconds()
        self._active = 0

    def jobs(self, *, is_platform: bool) -> Sequence[AnyJob]:
        """Return the jobs that a caller may start."""
        return [job for job in JOBS if _is_startable(job, is_platform=is_platform)]

    def job(self, name: str, *, is_platform: bool) -> AnyJob:
        """Return a job that a caller may start.

        Raises UnknownJob: for any other, whether or not it is catalogued.
        """
        startable = self.jobs(is_platform=is_platform)
        for job in startable:
            if job.name == name:
                return job
        raise UnknownJob(name, startable)

    async def start(
        self,
        asked: Asked,
        *,
        is_platform: bool,
        triggered_by: str,
        idempotency_key: str | None = None,
        note: NoteOfStart | None = None,
    ) -> Start:
        """Accept a task, or return what was answered to the same call before.

        What `note` says of a start is in the audit log once the task is accepted. A call that is answered as
        before starts nothing, and is not noted.

        Raises UnknownJob: when there is no such job for this caller.
        Raises BadInput: when the input or the key is not accepted.
        Raises IdempotencyKeyReused: when the key was that of another call.
        Raises TooManyTasks: when the workspace has as many active tasks as it may have.
        """
        job, message = await self._checked(asked, is_platform=is_platform)
        if idempotency_key is not None:
            return await self._start_once(
                job, message, asked, triggered_by, checked_key(idempotency_key), note
            )
        await self._check_room(1)
        return await self._start(job, message, asked, triggered_by, note)

    async def start_many(
        self,
        asked: Sequence[Asked],
        *,
        is_platform: bool,
        triggered_by: str,
        idempotency_key: str | None = None,
    ) -> list[Start | Exception]:
        """Accept tasks; return for each what became of it, or why its input is not accepted.

        With a key all are accepted in one transaction, and the same call is answered the same later.

        Raises BadInput: when the key is not accepted.
        Raises IdempotencyKeyReused: when the key was that of another call.
        Raises TooManyTasks: when the workspace would have more active tasks than it may have.
        """
        if idempotency_key is None:
            await self._check_room(len(asked))
            return await self._start_all(asked, None, is_platform=is_platform, triggered_by=triggered_by)
        key, request = checked_key(idempotency_key), digest(list(map(vars, asked)))
        answer = await self._calls.answered(key, request)
        if answer is None:
            await self._check_room(len(asked))

            async def work(session: Session) -> JsonObject:
                results = await self._start_all(
                    asked, session, is_platform=is_platform, triggered_by=triggered_by
                )
                return {"items": list(map(_kept, results))}

            answer = await self._calls.answer_once(key, request, work)
        return list(map(_told, answer["items"]))

    async def _start_all(
        self, asked: Sequence[Asked], session: Session | None, *, is_platform: bool, triggered_by: str
    ) -> list[Start | Exception]:
        results: list[Start | Exception | None] = [None] * len(asked)
        accepted: list[_Checked] = []
        for number, each in enumerate(asked):
            try:
                accepted.append(_Checked(number, each, *await self._checked(each, is_platform=is_platform)))
            except (BadInput, UnknownJob) as error:
                results[number] = error
        # Neighbours that are alike are one transaction, as of any caller who starts many.
        for _, alike in groupby(accepted, key=lambda one: replace(one.asked, input={})):
            together = list(alike)
            started = await self._start_alike(together, triggered_by, session)
            for one, result in zip(together, started, strict=True):
                results[one.number] = result
        return [result for result in results if result is not None]

    async def _start_alike(
        self, together: Sequence[_Checked], triggered_by: str, session: Session | None
    ) -> Sequence[Start | Exception]:
        first = together[0]
        if first.asked.at is None and first.asked.delay is None:
            started = await self._jobs.start_many(
                first.job,
                [each.message for each in together],
                session=session,
                priority=first.asked.priority,
                triggered_by=triggered_by,
            )
            return [Start(each.id, each.deduplicated) for each in started]
        return [await self._start_later(each, triggered_by, session) for each in together]

    async def _start_later(
        self, each: _Checked, triggered_by: str, session: Session | None
    ) -> Start | Exception:
        try:
            return await self._start(each.job, each.message, each.asked, triggered_by, session=session)
        except BadInput as error:
            return error

    async def retry(
        self,
        task_id: UUID,
        *,
        is_platform: bool,
        from_step: str | None = None,
        changes: JsonObject | None = None,
    ) -> Start:
        """Start a failed or cancelled task once more; `changes` are the fields of its input that are others.

        Raises TaskUnknown: when the workspace has no such task.
        Raises TaskNotRetryable: when the task is neither failed nor cancelled.
        Raises AlreadyRetried: when that was done before.
        Raises KeyHeld: when another task of the key is active and does not do what is asked.
        Raises BadInput: when the changes or the step are not accepted.
        Raises TooManyTasks: when the workspace has as many active tasks as it may have.
        """
        message = None
        if changes is not None:
            task = await self._jobs.tasks.get(task_id)
            if not _is_startable(job_named(task.job), is_platform=is_platform):
                raise BadInput(f"input: tasks of {task.job} are retried as they are")
            _, message = await self._checked(Asked(task.job, task.input | changes), is_platform=is_platform)
        await self._check_room(1)
        started = await self._jobs.retry(task_id, from_step=from_step, message=message)
        return Start(started.id, started.deduplicated)

    async def _checked(self, asked: Asked, *, is_platform: bool) -> tuple[AnyJob, Message]:
        job = self.job(asked.job, is_platform=is_platform)
        message = checked(job, validated(job, asked.input))
        origin = Origin(self._jobs.workspace, is_platform=is_platform)
        try:
            await self._check(message, origin, ())
        except InputFault as fault:
            raise BadInput(str(fault)) from None
        return job, message

    async def _check(self, message: Message, origin: Origin, path: Path) -> None:
        check = self._checks.get(type(message))
        if check is not None:
            try:
                await check(message, origin)
            except InputFault as fault:
                raise InputFault((*path, *fault.path), fault.message) from None
        if isinstance(message, RunFlow):
            await self._check_steps(message, replace(origin, is_step=True), path)

    async def _check_steps(self, flow: RunFlow, origin: Origin, path: Path) -> None:
        for number, step in enumerate(flow.steps):
            at = (*path, "steps", number)
            try:
                job = self.job(step.job, is_platform=origin.is_platform)
            except UnknownJob as error:
                raise InputFault((*at, "job"), str(error)) from None
            if job.input in self._checks or issubclass(job.input, RunFlow):
                # The job's own check has seen the shape.
                await self._check(job.input.model_validate(step.input), origin, (*at, "input"))

    async def _start(
        self,
        job: AnyJob,
        message: Message,
        asked: Asked,
        triggered_by: str,
        note: NoteOfStart | None = None,
        session: Session | None = None,
    ) -> Start:
        started = await self._jobs.start(
            job,
            message,
            session=session,
            at=asked.at,
            delay=asked.delay,
            priority=asked.priority,
            triggered_by=triggered_by,
            note=None if note is None else lambda each: note(Start(each.task_id, each.deduplicated)),
        )
        return Start(started.id, started.deduplicated)

    async def _start_once(
        self,
        job: AnyJob,
        message: Message,
        asked: Asked,
        triggered_by: str,
        key: str,
        note: NoteOfStart | None,
    ) -> Start:
        request = digest(vars(asked))
        answer = await self._calls.answered(key, request)
        if answer is None:
            await self._check_room(1)

            async def work(session: Session) -> JsonObject:
                return _kept(await self._start(job, message, asked, triggered_by, note, session))

            answer = await self._calls.answer_once(key, request, work)
        return Start(UUID(answer["id"]), answer["deduplicated"])

    async def _check_room(self, new: int) -> None:
        now = time.monotonic()
        if now - self._counted_at >= COUNTED_EVERY.total_seconds():
            self._counted_at = now
            self._active = await self._database.read(
                lambda session: WorkspaceTasks(session, self._jobs.workspace).count_active(
                    most=self._most_active + 1
                )
            )
        if self._active + new > self._most_active:
            raise TooManyTasks(self._jobs.workspace, self._most_active)
        self._active += new


def _is_startable(job: AnyJob, *, is_platform: bool) -> bool:
    return not job.is_internal and job.queue is None and (is_platform or job.schedule is None)


def _kept(result: Start | Exception) -> JsonObject:
    if isinstance(result, Start):
        return {"id": str(result.id), "deduplicated": result.deduplicated}
    return {"error": str(result)}


def _told(kept: JsonObject) -> Start | Exception:
    return BadInput(kept["error"]) if "error" in kept else Start(UUID(kept["id"]), kept["deduplicated"])
