"""Devices that users get pushes on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.people import Device, NewDevice
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.people.users import UserRepository
from mainspring.storage.repository import Repository
from mainspring.storage.tables.people import DeviceRow


def device_id(token: str) -> str:
    """Return the id of the device that has this token."""
    return sha256(token.encode()).hexdigest()[:32]


class DeviceRepository(Repository):
    """A workspace's devices, inside the caller's transaction. Storing the same again changes nothing."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return DeviceRow.workspace == self._workspace

    async def store(self, devices: Sequence[NewDevice], *, now: datetime) -> set[str]:
        """Insert devices, or hand them to another user; return the users who are not known.

        The devices of these are left out.
        """
        users = {each.user_id for each in devices}
        known = await UserRepository(self._session, self._workspace).known(users, kept=True)
        rows = [
            {"workspace": self._workspace, "id": device_id(each.token), "added_at": now, **each.model_dump()}
            for each in devices
            if each.user_id in known
        ]
        await upsert(self._session, DeviceRow, rows, keep=frozenset({"added_at"}))
        return users - known

    async def find(self, *, user_id: str | None = None, after: str = "", limit: int) -> list[Device]:
        """Return devices in the order of their ids, those that come after `after`."""
        query = select(DeviceRow).where(self._is_own, DeviceRow.id > after)
        if user_id is not None:
            query = query.where(DeviceRow.user_id == user_id)
        rows = await self._session.scalars(query.order_by(DeviceRow.id).limit(limit))
        return [Device.restore({name: getattr(row, name) for name in Device.model_fields}) for row in rows]

    async def of_users(self, user_ids: Collection[str]) -> dict[str, list[str]]:
        """Return the ids of the devices of each of these users who has any."""
        found: dict[str, list[str]] = {}
        for some in chunks(sorted(user_ids)):
            query = select(DeviceRow.user_id, DeviceRow.id).where(self._is_own, DeviceRow.user_id.in_(some))
            for row in await self._session.execute(query.order_by(DeviceRow.id)):
                found.setdefault(row.user_id, []).append(row.id)
        return found

    async def tokens(self, device_ids: Collection[str]) -> dict[tuple[str, str], str]:
        """Return the token of each of these devices that is there, by user and device."""
        found: dict[tuple[str, str], str] = {}
        for some in chunks(sorted(device_ids)):
            query = select(DeviceRow).where(self._is_own, DeviceRow.id.in_(some))
            found |= {(row.user_id, row.id): row.token for row in await self._session.scalars(query)}
        return found

    async def remove(self, device: str) -> bool:
        """Remove a device; return whether it was there."""
        result = await self._session.execute(delete(DeviceRow).where(self._is_own, DeviceRow.id == device))
        return bool(getattr(result, "rowcount", 0))
