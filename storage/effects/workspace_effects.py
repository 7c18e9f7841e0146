"""Looking at the effects of one workspace: what a caller from outside may see of the ledger."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.effects import Effect, EffectState
from mainspring.storage.effects.queries import EffectQueries
from mainspring.storage.effects.rows import effect_of
from mainspring.storage.errors import EffectUnknown
from mainspring.storage.repository import Cursor, Repository, found_otherwise, newest_first
from mainspring.storage.tables import EffectRow
from mainspring.storage.tables.effects import RESENT


class WorkspaceEffects(Repository):
    """The effects of a workspace, inside the caller's transaction. Effects of others are unknown here."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace
        self._own = EffectRow.workspace == workspace

    async def get(self, effect_id: UUID) -> Effect:
        """Return an effect.

        Raises EffectUnknown: when the workspace has none of this id.
        """
        effect = await EffectQueries(self._session).get(effect_id)
        if effect.workspace != self._workspace:
            raise EffectUnknown(effect_id)
        return effect

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        own = found_otherwise(EffectRow.workspace, self._workspace)
        return await self._ids_starting_with(EffectRow.id, prefix, own)

    async def find(
        self,
        states: Collection[EffectState] = (),
        *,
        kind: str | None = None,
        before: Cursor | None = None,
        limit: int,
    ) -> list[Effect]:
        """Return a page of effects, the newest first; `before` is the time and id of the last one above."""
        key = EffectRow.created_at, EffectRow.id
        query = newest_first(select(EffectRow).where(self._own), key, before=before, limit=limit)
        if states:
            query = query.where(EffectRow.state.in_(states))
        if kind is not None:
            query = query.where(EffectRow.kind == kind)
        return [effect_of(row) for row in await self._session.scalars(query)]

    async def counts(self) -> Mapping[EffectState, int]:
        """Return how many effects are in each state."""
        query = select(EffectRow.state, func.count()).where(self._own).group_by(EffectRow.state)
        return {EffectState(state): count for state, count in await self._session.execute(query)}

    async def counts_up_to(self, most: int) -> Mapping[EffectState, int]:
        """Return how many effects are in each state; from `most` on nothing is counted further."""
        found: dict[EffectState, int] = {}
        for state in EffectState:
            some = select(EffectRow.id).where(self._own, EffectRow.state == state).limit(most)
            if count := await self._session.scalar(select(func.count()).select_from(some.subquery())):
                found[state] = count
        return found

    async def resends(self) -> int:
        """Return how many attempts were made though an earlier one may have got through."""
        resends = select(func.sum(EffectRow.resends)).where(self._own, RESENT)
        return await self._session.scalar(resends) or 0
