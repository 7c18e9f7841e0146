"""The embedded stack: Temporal, worker and, if wanted, emulators of the outside world, in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from mainspring.cli.console import Serve
from mainspring.cli.emulators import NONE, Emulators, running_emulators
from mainspring.config.connect import connect_embedded
from mainspring.config.emulated import with_emulators
from mainspring.config.settings import Settings
from mainspring.devserver import EmbeddedTemporal


@dataclass(frozen=True)
class Stack:
    """What runs. `work` ends when the worker was told to stop, or with the error that ended it."""

    settings: Settings
    temporal: EmbeddedTemporal
    temporal_client: Client
    emulators: Emulators
    work: "asyncio.Task[None]"


@asynccontextmanager
async def running_stack(
    settings: Settings, worker: Serve, stop: asyncio.Event, *, emulated: bool
) -> AsyncIterator[Stack]:
    """Run everything until the block ends; when `emulated`, gateways without credentials go to emulators.

    Raises what Temporal raises (AlreadyRunning, PortTaken, …) and EmulatorsMissing.
    """
    async with AsyncExitStack() as stack:
        emulators = await stack.enter_async_context(running_emulators(settings)) if emulated else NONE
        settings = with_emulators(settings, emulators.settings)
        temporal = await stack.enter_async_context(
            EmbeddedTemporal(
                settings.state_dir,
                port=settings.engine_port,
                ui_port=settings.ui_port,
                emulators=emulators.settings,
            )
        )
        temporal_client = await connect_embedded(temporal.address)
        work = asyncio.create_task(_supervised(worker, settings, temporal_client, stop, temporal))
        try:
            yield Stack(settings, temporal, temporal_client, emulators, work)
        finally:
            stop.set()
            await asyncio.wait({work})


async def _supervised(
    worker: Serve,
    settings: Settings,
    temporal_client: Client,
    stop: asyncio.Event,
    temporal: EmbeddedTemporal,
) -> None:
    serving = asyncio.create_task(worker(settings, temporal_client, stop))
    watching = asyncio.create_task(temporal.watch())
    await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait({serving})
    if watching.done():
        watching.result()
    watching.cancel()
    serving.result()
