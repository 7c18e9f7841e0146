"""The embedded stack: engine, worker and, if wanted, stand-ins for the outside world, in one process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from mainspring.cli.console import Worker
from mainspring.cli.emulators import NONE, Emulators, running_emulators
from mainspring.config.connect import connect_embedded
from mainspring.config.settings import Settings
from mainspring.devserver import EmbeddedTemporal


@dataclass(frozen=True)
class Stack:
    """What runs. `work` ends when the worker was told to stop, or with the error that ended it."""

    settings: Settings
    engine: EmbeddedTemporal
    temporal: Client
    emulators: Emulators
    work: "asyncio.Task[None]"


@asynccontextmanager
async def running_stack(
    settings: Settings, worker: Worker, stop: asyncio.Event, *, sandbox: bool
) -> AsyncIterator[Stack]:
    """Run everything until the block ends; with `sandbox`, gateways without credentials go to stand-ins.

    Raises what the engine raises (AlreadyRunning, PortTaken, …) and EmulatorsMissing.
    """
    async with AsyncExitStack() as stack:
        emulators = await stack.enter_async_context(running_emulators(settings)) if sandbox else NONE
        settings = with_emulators(settings, emulators.settings)
        engine = await stack.enter_async_context(
            EmbeddedTemporal(
                settings.state_dir,
                port=settings.engine_port,
                ui_port=settings.ui_port,
                emulators=emulators.settings,
            )
        )
        temporal = await connect_embedded(engine.address)
        work = asyncio.create_task(_supervised(worker, settings, temporal, stop, engine))
        try:
            yield Stack(settings, engine, temporal, emulators, work)
        finally:
            stop.set()
            await asyncio.wait({work})


def with_emulators(settings: Settings, emulators: Mapping[str, str]) -> Settings:
    """Return the settings as the stack that published these stand-ins uses them."""
    return Settings.model_validate(dict(settings) | dict(emulators))


async def _supervised(
    worker: Worker, settings: Settings, temporal: Client, stop: asyncio.Event, engine: EmbeddedTemporal
) -> None:
    serving = asyncio.create_task(worker(settings, temporal, stop))
    watching = asyncio.create_task(engine.watch())
    await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait({serving})
    if watching.done():
        watching.result()
    watching.cancel()
    serving.result()
