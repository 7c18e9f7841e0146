"""What another process can order of the web server with videos, and ask it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mainspring.emulators.base import Control, change_settings
from mainspring.emulators.videos.faults import VideoFault

if TYPE_CHECKING:
    from mainspring.emulators.videos.server import VideoServerEmulator

SETTINGS = ("content_type", "seconds_a_chunk", "sends_tags", "sends_length", "knows_ranges")


def control_of(emulator: "VideoServerEmulator") -> Control:
    """Return the orders faults, redirects and reset, and the views requests and state.

    `{"next": ["away", "broken"], "knows_ranges": false}` fails the next two requests, and turns ranges off.
    """

    def order_faults(
        *,
        next: Sequence[str] = (),  # noqa: A002  # the name of the JSON field
        **settings: Any,
    ) -> None:
        emulator.next(*map(VideoFault, next))
        change_settings(emulator, SETTINGS, settings)

    return Control(
        orders={"faults": order_faults, "redirects": emulator.redirects.update, "reset": emulator.reset},
        views={"requests": lambda: [asdict(request) for request in emulator.asked]},
        state=lambda: {
            "requests": len(emulator.asked),
            "redirects": emulator.redirects,
            **{name: getattr(emulator, name) for name in SETTINGS},
        },
    )
