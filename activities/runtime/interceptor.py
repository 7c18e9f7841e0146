"""What every activity needs and none should write: heartbeats, the meaning of failures, the error log."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from mainspring.activities.runtime.held_loop import note_work
from mainspring.activities.runtime.isolation import SUSPECTED, NoProcess, Suspects, WorkerDied
from mainspring.activities.runtime.retry import Attempts, AttemptTimedOut, policy_of, to_failure
from mainspring.activities.runtime.steps import StepRecords, fail_step, step_of
from mainspring.activities.runtime.task_log import log_failed_attempt
from mainspring.contracts.flows import StepInput
from mainspring.contracts.message import Message
from mainspring.contracts.retry import Retry, retry_of
from mainspring.contracts.tasks import TaskError
from mainspring.contracts.text import LONGEST_ERROR
from mainspring.domain.sizes import MOST_RESULT, check_data, size_of
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.ledger import DeathCount, ErrorLog

log = structlog.get_logger(__name__)

# Three heartbeats within a timeout: one that is lost does no harm.
HEARTBEATS_PER_TIMEOUT = 3


# What an attempt's heartbeat tells the next one: its `Attempts`, and the worker that it runs in.
DETAILS, DETAILS_OF_0_1 = 4, 3

# An attempt is ended so long before Temporal would: what Temporal ends can no longer say why, nor that it
# was an application failure and not the death of a worker.
SHARE_TO_TELL = 0.1
MOST_TO_TELL = timedelta(seconds=10)


class ActivityCare(Interceptor):
    """Wraps every activity of a worker. It adds nothing to a workflow's history."""

    def __init__(self, database: Database, clock: Clock, suspects: Suspects | None = None) -> None:
        self._database = database
        self._clock = clock
        self._suspects = suspects or Suspects(database)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002  # temporalio's name
        """Put this interceptor before the activity."""
        return _Care(next, self._database, self._clock, self._suspects)


class _Care(ActivityInboundInterceptor):
    def __init__(
        self, inner: ActivityInboundInterceptor, database: Database, clock: Clock, suspects: Suspects
    ) -> None:
        super().__init__(inner)
        self._database = database
        self._clock = clock
        self._suspects = suspects
        self._steps = StepRecords(database, clock)

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Keep the way of heartbeats: once a plain `def` runs, that of `activity` is for its thread only."""
        self._outbound = outbound
        super().init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  # temporalio's name
        info = activity.info()
        attempts = _attempts(info)
        note_work(activity=info.activity_type, workflow_id=info.workflow_id, task_id=_task_id(input))
        lost = lost_before(info)
        try:
            async with self._heartbeats(info, attempts):
                if lost > 0:
                    # Their workers were killed, restarted or frozen, which is no attempt of the task's own.
                    what, where = info.activity_type, info.workflow_id
                    log.warning("attempts were lost", activity=what, workflow_id=where, lost=lost)
                    if suspect := await self._suspect(input, info):
                        return await self._alone(input, info, attempts, *suspect)
                return await self._translated(input, info, attempts)
        except ApplicationError as failure:
            if not info.is_local:
                # The last heartbeat's details reach the next attempt: this is how failures are counted.
                # This attempt has said how it ended, so that its worker's death is none of the task's.
                after = attempts.after(failure.__cause__ or failure, self._clock.now())
                self._heartbeat(after, SUSPECTED if isinstance(failure.__cause__, NoProcess) else None)
            if len(str(failure.__cause__)) > LONGEST_ERROR:
                # Nobody would be told of a failure that is too large for a message: a long one goes alone.
                failure.__cause__ = None
            raise

    async def _translated(self, call: ExecuteActivityInput, info: activity.Info, attempts: Attempts) -> Any:
        try:
            return await self._in_time(call, info)
        except CancelledError:  # how a plain `def` hears in its thread of a cancellation: no failure either
            raise
        except Exception as error:
            failure = await self._told(error, call, info, attempts)
            if failure is error:
                raise  # an error that is its own cause would be converted without end
            raise failure from error

    async def _told(
        self, error: Exception, call: ExecuteActivityInput, info: activity.Info, attempts: Attempts
    ) -> ApplicationError:
        failure = to_failure(error, attempts, self._clock.now(), policy_of(call.fn))
        try:
            await self._log_error(call, error, info, failure)
        except Exception:
            # Whatever keeps the entry out of the ledger must not hide the failure that it tells of.
            log.exception("an error could not be written to the task's log")
        return failure

    async def _suspect(self, call: ExecuteActivityInput, info: activity.Info) -> tuple[UUID, int] | None:
        """Return the task and its deaths when the worker of the attempt before has died, or one before it.

        A worker that was told to stop while it tried a suspected task says nothing for that task.
        """
        if await self._suspects.worker_died(worker_before(info)):
            return await self._suspects.suspect(_task_id(call), info.workflow_id)
        return await self._suspects.suspected(_task_id(call), info.workflow_id)

    async def _alone(
        self, call: ExecuteActivityInput, info: activity.Info, attempts: Attempts, task_id: UUID, deaths: int
    ) -> Any:
        """Have the activity done in isolation, where it writes its own errors."""
        log.warning("trying a task alone", task_id=str(task_id), activity=info.activity_type, deaths=deaths)
        try:
            return await self._suspects.run(task_id, deaths, call.args)
        except (WorkerDied, NoProcess) as error:
            raise await self._told(error, call, info, attempts) from error

    async def _in_time(self, call: ExecuteActivityInput, info: activity.Info) -> Any:
        limit = None if info.is_local else info.start_to_close_timeout
        ending = asyncio.timeout(None if limit is None else _time_for(limit).total_seconds())
        try:
            async with ending:
                return await self._execute(call, info)
        except TimeoutError as error:
            if limit is None or not ending.expired():
                raise
            raise AttemptTimedOut(limit) from error

    async def _execute(self, call: ExecuteActivityInput, info: activity.Info) -> Any:
        step = step_of(call.args)
        if step is not None:
            return await self._steps.work(step, info.attempt, lambda: self.next.execute_activity(call))
        result = await self.next.execute_activity(call)
        if isinstance(result, Message) and not info.is_local:
            # What Temporal does not carry would never arrive, and be made again without end.
            check_data(f"activity {info.activity_type!r}", size_of(result), MOST_RESULT)
        return result

    async def _log_error(
        self, call: ExecuteActivityInput, error: Exception, info: activity.Info, failure: ApplicationError
    ) -> None:
        task_id, step, now = _task_id(call), step_of(call.args), self._clock.now()
        entry = TaskError(
            at=now,
            step=info.activity_type if step is None else step.step,
            error_type=failure.type or type(error).__name__,
            message=failure.message,
            stack="".join(traceback.format_exception(error)),
            attempt=info.attempt,
        )
        delay = None if failure.non_retryable else failure.next_retry_delay
        next_at = None if delay is None else now + delay
        log_failed_attempt(
            task_id or await self._task_of(info),
            step=entry.step,
            workflow_id=info.workflow_id or "",
            error=entry,
            next_at=next_at,
        )
        if task_id is None:
            return
        await self._database.transact(
            lambda session: _write_error(
                session,
                task_id,
                entry,
                step,
                is_last=failure.non_retryable,
                is_until_mended=retry_of(error) is Retry.UNTIL_MENDED,
                next_at=next_at,
            )
        )

    async def _task_of(self, info: activity.Info) -> UUID | None:
        """Return the task whose workflow an activity is part of, if the input does not name the task."""
        workflow_id = info.workflow_id or ""
        try:
            return await self._database.read(lambda session: DeathCount(session).task_of(workflow_id))
        except READ_ERRORS:
            return None  # the line names the workflow

    def _heartbeat(self, attempts: Attempts, worker: str | None) -> None:
        since = attempts.transient_since.isoformat() if attempts.transient_since else None
        self._outbound.heartbeat(attempts.application_failures, attempts.transient_failures, since, worker)

    @asynccontextmanager
    async def _heartbeats(self, info: activity.Info, attempts: Attempts) -> AsyncIterator[None]:
        if info.is_local or not info.heartbeat_timeout:
            yield
            return
        every = info.heartbeat_timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT

        async def beat() -> None:
            while True:
                self._heartbeat(attempts, self._suspects.worker)
                await asyncio.sleep(every)

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()


async def _write_error(
    session: Session,
    task_id: UUID,
    entry: TaskError,
    step: StepInput | None,
    *,
    is_last: bool,
    is_until_mended: bool,
    next_at: datetime | None,
) -> None:
    if is_until_mended:
        await ErrorLog(session).forget_same([(task_id, entry)])
    await ErrorLog(session).append(task_id, entry, next_at=next_at)
    if step is not None:
        await fail_step(session, step, entry, is_last=is_last)


def _task_id(call: ExecuteActivityInput) -> UUID | None:
    task_id = getattr(call.args[0], "task_id", None) if call.args else None
    return task_id if isinstance(task_id, UUID) else None


def _time_for(limit: timedelta) -> timedelta:
    return limit - min(limit * SHARE_TO_TELL, MOST_TO_TELL)


def lost_before(info: activity.Info) -> int:
    """Return how many earlier attempts have ended without a word: their workers died or stood still."""
    attempts = _attempts(info)
    return info.attempt - 1 - attempts.application_failures - attempts.transient_failures


def worker_before(info: activity.Info) -> str | None:
    """Return the worker of the attempt before, which may have ended without a word.

    None when that attempt has said how it ended, SUSPECTED when nothing was ever heard of it.
    """
    if info.attempt == 1 or info.is_local:
        return None
    if not info.heartbeat_details:
        return SUSPECTED
    worker: str | None = info.heartbeat_details[-1] if len(info.heartbeat_details) == DETAILS else None
    return worker


def _attempts(info: activity.Info) -> Attempts:
    if info.is_local:
        # A local activity has no heartbeats. It writes to the ledger, which the world may not end.
        return Attempts(application_failures=info.attempt - 1, transient_failures=info.attempt - 1)
    if len(info.heartbeat_details) not in {DETAILS, DETAILS_OF_0_1}:
        return Attempts()
    application_failures, transient_failures, since = info.heartbeat_details[:DETAILS_OF_0_1]
    return Attempts(
        application_failures, transient_failures, datetime.fromisoformat(since) if since else None
    )
