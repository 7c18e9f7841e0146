"""The object storage as one thing: start it, look into its buckets, order faults."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Route

from mainspring.emulators.base import Control
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.emulators.objects.app import ObjectsApp
from mainspring.emulators.objects.bucket import Bucket
from mainspring.emulators.objects.control import control_of
from mainspring.emulators.objects.faults import ObjectFaults

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]


class ObjectStoreEmulator(HttpEmulator):
    """An S3 that keeps everything in memory.

    `access_key` is the only one it knows; signatures are not checked. A bucket that is not among `buckets`
    is made when it is first named.
    """

    def __init__(
        self, *, access_key: str = "emulator", buckets: Mapping[str, Bucket] | None = None, port: int = 0
    ) -> None:
        connections = Connections()
        self.access_key = access_key
        self.faults = ObjectFaults()
        self._storage = ObjectsApp(dict(buckets or {}), access_key, self.faults, connections)
        routes = [Route("/{rest:path}", self._storage.respond, methods=METHODS)]
        super().__init__(Starlette(routes=routes), connections, port)

    @property
    def control(self) -> Control:
        """What another process can order and see."""
        return control_of(self)

    @property
    def buckets(self) -> dict[str, Bucket]:
        """The buckets that there are, by name."""
        return self._storage.buckets

    @property
    def endpoint(self) -> str:
        """The address, for `gateways.objects.S3Access`."""
        return self.address

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, made when it is first named."""
        return self.buckets.setdefault(name, Bucket())
