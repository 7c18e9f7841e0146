"""Downloads into a file: resumed where the last one broke off, up to a size."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

from mainspring.gateways.addresses import AddressGuard, guarded_transport
from mainspring.gateways.download.partial import PartialFile
from mainspring.gateways.download.places import FileSource, ObjectSource
from mainspring.gateways.download.source import SERVICE, Source, SourceRefused, TooLarge
from mainspring.gateways.download.speed import LeastSpeed, Speed
from mainspring.gateways.download.web import WebSource
from mainspring.gateways.errors import Unreachable
from mainspring.gateways.objects import Objects, S3Access
from mainspring.gateways.urls import host_of

# A server that says nothing for half a minute is given up; the next attempt goes on where it stopped.
TIMEOUT = httpx.Timeout(30, connect=10)

MOST_REDIRECTS = 5

# Called with the bytes that are there, and how many there will be, if that is known.
OnBytes = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Download:
    """A file that is whole."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Allowed:
    """What a source may be, beside an address that is allowed, how large, and how slow."""

    most_bytes: int
    least_speed: LeastSpeed = field(default_factory=LeastSpeed)
    buckets: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()


class Downloads:
    """Fetches what a caller's URL names: from the web, or a bucket or a folder that may be read."""

    def __init__(self, http: httpx.AsyncClient, access: S3Access, allowed: Allowed) -> None:
        self._http = http
        self._access = access
        self._allowed = allowed

    async def fetch(
        self, url: str, target: Path, on_bytes: OnBytes = lambda _there, _total: None
    ) -> Download:
        """Bring `url` to `target`, going on with what an earlier call has left there.

        Raises what the source raises, TooLarge above the limit, Unreachable for an end before its time, and
        TooSlow for a source that drips.
        """
        partial = PartialFile(target)
        try:
            await self._receive(self._source(url), partial, on_bytes)
        finally:
            partial.close()
        return Download(partial.size, await partial.complete())

    async def _receive(self, source: Source, partial: PartialFile, on_bytes: OnBytes) -> None:
        begun = partial.begun()
        if begun is not None and begun.size == begun.total:
            partial.go_on(begun)  # killed between the last byte and the note of it
            return
        async with source.open(begun) as incoming:
            self._check(incoming.total or 0)
            if begun is not None and incoming.offset:
                partial.go_on(begun)
            else:
                partial.begin(incoming.tag, incoming.total)
            speed = Speed(self._allowed.least_speed)
            async for chunk in incoming.chunks:
                self._check(partial.size + len(chunk))
                partial.write(chunk)
                on_bytes(partial.size, incoming.total)
                speed.note(len(chunk))
        if incoming.total not in {None, partial.size}:
            raise Unreachable(f"{partial.size} of {incoming.total} bytes came", service=SERVICE)

    def _check(self, size: int) -> None:
        if size > self._allowed.most_bytes:
            raise TooLarge(f"more than {self._allowed.most_bytes} bytes", service=SERVICE)

    def _source(self, url: str) -> Source:
        scheme, _, address = url.partition("://")
        if scheme in {"http", "https"}:
            host_of(url)
            return WebSource(self._http, url)
        # What names an object or a file, names it as it is: `#`, `?` and `%` are characters of names.
        if scheme == "s3":
            bucket, _, key = address.partition("/")
            # They are read with our own key, which opens more than whoever starts a task may see.
            if bucket not in self._allowed.buckets:
                summary = f"source: bucket {bucket!r} is not in MAINSPRING_MEDIA_SOURCE_BUCKETS"
                raise SourceRefused(summary, service=SERVICE)
            return ObjectSource(Objects(f"s3://{bucket}", self._access), key.lstrip("/"))
        if scheme == "file" and address.startswith("/"):
            return FileSource(Path(address), self._allowed.folders)
        raise SourceRefused(url, service=SERVICE)


@asynccontextmanager
async def open_downloads(guard: AddressGuard, access: S3Access, allowed: Allowed) -> AsyncIterator[Downloads]:
    """Give downloads over connections that the guard allows, closed at the end."""
    async with httpx.AsyncClient(
        transport=guarded_transport(guard),
        timeout=TIMEOUT,
        follow_redirects=True,
        max_redirects=MOST_REDIRECTS,
        trust_env=False,
        # What a site gives to one task is not for the next one's, which may be another customer's.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    ) as http:
        yield Downloads(http, access, allowed)
