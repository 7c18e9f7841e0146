"""Passes over the data that a migration cannot make, because it has no key, and which of them are done."""

from collections.abc import Callable, Collection
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


async def is_sealing_put_off(database: Database) -> bool:
    """Whether workers of release 0.1, which open nothing that is sealed, may still run over this database."""

    async def names(session: Session) -> set[str]:
        return set(await session.scalars(select(DataPassRow.name)))

    done = await database.read(names)
    return UPGRADED in done and SEALED not in done


async def begin_sealing(database: Database, now: datetime) -> None:
    """Note that no worker of release 0.1 runs any more."""
    await database.transact(partial(_note, name=SEALED, now=now))


async def rewrite_inputs(database: Database, jobs: Collection[str], change: Change) -> None:
    """Change the inputs of all tasks of some jobs, a page in a transaction."""
    after: UUID | None = None
    while True:
        after = await database.transact(partial(_page, jobs=jobs, change=change, after=after))
        if after is None:
            return


async def _page(
    session: Session, *, jobs: Collection[str], change: Change, after: UUID | None
) -> UUID | None:
    query = select(TaskRow.id, TaskRow.job, TaskRow.input).where(TaskRow.job.in_(jobs))
    if after is not None:
        query = query.where(TaskRow.id > after)
    rows = (await session.execute(query.order_by(TaskRow.id).limit(PAGE).with_for_update())).all()
    for task_id, job, given in rows:
        changed = change(job, given)
        if changed != given:
            await session.execute(update(TaskRow).where(TaskRow.id == task_id).values(input=changed))
    return rows[-1][0] if len(rows) == PAGE else None


async def _note(session: Session, *, name: str, now: datetime) -> None:
    await session.execute(insert_new(session, DataPassRow), [{"name": name, "done_at": now}])
