"""A web server with videos to download: ranges, conditions, and what servers do wrong."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mainspring.emulators.base import Control
from mainspring.emulators.faults import FaultQueue
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.emulators.videos.control import control_of
from mainspring.emulators.videos.faults import VideoFault

RANGE = re.compile(r"bytes=(\d+)-$")
CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True)
class Asked:
    """One request: what it was for, its range if it had one, and how many bytes it was sent."""

    path: str
    range: str | None
    sent: int


class VideoServerEmulator(HttpEmulator):
    """Serves the files of a folder.

    `seconds_a_chunk` slows it down. `sends_tags`, `knows_ranges` and `sends_length` can be turned off, as
    some servers have it; `redirects` leads a path elsewhere; `asked` keeps every request.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        app = Starlette(routes=[Route("/{path:path}", self._respond)])
        super().__init__(app, Connections(), port)
        self._folder = folder
        self._faults = FaultQueue[VideoFault]()
        self.redirects: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.content_type = "video/mp4"
        self.seconds_a_chunk = 0.0
        self.sends_tags = True
        self.sends_length = True
        self.knows_ranges = True

    @property
    def control(self) -> Control:
        """What another process can order and see."""
        return control_of(self)

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"{self.address}/{name}"

    def next(self, *faults: VideoFault) -> None:
        """Let the next requests go wrong, one in each of these ways."""
        self._faults.next(*faults)

    def reset(self) -> None:
        """Forget the requests and the faults; what the server can do stays as it was set."""
        self._faults.clear()
        self.asked.clear()

    async def _respond(self, request: Request) -> Response:
        path = request.path_params["path"]
        fault = self._faults.take()
        if fault is VideoFault.AWAY:
            return Response(status_code=503)
        if path in self.redirects:
            return RedirectResponse(self.redirects[path])
        file = self._folder / path
        if not file.is_file():
            return Response(status_code=404)
        return self._send(request, file.read_bytes(), fault)

    def _send(self, request: Request, content: bytes, fault: VideoFault | None) -> Response:
        headers = {"Content-Type": self.content_type}
        tag = f'"{sha256(content).hexdigest()[:16]}"'
        if self.sends_tags:
            headers["ETag"] = tag
        asked = RANGE.match(request.headers.get("Range", ""))
        first = int(asked.group(1)) if asked and self.knows_ranges else 0
        if request.headers.get("If-Range", tag) != tag:
            first = 0
        if first:
            told = first + 1 if fault is VideoFault.WRONG_RANGE else first
            headers["Content-Range"] = f"bytes {told}-{len(content) - 1}/{len(content)}"
        wanted = content[first:]
        sent = wanted[: len(wanted) // 2] if fault is VideoFault.BROKEN else wanted
        if self.sends_length:
            headers["Content-Length"] = str(len(wanted))
        self.asked.append(Asked(request.url.path, request.headers.get("Range"), len(sent)))
        return StreamingResponse(self._chunks(request, sent, len(wanted)), 206 if first else 200, headers)

    async def _chunks(self, request: Request, sent: bytes, wanted: int) -> AsyncIterator[bytes]:
        for start in range(0, len(sent), CHUNK_BYTES):
            yield sent[start : start + CHUNK_BYTES]
            await asyncio.sleep(self.seconds_a_chunk)
        if len(sent) < wanted:
            # What was sent gets the time to arrive: an abort throws away what is still in the buffers.
            await asyncio.sleep(0.05)
            await self._connections.abort(request.client)
