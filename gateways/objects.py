"""Object storage: an S3 bucket or a folder, behind one small class.

Every call raises TransientError when the storage is away, ObjectMissing when there is no such object,
CredentialsRefused when the key is not accepted, and Refused otherwise. All but `content`, which reads what a
caller has named, raise a StoreUnusable for what a person mends: the store is our own. A put is atomic: nobody
ever sees half an object. What a killed multipart upload leaves in a bucket is for its lifecycle rule.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore import exceptions
from obstore.store import LocalStore, S3Store

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import CredentialsRefused, GatewayError, Refused, ServerFault, Unreachable

if TYPE_CHECKING:
    from obstore import GetOptions

SERVICE = "object storage"

# Whoever calls is tried again by Temporal, with a longer breath than a client's.
NO_RETRIES: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}
# A client of obstore cannot have no timeout; no activity lasts as long as this.
UNLIMITED = timedelta(days=7)
CONNECT_TIMEOUT = timedelta(seconds=10)

# Parts of a file that are sent at once, each of 5 MiB, whatever the line is: more of them only wait longer.
PARTS_AT_ONCE = 4

# What the library adds to the name of a file that it has not written to its end. No key may end so.
HALF = re.compile(r"#[0-9]+\Z")

STATUS = re.compile(r"status code: (\d{3})")
TOO_MANY_REQUESTS = 429
FIRST_SERVER_FAULT = 500


# Whatever this process keeps to itself otherwise.
SHARED_FILE, SHARED_FOLDER = 0o644, 0o755

Store = LocalStore | S3Store


NO_ROOM = re.compile(r"\(os error (?:28|122|30)\)")
INSUFFICIENT_STORAGE = 507


class ObjectMissing(Refused):
    """There is no such object."""


class StoreUnusable(GatewayError):
    """The object store that the settings name takes nothing: a person mends that."""

    retry = Retry.UNTIL_MENDED


class StoreAway(StoreUnusable, Unreachable):
    """The object store does not answer."""


class StoreFull(StoreUnusable, ServerFault):
    """The object store has no room."""


class StoreRefuses(StoreUnusable, CredentialsRefused):
    """The object store refuses the key."""


class BucketMissing(StoreUnusable, ObjectMissing):
    """There is no such bucket."""


@dataclass(frozen=True)
class S3Access:
    """How buckets are reached. Without a key the machine's own role or AWS_ variables are used."""

    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class StoredObject:
    """An object as a list shows it; `tag` changes with its content, at `changed_at`."""

    key: str
    size_bytes: int
    tag: str | None
    changed_at: datetime


@dataclass(frozen=True)
class ObjectContent:
    """An object's bytes from `offset` to its end, and what it is as a whole."""

    offset: int
    whole: StoredObject
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True)
class Timeouts:
    """How long a bucket may take for what. A request's time counts to the last byte of its answer.

    That is no measure for a source, which may come for hours: it may not pause for longer than `silence`.
    A `part` is 5 MiB, or a small file; the usual time for it does for sixteen at once at a megabit a second.
    """

    request: timedelta = timedelta(seconds=60)
    silence: timedelta = timedelta(seconds=30)
    part: timedelta = timedelta(minutes=15)


DEFAULT_RETRY = Timeouts()


class Objects:
    """One bucket or folder; keys are relative to it, with `/` between their parts."""

    def __init__(
        self, url: str, access: S3Access, timeouts: Timeouts = DEFAULT_RETRY, *, is_shared: bool = False
    ) -> None:
        """Open `s3://bucket`, `s3://bucket/prefix` or `file:///folder`; nothing is sent yet.

        Every user of the machine, a web server's too, can read what is put into a folder that `is_shared`.
        """
        self._is_shared = is_shared
        # Not as a web address: `#`, `?` and `%` are characters of a folder's name and of a key's.
        scheme, _, address = url.partition("://")
        bucket, _, rest = address.partition("/")
        self.folder = Path(address) if scheme == "file" else None
        self.bucket = bucket if self.folder is None else None
        # A client has one timeout for all that it is asked: what takes its time has others.
        self._store: Store
        self._sources: Store
        self._uploads: Store
        if self.folder is not None:
            self._store = self._sources = self._uploads = LocalStore(self.folder, mkdir=True)
        else:
            name, prefix = bucket, rest.strip("/") or None
            self._store = _bucket(name, prefix, access, timeout=timeouts.request)
            self._sources = _bucket(name, prefix, access, timeout=UNLIMITED, read_timeout=timeouts.silence)
            self._uploads = _bucket(name, prefix, access, timeout=timeouts.part)

    async def find(self, key: str) -> StoredObject | None:
        """Return an object's size and tag, or None."""
        try:
            with _of_ours():
                return _stored(await obstore.head_async(self._store, key))
        except ObjectMissing:
            return None

    async def upload(self, key: str, path: Path, content_type: str) -> None:
        """Put a file, in parts when it is large; an object that is there is replaced.

        Raises FileNotFoundError: when the file is gone.
        """
        try:
            await self._put(key, path, content_type, self._uploads)
        except BucketMissing:
            # Both the file and the bucket may be what is not there: the library says it alike.
            await asyncio.to_thread(path.stat)
            raise

    async def replace(self, key: str, content: bytes, content_type: str) -> None:
        """Put a small object in one piece; one that is there is replaced."""
        await self._put(key, content, content_type, self._store)

    async def create(self, key: str, content: bytes, content_type: str) -> bool:
        """Put a small object unless there is one; return whether there was none."""
        try:
            await self._put(key, content, content_type, self._store, mode="create")
        except exceptions.AlreadyExistsError:
            return False
        return True

    async def read(self, key: str) -> bytes:
        """Return a small object's content."""
        with _of_ours():
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def content(self, key: str, *, offset: int = 0, tag: str | None = None) -> ObjectContent:
        """Give an object from `offset` on, if it is still the one with `tag`; all of it if it has changed."""
        options: GetOptions = {}
        if offset:
            options = {"range": {"offset": offset}, "if_match": tag}
        with _translated():
            try:
                found = await obstore.get_async(self._sources, key, options=options)
            except exceptions.PreconditionError:
                return await self.content(key)
        return ObjectContent(found.range[0], _stored(found.meta), _chunks(found))

    async def under(self, prefix: str) -> list[StoredObject]:
        """Return all objects whose key begins with `prefix/`, by key."""
        found: list[StoredObject] = []
        with _of_ours(missing=BucketMissing):
            async for page in obstore.list(self._store, prefix):
                found += [_stored(meta) for meta in page]
        return sorted(found, key=lambda each: each.key)

    async def delete(self, key: str) -> None:
        """Remove an object; harmless when there is none."""
        try:
            with _of_ours():
                await obstore.delete_async(self._store, key)
        except ObjectMissing:
            return

    async def _put(
        self, key: str, content: Path | bytes, content_type: str, store: Store, mode: Any = "overwrite"
    ) -> None:
        attributes = {"Content-Type": content_type} if self.folder is None else None  # a folder has no place
        self._remove_halves(key)
        with _of_ours(missing=BucketMissing):
            await obstore.put_async(
                store, key, content, attributes=attributes, mode=mode, max_concurrency=PARTS_AT_ONCE
            )
            if self._is_shared and self.folder is not None:
                _share(self.folder, key)

    def _remove_halves(self, key: str) -> None:
        # In a folder, a put that was killed leaves `name#1`, which no list shows.
        if self.folder is not None:
            target = self.folder / key
            for half in target.parent.glob("*#*"):
                if HALF.sub("", half.name) == target.name:
                    half.unlink(missing_ok=True)


def _share(folder: Path, key: str) -> None:
    path = folder / key
    path.chmod(SHARED_FILE)
    for parent in path.relative_to(folder).parents:
        with suppress(PermissionError):  # a folder of somebody else's is as they want it
            (folder / parent).chmod(SHARED_FOLDER)


def _bucket(name: str, prefix: str | None, access: S3Access, **timeouts: timedelta) -> S3Store:
    options: dict[str, Any] = {
        "region": access.region,
        "endpoint": access.endpoint,
        "access_key_id": access.access_key,
        "secret_access_key": access.secret_key,
        # A bucket's name in the host's is Amazon's own way; others have it in the path.
        "virtual_hosted_style_request": access.endpoint is None,
    }
    allows_http = (access.endpoint or "").startswith("http://")
    client: Any = {"connect_timeout": CONNECT_TIMEOUT, "allow_http": allows_http, **timeouts}
    return S3Store(
        name,
        prefix=prefix,
        client_options=client,
        retry_config=NO_RETRIES,
        **{option: value for option, value in options.items() if value is not None},
    )


def _stored(meta: Any) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["e_tag"], meta["last_modified"])


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    with _translated():
        async for chunk in found.stream(min_chunk_size=1 << 20):
            yield bytes(chunk)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise  # answers, for whoever asked the question
    except FileNotFoundError as error:
        raise ObjectMissing(_summary(error), service=SERVICE) from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise CredentialsRefused(_summary(error), service=SERVICE) from error
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise _translation(error) from error


@contextmanager
def _of_ours(missing: type[ObjectMissing] = ObjectMissing) -> Iterator[None]:
    """As `_translated`, where the store is our own, and not the source that a caller has named."""
    try:
        with _translated():
            yield
    except ObjectMissing as error:
        raise missing(error.detail, service=SERVICE) from error
    except CredentialsRefused as error:
        raise StoreRefuses(error.detail, service=SERVICE) from error
    except Unreachable as error:
        raise StoreAway(error.detail, service=SERVICE) from error


def _translation(error: Exception) -> GatewayError:
    summary = _summary(error)
    found = STATUS.search(summary)
    status = int(found.group(1)) if found else None
    if status == INSUFFICIENT_STORAGE or NO_ROOM.search(summary):
        return StoreFull(summary, service=SERVICE, status=status)
    if status is not None:
        is_theirs = status >= FIRST_SERVER_FAULT or status == TOO_MANY_REQUESTS
        return (ServerFault if is_theirs else Refused)(summary, service=SERVICE, status=status)
    if isinstance(error, ValueError):  # a key that cannot be one
        return Refused(summary, service=SERVICE)
    # A folder's own faults are like those of a service: they pass.
    return (Unreachable if "HTTP error" in summary else ServerFault)(summary, service=SERVICE)


def _summary(error: Exception) -> str:
    # What follows is the library's own inner representation, over dozens of lines.
    return str(error).partition("Debug source")[0].strip()
