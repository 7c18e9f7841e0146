"""What another process can order of the object storage, and ask it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mainspring.emulators.base import Control, change_settings
from mainspring.emulators.objects.bucket import Bucket
from mainspring.emulators.objects.faults import ObjectFault

if TYPE_CHECKING:
    from mainspring.emulators.objects.server import ObjectStoreEmulator

SETTINGS = ("slow_seconds", "refuses_everybody")


def control_of(emulator: "ObjectStoreEmulator") -> Control:
    """Return the orders faults and reset, and the views objects and state.

    `{"next": {"away": 2}, "method": "GET"}` lets the next two reads fail.
    """

    def order_faults(
        *,
        next: Mapping[str, int] | None = None,  # noqa: A002  # the name of the JSON field
        method: str = "PUT",
        **settings: Any,
    ) -> None:
        for name, requests in (next or {}).items():
            emulator.faults.next(ObjectFault(name), requests, method=method)
        change_settings(emulator.faults, SETTINGS, settings)

    return Control(
        orders={"faults": order_faults, "reset": emulator.faults.clear},
        views={"objects": lambda: {name: _objects(bucket) for name, bucket in emulator.buckets.items()}},
        state=lambda: {name: _numbers(bucket) for name, bucket in emulator.buckets.items()},
    )


def _objects(bucket: Bucket) -> dict[str, Any]:
    return {
        key: {"bytes": len(held.content), "content_type": held.content_type, "writes": bucket.writes[key]}
        for key, held in bucket.under("")
    }


def _numbers(bucket: Bucket) -> dict[str, int]:
    return {
        "objects": len(bucket.objects),
        "writes": bucket.writes.total(),
        "open_uploads": len(bucket.uploads),
    }
