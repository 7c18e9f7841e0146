"""The HTTP API as most of its tests ask for it: served without a worker, and called by an administrator."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api import Api, served
from tests.service import Service


@pytest.fixture
async def api(workerless: Service) -> AsyncIterator[Api]:
    """Serve the API of a service without a worker."""
    async with served(workerless) as api:
        yield api


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller with an admin's key of the platform."""
    async with api.caller() as client:
        yield client
