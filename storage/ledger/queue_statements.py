"""The statements of a claim. Built once: to build them costs more than SQLite takes to answer them."""

from typing import Any

from sqlalchemy import Select, Table, Update, bindparam, case, func, null, select

from mainspring.contracts.tasks import TaskState
from mainspring.storage.ledger.deaths import AT_LEAST_ONE
from mainspring.storage.ledger.deliveries import CHANGED
from mainspring.storage.ledger.queue_queries import is_due_again, may_begin
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import BATCHED_QUEUED, BATCHED_UNDER_WAY

# What a claimed row is read with.
COLUMNS = (
    *CHANGED,
    TaskRow.input,
    TaskRow.attempts,
    TaskRow.deaths,
    TaskRow.checkpoint,
    TaskRow.cancel_requested_at,
    TaskRow.priority,
    TaskRow.fairness_rank.label("fairness_rank"),
    TaskRow.created_at,
)

NOW = bindparam("now", type_=TaskRow.updated_at.type)


def _page(*where: Any) -> Select[Any]:
    return (
        select(*COLUMNS)
        .where(*where, TaskRow.job == bindparam("job"))
        .order_by(TaskRow.priority, TaskRow.fairness_rank, TaskRow.created_at, TaskRow.id)
        .limit(bindparam("limit"))
        # Another claim at the same time takes the next rows. SQLite leaves the lock out: it has one writer.
        .with_for_update(skip_locked=True)
    )


def _take(**also: Any) -> Update:
    table = TaskRow.__table__
    assert isinstance(table, Table)  # noqa: S101  # for the type checker
    columns = table.c
    return (
        table.update()
        .where(columns.id.in_(bindparam("ids", expanding=True)))
        .values(
            state=TaskState.RUNNING,
            claimed_by=bindparam("claim"),
            attempts=columns.attempts + 1,
            next_attempt_at=None,
            waiting_for=None,
            resumes_at=None,
            started_at=func.coalesce(columns.started_at, NOW),
            # The input of the last start in the quiet time is worked now: a later start is the next task's.
            dedupe_key=case((columns.quiet_seconds.is_not(None), null()), else_=columns.dedupe_key),
            updated_at=NOW,
            **also,
        )
    )


# The rows whose next attempt is due, those that wait for their first turn, and the claim of some.
AGAIN = _page(BATCHED_UNDER_WAY, is_due_again(NOW), TaskRow.claimed_by.is_(None))
FIRST = _page(BATCHED_QUEUED, may_begin(NOW))
TAKE, TAKE_AFTER_DEATH = _take(), _take(deaths=AT_LEAST_ONE)
