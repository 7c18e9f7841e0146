"""The object storage as one thing: start it, look into its buckets, order faults."""

from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.objects.app import ObjectsApp
from sandbox.objects.bucket import Bucket
from sandbox.objects.faults import ObjectFaults
from sandbox.serving import HOST, Connections, LoopbackServer

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]


class ObjectsSandbox:
    """An S3 on loopback, in the running loop, from `async with` to its end. It keeps everything in memory.

    `access_key` is the only one it knows; signatures are not checked.
    """

    def __init__(self, *, access_key: str = "sandbox", port: int = 0) -> None:
        connections = Connections()
        self.access_key = access_key
        self.faults = ObjectFaults()
        self._app = ObjectsApp(access_key, self.faults, connections)
        app = Starlette(routes=[Route("/{rest:path}", self._app.respond, methods=METHODS)])
        self._server = LoopbackServer(app, connections, port)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Accept connections; after a stop, on the same port with everything as it was."""
        await self._server.start()

    async def stop(self) -> None:
        """Refuse connections, as a service that is down does."""
        await self._server.stop()

    @property
    def endpoint(self) -> str:
        """The address, for `gateways.objects.S3Access`."""
        return f"http://{HOST}:{self._server.port}"

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, made when it is first named."""
        return self._app.buckets.setdefault(name, Bucket())
