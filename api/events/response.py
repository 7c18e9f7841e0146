"""The answer that is a stream: it ends with its client, and with one that does not read."""

import asyncio
from datetime import timedelta

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from mainspring.api.events.hub import Hub
from mainspring.api.events.streams import Stream

log = structlog.get_logger(__name__)

# For so long a client may take nothing: what waits for it is bounded, and so is how long.
STALLED = timedelta(seconds=30)


class StreamedEvents(StreamingResponse):
    """Sends the events of a stream until it ends, or its client does."""

    def __init__(self, hub: Hub, stream: Stream) -> None:
        # Nginx would gather events before it passes them on.
        super().__init__(stream.chunks(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._hub = hub
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""

        async def patiently(message: Message) -> None:
            async with asyncio.timeout(STALLED.total_seconds()):
                await send(message)

        try:
            await super().__call__(scope, receive, patiently)
        except TimeoutError:
            log.warning("a client that reads nothing is cut off")
        finally:
            self._hub.leave(self._stream)
