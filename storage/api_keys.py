"""The keys of the HTTP API, inside the caller's transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from mainspring.contracts.api_keys import ApiKey, Role
from mainspring.storage.database import Session
from mainspring.storage.errors import ApiKeyUnknown
from mainspring.storage.repository import Cursor, Repository, newest_first
from mainspring.storage.tables.api import ApiKeyRow

# How the row of a platform's key says that it belongs to no workspace.
PLATFORM = ""


@dataclass(frozen=True)
class Digest:
    """An HMAC of a key's secret, and the name of the key that has made it."""

    value: bytes
    sealing_key: str


class PresentedKeys(Repository):
    """The keys of all workspaces, as callers show them: a prefix says which row is meant."""

    async def with_prefix(self, prefix: str) -> tuple[ApiKey, Digest] | None:
        """Return the key of this prefix, and what its secret is compared with."""
        row = await self._session.scalar(select(ApiKeyRow).where(ApiKeyRow.prefix == prefix))
        return None if row is None else (_key_of(row), Digest(row.digest, row.sealing_key))

    async def note_use(self, key_id: UUID, digest: Digest, *, now: datetime) -> None:
        """Note that a key was shown, and a digest of its secret by the newest sealing key."""
        await self._changed(
            update(ApiKeyRow)
            .where(ApiKeyRow.id == key_id)
            .values(last_used_at=now, digest=digest.value, sealing_key=digest.sealing_key)
        )

    async def valid(self, key_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
        """Return those of the keys that open anything now."""
        rows = await self._session.scalars(select(ApiKeyRow).where(ApiKeyRow.id.in_(key_ids)))
        return {row.id for row in rows if _key_of(row).is_valid(now)}

    async def digested_by_others(self, sealing_key: str, *, now: datetime) -> int:
        """Count the keys still in use whose digest was made by another sealing key."""
        rows = await self._session.scalars(select(ApiKeyRow).where(ApiKeyRow.sealing_key != sealing_key))
        return sum(_key_of(row).is_valid(now) for row in rows)


class ApiKeyRepository(Repository):
    """The keys of a workspace, or with None those of the platform."""

    def __init__(self, session: Session, workspace: str | None) -> None:
        super().__init__(session)
        self._workspace = PLATFORM if workspace is None else workspace

    async def add(self, key: ApiKey, digest: Digest) -> None:
        """Add a key of the workspace."""
        values = key.model_dump() | {"workspace": self._workspace, "role": str(key.role)}
        await self._session.execute(
            insert(ApiKeyRow).values(**values, digest=digest.value, sealing_key=digest.sealing_key)
        )

    async def all(self, *, before: Cursor | None = None, limit: int) -> list[ApiKey]:
        """Return a page of keys, the newest first, also those that were revoked."""
        query = select(ApiKeyRow).where(ApiKeyRow.workspace == self._workspace)
        page = newest_first(query, (ApiKeyRow.created_at, ApiKeyRow.id), before=before, limit=limit)
        return [_key_of(row) for row in await self._session.scalars(page)]

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        return await self._ids_starting_with(ApiKeyRow.id, prefix, ApiKeyRow.workspace == self._workspace)

    async def get(self, key_id: UUID) -> ApiKey:
        """Return a key.

        Raises ApiKeyUnknown: when the workspace has no such key.
        """
        own = (ApiKeyRow.id == key_id, ApiKeyRow.workspace == self._workspace)
        row = await self._session.scalar(select(ApiKeyRow).where(*own))
        if row is None:
            raise ApiKeyUnknown(str(key_id))
        return _key_of(row)

    async def revoke(self, key_id: UUID, *, now: datetime) -> ApiKey:
        """Let a key open nothing any more; one that was revoked before stays as it is. Return the key.

        Raises ApiKeyUnknown: when the workspace has no such key.
        """
        await self._changed(
            update(ApiKeyRow)
            .where(
                ApiKeyRow.id == key_id,
                ApiKeyRow.workspace == self._workspace,
                ApiKeyRow.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )
        return await self.get(key_id)

    async def remove(self, key_id: UUID) -> None:
        """Remove a key, which opens nothing any more."""
        own = (ApiKeyRow.id == key_id, ApiKeyRow.workspace == self._workspace)
        await self._session.execute(delete(ApiKeyRow).where(*own))

    async def remove_expired(self, name: str, *, now: datetime) -> None:
        """Remove the keys of a name that have expired."""
        own = (ApiKeyRow.workspace == self._workspace, ApiKeyRow.name == name)
        await self._session.execute(delete(ApiKeyRow).where(*own, ApiKeyRow.expires_at <= now))

    async def expire(self, key_id: UUID, at: datetime) -> None:
        """Let a key open nothing from then on, or from earlier if that was said before."""
        await self._changed(
            update(ApiKeyRow)
            .where(
                ApiKeyRow.id == key_id,
                ApiKeyRow.workspace == self._workspace,
                ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > at),
            )
            .values(expires_at=at)
        )

    async def renew(self, key_id: UUID, until: datetime) -> None:
        """Let a key hold until then, unless it was revoked or holds for longer."""
        await self._changed(
            update(ApiKeyRow)
            .where(
                ApiKeyRow.id == key_id,
                ApiKeyRow.workspace == self._workspace,
                ApiKeyRow.revoked_at.is_(None),
                ApiKeyRow.expires_at < until,
            )
            .values(expires_at=until)
        )


def _key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        workspace=None if row.workspace == PLATFORM else row.workspace,
        role=Role(row.role),
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
