"""What the settings lead to, opened for a worker: one module for each domain, found by itself.

A module has a function `open_gateways(settings)`, an asynchronous context manager that gives a dictionary:
what activities ask for, by its type. `mainspring.activities.runtime.assembly` hands each to whom asks for it.
"""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from mainspring.config.settings import Settings

__all__ = ["Gateways", "open_gateways"]

# The gateways of a worker, and other values made from settings, by their types.
Gateways = dict[Any, object]


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give everything that activities ask for, over connections that are closed at the end."""
    async with AsyncExitStack() as stack:
        opened: Gateways = {}
        for found in pkgutil.iter_modules(__path__, f"{__name__}."):
            module = importlib.import_module(found.name)
            opened |= await stack.enter_async_context(module.open_gateways(settings))
        yield opened
