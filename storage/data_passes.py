"""Passes over the data that a migration cannot make, because it has no key, and which of them are done."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select, update

from mainspring.contracts.tasks import JsonObject
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import insert_new
from mainspring.storage.tables import DataPassRow, TaskRow

PAGE = 500

# Noted by migration 0012 where a release before has worked.
UPGRADED = "upgraded from 0.1"
SEALED = "seal URLs"

# Gives a task's input as it is to be; the same one where nothing changes.
Change = Callable[[str, JsonObject], JsonObject]


@dataclass(frozen=True)
class TaskInput:
    """The input of a task of a job."""

    task_id: UUID
    job: str
    input: JsonObject


async def is_sealing_put_off(database: Database) -> bool:
    """Whether workers of release 0.1, which open nothing that is sealed, may still run over this database."""

    async def names(session: Session) -> set[str]:
        return set(await session.scalars(select(DataPassRow.name)))

    done = await database.read(names)
    return UPGRADED in done and SEALED not in done


async def begin_sealing(database: Database, now: datetime) -> None:
    """Note that no worker of release 0.1 runs any more."""
    await database.transact(partial(_note, name=SEALED, now=now))


async def inputs_of(database: Database, jobs: Collection[str]) -> AsyncIterator[list[TaskInput]]:
    """Give the inputs of all tasks of some jobs, a page after the other; nothing is held or written."""
    after: UUID | None = None
    while page := await database.read(partial(_page, jobs=jobs, after=after)):
        yield page
        after = page[-1].task_id


async def rewrite_inputs(database: Database, jobs: Collection[str], change: Change) -> None:
    """Change the inputs of all tasks of some jobs; only what changes is held, a page in a transaction."""
    async for page in inputs_of(database, jobs):
        if changing := [each.task_id for each in page if change(each.job, each.input) != each.input]:
            await database.transact(partial(_rewrite, task_ids=changing, change=change))


async def _page(session: Session, *, jobs: Collection[str], after: UUID | None) -> list[TaskInput]:
    query = select(TaskRow.id, TaskRow.job, TaskRow.input).where(TaskRow.job.in_(jobs))
    if after is not None:
        query = query.where(TaskRow.id > after)
    return [TaskInput(*row) for row in await session.execute(query.order_by(TaskRow.id).limit(PAGE))]


async def _rewrite(session: Session, *, task_ids: Collection[UUID], change: Change) -> None:
    # As they are now: a debounced task may have been given another input since.
    query = select(TaskRow.id, TaskRow.job, TaskRow.input).where(TaskRow.id.in_(task_ids))
    for row in (await session.execute(query.order_by(TaskRow.id).with_for_update())).all():
        changed = change(row.job, row.input)
        await session.execute(update(TaskRow).where(TaskRow.id == row.id).values(input=changed))


async def _note(session: Session, *, name: str, now: datetime) -> None:
    await session.execute(insert_new(session, DataPassRow), [{"name": name, "done_at": now}])
