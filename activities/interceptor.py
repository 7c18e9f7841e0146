"""What every activity needs and none should write: heartbeats, the meaning of failures, the error log."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.faults import Attempts, is_own, to_failure
from contracts.tasks import TaskError
from gateways.clock import Clock
from storage.database import Database
from storage.tasks import TaskRepository

log = structlog.get_logger(__name__)

# Three heartbeats within a timeout: one that is lost does no harm.
HEARTBEATS_PER_TIMEOUT = 3


class ActivityCare(Interceptor):
    """Wraps every activity of a worker. It adds nothing to a workflow's history."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002  # temporalio's name
        """Put this interceptor before the activity."""
        return _Care(next, self._database, self._clock)


class _Care(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, database: Database, clock: Clock) -> None:
        super().__init__(inner)
        self._database = database
        self._clock = clock

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  # temporalio's name
        info = activity.info()
        own_failures = _own_failures(info)
        try:
            async with _heartbeats(info, own_failures):
                return await self._logged(input, info)
        except Exception as error:
            attempts = Attempts(info.attempt, own_failures, info.scheduled_time)
            failure = to_failure(error, attempts, self._clock.now())
            if is_own(error) and not info.is_local:
                # The last heartbeat's details reach the next attempt: this is how failures are counted.
                activity.heartbeat(own_failures + 1)
            raise failure from error

    async def _logged(self, given: ExecuteActivityInput, info: activity.Info) -> Any:
        try:
            return await self.next.execute_activity(given)
        except Exception as error:
            try:
                await self._log_error(given, error, info)
            except Exception:
                # Whatever keeps the entry out of the ledger must not hide the failure that it tells of.
                log.exception("an error could not be written to the task's log")
            raise

    async def _log_error(self, given: ExecuteActivityInput, error: Exception, info: activity.Info) -> None:
        log.warning(
            "activity failed",
            activity=info.activity_type,
            workflow_id=info.workflow_id,
            attempt=info.attempt,
            error_type=type(error).__name__,
            error=str(error),
        )
        task_id = getattr(given.args[0], "task_id", None) if given.args else None
        if not isinstance(task_id, UUID):
            return
        entry = TaskError(
            at=self._clock.now(),
            step=info.activity_type,
            error_type=type(error).__name__,
            message=str(error),
            stack="".join(traceback.format_exception(error)),
            attempt=info.attempt,
        )
        await self._database.transact(lambda session: TaskRepository(session).append_error(task_id, entry))


def _own_failures(info: activity.Info) -> int:
    if info.is_local:
        return info.attempt - 1
    return next((detail for detail in info.heartbeat_details if isinstance(detail, int)), 0)


@asynccontextmanager
async def _heartbeats(info: activity.Info, own_failures: int) -> AsyncIterator[None]:
    if info.is_local or not info.heartbeat_timeout:
        yield
        return
    every = info.heartbeat_timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT

    async def beat() -> None:
        while True:
            activity.heartbeat(own_failures)
            await asyncio.sleep(every)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
