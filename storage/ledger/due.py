"""Which rows of a pool's queue may be worked now, and when others will: the conditions of its queries."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from mainspring.contracts.tasks import TaskState
from mainspring.storage.tables import TaskRow
from mainspring.storage.tables.tasks import POOL_QUEUED, POOL_RUNNING

UNDER_WAY = (TaskState.RUNNING, TaskState.WAITING)


def may_begin(now: datetime) -> ColumnElement[bool]:
    """Whether a queued row's time has come, and no other run of its key is before it.

    A debounced row gave up its key when it began. The next one of that key must not be worked before it has
    ended, all its attempts included, or else an older input could be written after a newer one.
    """
    before = aliased(TaskRow)
    is_under_way = exists().where(
        before.job_key == TaskRow.job_key, before.id != TaskRow.id, before.state.in_(UNDER_WAY)
    )
    has_come = or_(TaskRow.starts_at.is_(None), TaskRow.starts_at <= now)
    return has_come & or_(TaskRow.quiet_seconds.is_(None), ~is_under_way)


def is_due_again(now: datetime) -> ColumnElement[bool]:
    """Whether the time of a row's next attempt has come."""
    return TaskRow.next_attempt_at <= now


def later_times(job: str, now: datetime) -> tuple[Select[Any], ...]:
    """Return the queries for when the next row is due: one for next attempts, one for later starts."""
    return (
        select(func.min(TaskRow.next_attempt_at)).where(
            POOL_RUNNING, TaskRow.job == job, TaskRow.next_attempt_at > now
        ),
        select(func.min(TaskRow.starts_at)).where(POOL_QUEUED, TaskRow.job == job, TaskRow.starts_at > now),
    )
