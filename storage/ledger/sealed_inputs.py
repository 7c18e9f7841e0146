"""The sealed URLs of a task's input, as the newest key has sealed them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from mainspring.contracts.secret_urls import is_sealed, lasting
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow


class SealedInputs(Repository):
    """Looks at the inputs of tasks, inside the caller's transaction."""

    async def url_now(self, task_id: UUID, url: str) -> str:
        """Return a sealed URL as the task has it now, or a flow that the task is a step of; else as it is.

        A rotation seals the inputs in the ledger anew, and not those that Temporal has.
        """
        following: UUID | None = task_id
        while following is not None:
            query = select(TaskRow.input, TaskRow.parent_id).where(TaskRow.id == following)
            found = (await self._session.execute(query)).one_or_none()
            if found is None:
                break
            for other in _sealed_in(found.input):
                if other != url and lasting(other) == lasting(url):
                    return other
            following = found.parent_id
        return url


def _sealed_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if is_sealed(value):
            yield value
        return
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _sealed_in(each)
