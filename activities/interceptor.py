"""What every activity needs and none should write: heartbeats, the meaning of failures, the error log."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.faults import Attempts, to_failure
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
        attempts = _attempts(info)
        try:
            async with _heartbeats(info, attempts):
                return await self._logged(input, info)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is judged and raised
            now = self._clock.now()
            if not info.is_local:
                # The last heartbeat's details reach the next attempt: this is how failures are counted.
                _heartbeat(attempts.after(error, now))
            failure = to_failure(error, attempts, now)
            # An error that is its own cause would be converted without end.
            raise failure from (None if failure is error else error)

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


def _attempts(info: activity.Info) -> Attempts:
    if info.is_local:
        # A local activity has no heartbeats. It writes to the ledger, which the world may not end.
        return Attempts(own_failures=info.attempt - 1, world_failures=info.attempt - 1)
    if len(info.heartbeat_details) != len(fields(Attempts)):
        return Attempts()
    own_failures, world_failures, since = info.heartbeat_details
    return Attempts(own_failures, world_failures, datetime.fromisoformat(since) if since else None)


def _heartbeat(attempts: Attempts) -> None:
    since = attempts.world_since.isoformat() if attempts.world_since else None
    activity.heartbeat(attempts.own_failures, attempts.world_failures, since)


@asynccontextmanager
async def _heartbeats(info: activity.Info, attempts: Attempts) -> AsyncIterator[None]:
    if info.is_local or not info.heartbeat_timeout:
        yield
        return
    every = info.heartbeat_timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT

    async def beat() -> None:
        while True:
            _heartbeat(attempts)
            await asyncio.sleep(every)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
