"""Looking at the effects ledger: nothing is held, and nothing is written."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, func, or_, select, tuple_

from mainspring.contracts.effects import Effect, EffectState, Owner
from mainspring.contracts.tasks import TaskState
from mainspring.storage.dialect import chunks
from mainspring.storage.effects.rows import effect_of
from mainspring.storage.errors import EffectUnknown
from mainspring.storage.repository import Repository
from mainspring.storage.tables import EffectRow, TaskRow
from mainspring.storage.tables.effects import OPEN_EFFECT


class EffectQueries(Repository):
    """The effects as they are, inside the caller's transaction."""

    async def owners(self, effect_ids: Collection[UUID]) -> set[Owner]:
        """Return the workspace and owner of each of these, without holding them."""
        found: set[Owner] = set()
        for some in chunks(effect_ids):
            query = select(EffectRow.workspace, EffectRow.owner).where(EffectRow.id.in_(some))
            found |= {(row.workspace, row.owner) for row in await self._session.execute(query)}
        return found

    async def sending_to(
        self, owners: Collection[Owner], kind: str, *, besides: Collection[UUID]
    ) -> dict[Owner, set[UUID]]:
        """Return which effects go out now to owners, named with workspaces, or did when a worker died.

        An effect whose task is claimed is about to go out, unless it is one of those `besides`.
        """
        is_claimed = and_(
            TaskRow.claimed_by.is_not(None),
            EffectRow.state.in_((EffectState.INTENDED, EffectState.UNKNOWN)),
            EffectRow.id.not_in(besides),
        )
        found: dict[Owner, set[UUID]] = {}
        for some in chunks(owners):
            query = (
                select(EffectRow.workspace, EffectRow.owner, EffectRow.id)
                .join(TaskRow, TaskRow.id == EffectRow.task_id)
                .where(
                    tuple_(EffectRow.workspace, EffectRow.owner).in_(some),
                    EffectRow.kind == kind,
                    or_(EffectRow.state == EffectState.SENDING, is_claimed),
                    TaskRow.state == TaskState.RUNNING,
                )
            )
            for row in await self._session.execute(query):
                found.setdefault((row.workspace, row.owner), set()).add(row.id)
        return found

    async def abandoned(self, kind: str, *, limit: int) -> dict[UUID, Owner]:
        """Return effects that no task sends any more, with workspaces and owners.

        Their task was cancelled, or has failed before it sent them.
        """
        query = (
            select(EffectRow.id, EffectRow.workspace, EffectRow.owner)
            .join(TaskRow, TaskRow.id == EffectRow.task_id)
            .where(
                OPEN_EFFECT,
                EffectRow.state.in_((EffectState.INTENDED, EffectState.SENDING)),
                EffectRow.kind == kind,
                TaskRow.state.in_((TaskState.CANCELLED, TaskState.FAILED)),
            )
            .order_by(EffectRow.id)
            .limit(limit)
        )
        return {row.id: (row.workspace, row.owner) for row in await self._session.execute(query)}

    async def get(self, effect_id: UUID) -> Effect:
        """Return an effect.

        Raises EffectUnknown: when there is none of this id.
        """
        row = await self._session.get(EffectRow, effect_id, populate_existing=True)
        if row is None:
            raise EffectUnknown(effect_id)
        return effect_of(row)

    async def resends(self) -> int:
        """Return how many attempts were made though an earlier one may have got through."""
        return await self._session.scalar(select(func.sum(EffectRow.resends))) or 0
