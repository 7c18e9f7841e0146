"""Devices from outside: where users get pushes."""

from collections.abc import Sequence

from mainspring.client.errors import EntryUnknown
from mainspring.client.imports import Imported, Key, OnRejected, Refused, Source, ignore, import_file
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.people import Device, NewDevice
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.dialect import chunks
from mainspring.storage.people import DeviceRepository


class Devices:
    """The devices of a workspace's users. A device belongs to the user who told its token last."""

    def __init__(self, database: Database, clock: Clock, *, workspace: str = DEFAULT_WORKSPACE) -> None:
        self._database = database
        self._clock = clock
        self._workspace = checked_workspace(workspace)

    async def store(self, devices: Sequence[NewDevice]) -> set[str]:
        """Store devices, a thousand in each transaction; return the users who are not known."""
        unknown: set[str] = set()
        for chunk in chunks(devices):
            unknown |= await self._store(chunk)
        return unknown

    async def _store(self, devices: Sequence[NewDevice]) -> set[str]:
        now = self._clock.now()
        return await self._database.transact(
            lambda session: DeviceRepository(session, self._workspace).store(devices, now=now)
        )

    async def find(self, *, user_id: str | None = None, after: str = "", limit: int = 50) -> list[Device]:
        """Return devices in the order of their ids, those that come after `after`."""
        return await self._database.read(
            lambda session: DeviceRepository(session, self._workspace).find(
                user_id=user_id, after=after, limit=limit
            )
        )

    async def remove(self, device_id: str) -> None:
        """Remove a device: it gets no more pushes.

        Raises EntryUnknown: when there is none of this id.
        """
        if not await self._database.transact(
            lambda session: DeviceRepository(session, self._workspace).remove(device_id)
        ):
            raise EntryUnknown("device", device_id)


async def import_devices(devices: Devices, source: Source, on_rejected: OnRejected = ignore) -> Imported:
    """Load devices; a device whose user was not imported is rejected."""

    async def store(page: Sequence[NewDevice]) -> Refused:
        unknown = await devices.store(page)
        return {
            _token(each): f"user_id: {each.user_id!r} is not accepted: a user that was imported"
            for each in page
            if each.user_id in unknown
        }

    return await import_file(source, NewDevice, store, _token, on_rejected=on_rejected)


def _token(device: NewDevice) -> Key:
    return (device.token,)
