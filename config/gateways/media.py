"""Videos: where they come from, what makes them, and where they go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.addresses import AddressGuard
from mainspring.gateways.download import Allowed, Downloads, LeastSpeed, open_downloads
from mainspring.gateways.objects import Objects, S3Access
from mainspring.gateways.video import Ffmpeg, Video
from mainspring.gateways.work_dir import Scratch


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give what videos are downloaded, made and published with."""
    access, objects = _access(settings), object_store(settings)
    allowed = Allowed(
        settings.media_max_download_bytes,
        LeastSpeed(settings.media_min_download_speed),
        buckets=frozenset(each for each in (objects.bucket, *settings.media_source_buckets) if each),
        folders=tuple(each for each in (objects.folder, settings.media_source_dir) if each is not None),
    )
    guard = AddressGuard(allow_private=settings.media_allow_private)
    async with open_downloads(guard, access, allowed) as downloads:
        yield {
            Downloads: downloads,
            Objects: objects,
            Scratch: Scratch(settings.resolved_scratch_dir),
            Video: Video(
                Ffmpeg(settings.media_parallel),
                most_film_pixels=settings.media_max_film_pixels,
                most_bytes=settings.media_max_output_bytes,
            ),
        }


def object_store(settings: Settings) -> Objects:
    """Return where finished videos go: a folder that the settings name is for a web server, ours is not."""
    is_shared = settings.media_store_url is not None
    return Objects(settings.resolved_store_url, _access(settings), is_shared=is_shared)


def store_folder(settings: Settings) -> Path | None:
    """Return the folder where finished videos go; None when that is a bucket."""
    scheme, _, path = settings.resolved_store_url.partition("://")
    return Path(path) if scheme == "file" else None


def _access(settings: Settings) -> S3Access:
    secret = settings.media_s3_secret_key
    return S3Access(
        settings.media_s3_endpoint,
        settings.media_s3_region,
        settings.media_s3_access_key,
        None if secret is None else secret.get_secret_value(),
    )
