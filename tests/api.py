"""The HTTP API under test: served on loopback, and called as anybody would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from mainspring.api.app import api_of
from mainspring.api.server import listening, serving, url_of
from mainspring.client.api_keys import ApiKeys
from mainspring.client.service import Service
from mainspring.contracts.api_keys import Role
from tests.visitor import visitor


@dataclass(frozen=True)
class Api:
    """A served API, and callers with keys of its service."""

    service: Service
    url: str

    @asynccontextmanager
    async def caller(
        self, role: Role = Role.ADMIN, *, workspace: str | None = None, **headers: str
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client with a new key, of a workspace or of the platform."""
        keys = self.service.platform_keys if workspace is None else self._keys(workspace)
        made = await keys.create(f"test {role}", role)
        shown = {"Authorization": f"Bearer {made.text}", **headers}
        async with visitor(base_url=self.url, headers=shown) as client:
            yield client

    def _keys(self, workspace: str) -> ApiKeys:
        return self.service.within(workspace).api_keys


@asynccontextmanager
async def served(service: Service, **settings: Any) -> AsyncIterator[Api]:
    """Serve the API of a service with these settings beside its own."""
    service = replace(service, settings=service.settings.model_copy(update=settings))
    listener = listening("127.0.0.1", 0)
    async with serving(api_of(service, on_loopback=True), listener):
        yield Api(service, url_of(listener))


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem that a response tells of, which has this status."""
    assert status == response.status_code, response.text
    assert "application/problem+json" == response.headers["content-type"]
    told: dict[str, Any] = response.json()
    assert status == told["status"]
    assert response.headers["x-request-id"] == told["request_id"]
    return told
