"""Streams of server-sent events as a client reads them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """One event; data that is JSON."""

    name: str
    id: str
    data: Any


class EventReader:
    """Reads the events of a stream; `last_id` is what a client sends when it comes back."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id = ""
        self._lines = response.aiter_lines()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Give the events until the stream ends."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
            if line:
                continue
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                yield Event(fields.get("event", "message"), self.last_id, json.loads(fields["data"]))
            fields = {}

    async def next(self) -> Event:
        """Return the next event."""
        async for event in self:
            return event
        raise AssertionError("the stream has ended")

    async def rest(self) -> list[Event]:
        """Return all further events, once the stream has ended."""
        return [event async for event in self]


@asynccontextmanager
async def watching(
    client: httpx.AsyncClient, path: str, last_id: str | None = None, **params: Any
) -> AsyncIterator[EventReader]:
    """Open a stream."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with client.stream("GET", path, headers=headers, params=params) as response:
        assert 200 == response.status_code, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield EventReader(response)
