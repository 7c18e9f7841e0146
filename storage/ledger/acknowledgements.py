"""Acknowledging a batch: the results of many rows, written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Update, bindparam, literal_column, null, select

from mainspring.contracts.tasks import JsonObject, TaskError, TaskState
from mainspring.storage.ledger.deliveries import CHANGED, Ended, announce
from mainspring.storage.ledger.error_log import ErrorLog
from mainspring.storage.ledger.rows import failure_columns
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import BATCHED_RUNNING

NO_FAILURE = {"error_type": None, "error_message": None, "fingerprint": None}


@dataclass(frozen=True)
class Acknowledgement:
    """The result of one row: SUCCESS with the result, FAILED, or RUNNING for another attempt later.

    WAITING is another attempt later, too, with what the row is `waiting_for`.

    `is_until_mended`: the error comes again and again until a person has mended its cause, and the error log
    keeps the last one of its step and type.
    """

    id: UUID
    state: TaskState
    result: JsonObject | None = None
    error: TaskError | None = None
    next_attempt_at: datetime | None = None
    waiting_for: str | None = None
    failures: int = 0
    application_failures: int = 0
    failing_since: datetime | None = None
    is_until_mended: bool = False
    deaths: int = 0


class AcknowledgementStore(Repository):
    """Ends the leases of a claim, inside the caller's transaction."""

    async def acknowledge(
        self, claim: str, acknowledgements: Sequence[Acknowledgement], *, now: datetime
    ) -> dict[UUID, TaskState]:
        """Write the results of rows whose lease this claim still has. Return the states of these rows now.

        A row whose cancellation was asked for gets no other attempt. The row is CANCELLED, unless its work is
        done.
        """
        ids = [each.id for each in acknowledgements]
        connection = await self._session.connection()
        claimed_rows = await connection.execute(_LEASED, {"claim": claim, "ids": ids})
        rows: dict[UUID, Any] = {row.id: row for row in claimed_rows}
        leased = [each for each in acknowledgements if each.id in rows]
        if not leased:
            return {}
        states = {each.id: _state(each, rows[each.id]) for each in leased}
        done = [each for each in leased if each.state is TaskState.SUCCESS]
        if done:
            results = [{"task": each.id, "outcome": each.result, "now": now} for each in done]
            await connection.execute(_DONE, results)
        others = [each for each in leased if each.state is not TaskState.SUCCESS]
        if others:
            await connection.execute(
                _UPDATE, [_values(each, rows[each.id].job, states[each.id], now) for each in others]
            )
        await self._log_errors(leased)
        ended = [
            Ended(rows[each.id], states[each.id], each.error) for each in leased if states[each.id].is_final
        ]
        await announce(self._session, ended, now=now)
        return states

    async def _log_errors(self, acknowledgements: Sequence[Acknowledgement]) -> None:
        failed = [(each, each.error) for each in acknowledgements if each.error is not None]
        log = ErrorLog(self._session)
        await log.forget_same([(each.id, error) for each, error in failed if each.is_until_mended])
        await log.append_all([(each.id, error) for each, error in failed])


def _state(acknowledgement: Acknowledgement, row: Any) -> TaskState:
    is_done = acknowledgement.state is TaskState.SUCCESS
    return acknowledgement.state if is_done or row.cancel_requested_at is None else TaskState.CANCELLED


def _values(acknowledgement: Acknowledgement, job: str, state: TaskState, now: datetime) -> dict[str, Any]:
    is_waiting = state is TaskState.WAITING
    failed_with = acknowledgement.error if state is TaskState.FAILED else None
    return {
        "task": acknowledgement.id,
        "state": state,
        "result": acknowledgement.result,
        "progress": 100 if state is TaskState.SUCCESS else 0,
        "claimed_by": None,
        "deaths": acknowledgement.deaths,
        "next_attempt_at": None if state.is_final else acknowledgement.next_attempt_at,
        "waiting_for": acknowledgement.waiting_for if is_waiting else None,
        "resumes_at": acknowledgement.next_attempt_at if is_waiting else None,
        "checkpoint": _counts(acknowledgement) if acknowledgement.failures else None,
        **(failure_columns(job, failed_with) if failed_with else NO_FAILURE),
        "finished_at": now if state.is_final else None,
        "updated_at": now,
    }


def _counts(acknowledgement: Acknowledgement) -> JsonObject:
    since = acknowledgement.failing_since
    return {
        "failures": acknowledgement.failures,
        "application_failures": acknowledgement.application_failures,
        "failing_since": None if since is None else since.isoformat(),
    }


def _done() -> Update:
    """Return the UPDATE of a row that has succeeded: only its result is the row's own."""
    table = TaskRow.__table__
    assert isinstance(table, Table)  # noqa: S101  # for the type checker
    # The rest is in the words of the statement: each parameter costs something for each row.
    columns: dict[str, Any] = {
        "state": literal_column(f"'{TaskState.SUCCESS}'"),
        "progress": literal_column("100"),
        "deaths": literal_column("0"),
        **dict.fromkeys(("claimed_by", "next_attempt_at", "checkpoint", *NO_FAILURE), null()),
    }
    now = bindparam("now", type_=table.c.updated_at.type)
    columns |= {
        "result": bindparam("outcome", type_=table.c.result.type),
        "finished_at": now,
        "updated_at": now,
    }
    return table.update().where(table.c.id == bindparam("task")).values(columns)


def _update() -> Any:
    table = TaskRow.__table__
    assert isinstance(table, Table)  # noqa: S101  # for the type checker
    any_row = _values(
        Acknowledgement(UUID(int=0), TaskState.RUNNING), "", TaskState.RUNNING, datetime.now(UTC)
    )
    columns: dict[str, Any] = {name: bindparam(name) for name in any_row if name != "task"}
    return table.update().where(table.c.id == bindparam("task")).values(columns)


# Built once, as all statements that every batch asks for again and again.
_LEASED = (
    select(*CHANGED, TaskRow.cancel_requested_at)
    .where(
        TaskRow.id.in_(bindparam("ids", expanding=True)),
        TaskRow.claimed_by == bindparam("claim"),
        BATCHED_RUNNING,
    )
    .order_by(TaskRow.id)
    .with_for_update()
)

# One statement for a page of rows: the driver runs it many times, without parsing it again.
_UPDATE, _DONE = _update(), _done()
