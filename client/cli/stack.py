"""The embedded stack: engine, worker and, if wanted, the stand-ins for the outside world, in one process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from temporalio.client import Client

from client.cli.console import Worker
from client.connect import connect_embedded
from client.embedded import EmbeddedEngine
from client.errors import ClientError
from client.settings import Settings
from domain.quota import PLANS

if TYPE_CHECKING:
    from sandbox.justtcg import JustTcgSandbox

# The keys that the stand-in of JustTCG accepts, one for each plan.
SANDBOX_KEYS = {plan.name: f"sandbox-{plan.name.split()[0].lower()}" for plan in PLANS}

# Who tries things out should not sit in the free plan's ten requests a minute.
SANDBOX_PLAN = "Professional"


class SandboxMissing(ClientError):
    """The stand-ins are not installed: `make setup` or `make demo` installs them."""


@dataclass(frozen=True)
class Stack:
    """What runs. `work` ends when the worker was told to stop, or with the error that ended it."""

    settings: Settings
    engine: EmbeddedEngine
    temporal: Client
    justtcg: "JustTcgSandbox | None"
    work: "asyncio.Task[None]"


@asynccontextmanager
async def running_stack(
    settings: Settings, worker: Worker, stop: asyncio.Event, *, sandbox: bool
) -> AsyncIterator[Stack]:
    """Run everything until the block ends; with `sandbox`, gateways without credentials go to stand-ins.

    Raises what the engine raises (AlreadyRunning, PortTaken, …) and SandboxMissing.
    """
    async with AsyncExitStack() as stack:
        justtcg = None
        stand_ins: dict[str, str] = {}
        if sandbox and settings.justtcg_api_key is None:
            justtcg = await stack.enter_async_context(_justtcg_sandbox())
            for plan, key in SANDBOX_KEYS.items():
                justtcg.add_key(key, plan)
            stand_ins = {
                "justtcg_url": justtcg.base_url,
                "justtcg_api_key": SANDBOX_KEYS[SANDBOX_PLAN],
                "justtcg_plan": SANDBOX_PLAN,
            }
            settings = with_stand_ins(settings, stand_ins)
        engine = await stack.enter_async_context(
            EmbeddedEngine(
                settings.state_dir,
                port=settings.engine_port,
                ui_port=settings.ui_port,
                stand_ins=stand_ins,
            )
        )
        temporal = await connect_embedded(engine.address)
        work = asyncio.create_task(_supervised(worker, settings, temporal, stop, engine))
        try:
            yield Stack(settings, engine, temporal, justtcg, work)
        finally:
            stop.set()
            await asyncio.wait({work})


def with_stand_ins(settings: Settings, stand_ins: Mapping[str, str]) -> Settings:
    """Return the settings as the stack that published these stand-ins uses them."""
    return Settings.model_validate(dict(settings) | dict(stand_ins))


async def _supervised(
    worker: Worker, settings: Settings, temporal: Client, stop: asyncio.Event, engine: EmbeddedEngine
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


def _justtcg_sandbox() -> "JustTcgSandbox":
    try:
        from sandbox.justtcg import JustTcgSandbox  # noqa: PLC0415  # an optional part
    except ImportError as error:
        raise SandboxMissing(f"{SandboxMissing.__doc__} ({error})") from None
    return JustTcgSandbox()
