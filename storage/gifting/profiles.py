"""Taste profiles: one for each user and recipient."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.profiles import Facets, TasteProfile
from mainspring.storage.dialect import insert_new, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting import TasteProfileRow


class ProfileRepository(Repository):
    """The taste profiles of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def claim(self, profile: TasteProfile) -> TasteProfile:
        """Insert a profile, and return the one that has its id, or else the one of its user and recipient.

        Until the caller's transaction ends nobody else changes the profile that has the id.
        """
        await self._session.execute(insert_new(self._session, TasteProfileRow), [self._values(profile)])
        found = await self.get(profile.id, held=True) or await self.of_user(
            profile.user_id, profile.recipient_id
        )
        # Nobody but this transaction can have removed it since.
        return found or profile

    async def store(self, profile: TasteProfile) -> None:
        """Insert or overwrite a profile."""
        await upsert(self._session, TasteProfileRow, [self._values(profile)])

    def _values(self, profile: TasteProfile) -> dict[str, Any]:
        return profile.model_dump() | {
            "workspace": self._workspace,
            "recipient_id": profile.recipient_id or "",
            "facets": profile.facets.model_dump(mode="json"),
        }

    async def get(self, profile_id: str, *, held: bool = False) -> TasteProfile | None:
        """Return a profile; None when there is none of this id. `held`: nobody else changes it then."""
        query = select(TasteProfileRow).where(self._is_own, TasteProfileRow.id == profile_id)
        row = await self._session.scalar(query.with_for_update() if held else query)
        return None if row is None else _profile(row)

    async def held(self, profile_ids: Iterable[str]) -> set[str]:
        """Return those of these profiles that there are; nobody removes them until the transaction ends."""
        query = select(TasteProfileRow.id).where(self._is_own, TasteProfileRow.id.in_(set(profile_ids)))
        return set(await self._session.scalars(query.order_by(TasteProfileRow.id).with_for_update()))

    async def of_user(self, user_id: str, recipient_id: str | None) -> TasteProfile | None:
        """Return the profile of a user for a recipient, or for the user; None when there is none."""
        row = await self._session.scalar(
            select(TasteProfileRow).where(
                self._is_own,
                TasteProfileRow.user_id == user_id,
                TasteProfileRow.recipient_id == (recipient_id or ""),
            )
        )
        return None if row is None else _profile(row)

    async def find(self, *, user_id: str | None = None, after: str = "", limit: int) -> list[TasteProfile]:
        """Return profiles in the order of their ids, those that come after `after`."""
        query = select(TasteProfileRow).where(self._is_own, TasteProfileRow.id > after)
        if user_id is not None:
            query = query.where(TasteProfileRow.user_id == user_id)
        page = query.order_by(TasteProfileRow.id).limit(limit)
        return [_profile(row) for row in await self._session.scalars(page)]

    async def note_task(self, profile_id: str, task_id: UUID | None) -> None:
        """Note which task embeds a profile."""
        row = TasteProfileRow
        await self._session.execute(
            update(row).where(self._is_own, row.id == profile_id).values(embedding_task_id=task_id)
        )

    async def remove(self, profile_id: str) -> bool:
        """Remove a profile; return whether it was there."""
        result = await self._session.execute(
            delete(TasteProfileRow).where(self._is_own, TasteProfileRow.id == profile_id)
        )
        return bool(getattr(result, "rowcount", 0))

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return TasteProfileRow.workspace == self._workspace


def _profile(row: TasteProfileRow) -> TasteProfile:
    return TasteProfile(
        id=row.id,
        user_id=row.user_id,
        recipient_id=row.recipient_id or None,
        answers=row.answers,
        facets=Facets.restore(row.facets),
        text_hash=row.text_hash,
        embedding_task_id=row.embedding_task_id,
        updated_at=row.updated_at,
    )
