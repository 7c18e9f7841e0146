"""Server-sent events as a client reads them (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

LAST_EVENT_ID = "Last-Event-ID"

# Until a stream says after how long its client comes back.
RETRY = timedelta(seconds=1)


@dataclass(frozen=True)
class ServerEvent:
    """An event: its name, its id, and its data as the stream has it."""

    name: str
    id: str | None
    data: str


class ServerEvents:
    """Reads streams, one after another; `last_id` and `retry` are what the next one is opened with."""

    def __init__(self, last_id: str | None = None) -> None:
        self.last_id = last_id
        self.retry = RETRY

    async def read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
        """Give the events of one stream. An event that breaks off is left out, and its id does not count."""
        name, event_id, data = "message", self.last_id, list[str]()
        async for line in _lines(chunks):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                self.last_id = event_id
                if data:
                    yield ServerEvent(name, event_id, "\n".join(data))
                name, data = "message", []
            elif field == "event":
                name = value
            elif field == "id":
                event_id = value
            elif field == "data":
                data.append(value)
            elif field == "retry" and value.isdecimal():
                self.retry = timedelta(milliseconds=int(value))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Give whole lines: as JSON has U+2028 and its like within texts, they end no line."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode(errors="replace")
