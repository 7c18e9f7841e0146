"""Devices: where users get pushes. A token is never shown again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.devices import import_devices
from mainspring.contracts.fields import Id
from mainspring.contracts.people import Device, NewDevice

routes = APIRouter(prefix="/devices", tags=["people"])

DeviceId = Annotated[
    str,
    Path(
        description="The id of a device, made from its token.",
        pattern="^[0-9a-f]{32}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015"],
    ),
]


@routes.get("", operation_id="list_devices")
async def list_devices(
    who: Viewer,
    *,
    user_id: Annotated[Id | None, Query(description="Of this user.")] = None,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Device]:
    """List devices in the order of their ids."""
    found = await who.service.devices.find(user_id=user_id, after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.post("", operation_id="store_devices")
async def store_devices(who: Operator, body: Rows[NewDevice]) -> Stored:
    """Store up to a thousand devices; one whose user is not there is rejected.

    A token that is there belongs to the user of this call from now on.
    """
    result = stored(await import_devices(who.service.devices, body.items))
    await who.audit("devices", after=result.counts)
    return result


@routes.delete("/{device_id}", status_code=204, operation_id="remove_device")
async def remove_device(who: Operator, device_id: DeviceId) -> None:
    """Remove a device: it gets no more pushes."""
    await who.service.devices.remove(device_id)
    await who.audit(f"device {device_id}")
