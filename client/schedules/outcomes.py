"""What became of the last runs, by the ledger: a task may wait or fail while its workflow is fine."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal
from uuid import UUID

import structlog
from temporalio.client import WorkflowExecutionStatus

from mainspring.client.schedules.statuses import LastRun, ScheduleStatus
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.ledger import TaskQueries

log = structlog.get_logger(__name__)

# How the workflow of a run without a task ended, in the words of tasks.
ENDED = {
    WorkflowExecutionStatus.COMPLETED: TaskState.SUCCESS,
    WorkflowExecutionStatus.CANCELED: TaskState.CANCELLED,
    WorkflowExecutionStatus.RUNNING: TaskState.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: TaskState.RUNNING,
}


# What a run says that did nothing, for another task held the key.
SKIPPED: Final = "SKIPPED"


def run_outcome(last: LastRun, tasks: Mapping[UUID, Task]) -> TaskState | Literal["SKIPPED"] | None:
    """Return how a run is doing; None when nobody knows any more."""
    if last.skipped:
        return SKIPPED
    task = tasks.get(last.task_id) if last.task_id else None
    if task is not None:
        return task.state
    return ENDED.get(last.status, TaskState.FAILED) if last.status else None


async def tasks_of_last_runs(database: Database, statuses: Iterable[ScheduleStatus]) -> dict[UUID, Task]:
    """Return the tasks of last runs, by their ids."""

    async def look(session: Session) -> dict[UUID, Task]:
        tasks = [await TaskQueries(session).get(each) for each in _task_ids(statuses)]
        return {task.id: task for task in tasks if task is not None}

    return await database.read(look)


def _task_ids(statuses: Iterable[ScheduleStatus]) -> list[UUID]:
    return [each.last_run.task_id for each in statuses if each.last_run and each.last_run.task_id]


async def last_tasks(settings: Settings, statuses: Iterable[ScheduleStatus]) -> dict[UUID, Task]:
    """Return the tasks of last runs, by their ids: none when there is no database, or it is away."""
    statuses = list(statuses)
    if not _task_ids(statuses) or (settings.database_url is None and not settings.database_file.exists()):
        return {}
    database = Database(settings.resolved_database_url)
    try:
        return await tasks_of_last_runs(database, statuses)
    except READ_ERRORS as error:  # Temporal's own word on the run is shown then
        log.warning("the ledger cannot be read", error=str(error))
        return {}
    finally:
        await database.dispose()
