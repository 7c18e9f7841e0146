"""Claiming from batched queues: rows are claimed, worked and acknowledged a batch at a time.

A row waits as QUEUED for its first turn. Claimed it is RUNNING, and stays so between its attempts, with
`next_attempt_at`; snoozed with a reason it is WAITING until then. A claim names the workflow run, the
activity and its attempt that work the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.engine import Row

from mainspring.contracts.tasks import JsonObject, TaskState
from mainspring.storage.ledger.deliveries import Ended, announce
from mainspring.storage.ledger.queue_statements import AGAIN, COLUMNS, FIRST, TAKE, TAKE_AFTER_DEATH
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import BATCHED_RUNNING


@dataclass(frozen=True)
class ClaimedRow:
    """A row to work, of a task of the `workspace`.

    `attempt` counts from 1; failures are those of the attempts before, of both kinds.

    `failing_since` is when the first of those failures came that are retried for a time, not for a number.

    `deaths` is how many workers in a row have died while they ran the task.
    """

    id: UUID
    workspace: str
    input: JsonObject
    attempt: int
    failures: int
    application_failures: int
    failing_since: datetime | None
    deaths: int = 0


def claim_of(run_id: str, activity_id: str, attempt: int = 1) -> str:
    """Return the name of a claim. Each attempt has its own: an attempt taken for dead may still be alive."""
    return f"{run_id}/{activity_id}/{attempt}"


class QueueStore(Repository):
    """The queues, inside the caller's transaction. Any number of workers may claim at the same time."""

    async def claim(self, job: str, claim: str, *, limit: int, now: datetime) -> list[ClaimedRow]:
        """Take up to `limit` rows that are due: by priority, round robin over fairness keys, and age.

        Rows that were asked to cancel meanwhile end here.
        """
        queue = {"job": job, "now": now, "limit": limit}
        connection = await self._session.connection()
        again = (await connection.execute(AGAIN, queue)).all()
        found = [*again, *await connection.execute(FIRST, queue)]
        if again:
            found.sort(key=lambda row: (row.priority, row.fairness_rank, row.created_at, row.id))
        return await self._take(found[:limit], claim, now)

    async def resume(self, claim: str, *, now: datetime, after_death: bool = False) -> list[ClaimedRow]:
        """Take the rows of earlier attempts of the same activity, which can no longer acknowledge them.

        `after_death`: the worker died that had them, so each of them is suspected from now on.
        """
        activity, own = _activity_and_attempt(claim)
        query = select(*COLUMNS, TaskRow.claimed_by).where(
            TaskRow.claimed_by.is_not(None), TaskRow.claimed_by.like(f"{activity}/%"), BATCHED_RUNNING
        )
        # An earlier attempt may be acknowledging just now.
        found = await self._session.execute(query.order_by(TaskRow.id).with_for_update())
        earlier = [row for row in found if _activity_and_attempt(row.claimed_by)[1] < own]
        return await self._take(earlier, claim, now, after_death=after_death)

    async def again(self, claim: str, task_ids: Sequence[UUID]) -> list[ClaimedRow]:
        """Return the rows of these that the claim has taken already, and no other claim since."""
        query = select(*COLUMNS).where(TaskRow.claimed_by == claim, BATCHED_RUNNING, TaskRow.id.in_(task_ids))
        return [_task(row, row.attempts) for row in await self._session.execute(query.with_for_update())]

    async def write_deaths(self, claim: str, task_id: UUID, deaths: int) -> int | None:
        """Write how many workers in a row have died while they ran a row of the claim, and return that.

        None when another claim has the row.
        """
        row = update(TaskRow).where(TaskRow.claimed_by == claim, TaskRow.id == task_id)
        return await self._session.scalar(row.values(deaths=deaths).returning(TaskRow.deaths))

    async def _take(
        self, rows: Sequence[Row[Any]], claim: str, now: datetime, *, after_death: bool = False
    ) -> list[ClaimedRow]:
        cancelled = [row for row in rows if row.cancel_requested_at is not None]
        claimable = [row for row in rows if row.cancel_requested_at is None]
        if cancelled:
            await self._end(cancelled, now)
        if claimable:
            claimed = {"ids": [row.id for row in claimable], "claim": claim, "now": now}
            await (await self._session.connection()).execute(
                TAKE_AFTER_DEATH if after_death else TAKE, claimed
            )
        return [_task(row, row.attempts + 1, least=int(after_death)) for row in claimable]

    async def _end(self, rows: Sequence[Row[Any]], now: datetime) -> None:
        ended = {"state": TaskState.CANCELLED, "claimed_by": None, "finished_at": now, "updated_at": now}
        these = update(TaskRow).where(TaskRow.id.in_([row.id for row in rows]))
        await self._session.execute(these.values(ended))
        await announce(self._session, [Ended(row, TaskState.CANCELLED) for row in rows], now=now)

    async def release(self, job: str, *, run_id: str, now: datetime) -> None:
        """Free the rows that other runs of the job's consumer have claimed: only one run lives at a time."""
        await self._session.execute(
            update(TaskRow)
            .where(
                BATCHED_RUNNING,
                TaskRow.claimed_by.is_not(None),
                TaskRow.claimed_by.not_like(f"{run_id}/%"),
                TaskRow.job == job,
            )
            .values(claimed_by=None, next_attempt_at=now)
        )


def _activity_and_attempt(claim: str) -> tuple[str, int]:
    activity, _, attempt = claim.rpartition("/")
    return activity, int(attempt)


def _task(row: Row[Any], attempt: int, *, least: int = 0) -> ClaimedRow:
    counted = row.checkpoint or {}
    since = counted.get("failing_since")
    return ClaimedRow(
        id=row.id,
        workspace=row.workspace,
        input=row.input,
        attempt=attempt,
        failures=counted.get("failures", 0),
        application_failures=counted.get("application_failures", 0),
        failing_since=None if since is None else datetime.fromisoformat(since),
        deaths=max(row.deaths, least),
    )
