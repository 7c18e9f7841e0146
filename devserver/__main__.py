"""The door of Temporal's Web UI by itself, before the UI of a cluster.

    python -m mainspring.devserver HOST:PORT UI_HOST:UI_PORT

It listens on HOST:PORT until a signal ends the process.
"""

import asyncio
import sys

from mainspring.devserver.ui_proxy import UiProxy


async def _main(listening: str, ui: str) -> None:
    door = UiProxy()
    host, _, port = listening.rpartition(":")
    door.host, _, ui_port = ui.rpartition(":")
    door.port = int(ui_port)
    async with door.listening(host, int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
