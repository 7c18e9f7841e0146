"""Videos for tests: a service with an object store and a web server, and looks at what it has published."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from temporalio.client import Client

from mainspring.contracts.media import VideoManifest
from mainspring.contracts.tasks import Task
from mainspring.emulators.clips import Clip
from mainspring.emulators.objects import Bucket, ObjectStoreEmulator
from mainspring.emulators.videos import VideoServerEmulator
from mainspring.storage.database import Database
from tests.service import Service, idle_service

BUCKET = "media"


@dataclass(frozen=True)
class MediaService:
    """A service without a worker whose videos come from `videos` and go to `objects`."""

    service: Service
    videos: VideoServerEmulator
    objects: ObjectStoreEmulator
    folder: Path

    @property
    def bucket(self) -> Bucket:
        """What has been stored."""
        return self.objects.bucket(BUCKET)

    @property
    def scratch_left(self) -> list[Path]:
        """What is left on the worker's disk."""
        return list(self.service.settings.resolved_scratch_dir.glob("*"))

    def clip(self, name: str, clip: Clip) -> Path:
        """Make a clip that can be downloaded under this name."""
        return copied(clip, self.folder / name)

    def manifest(self, destination: str) -> VideoManifest:
        """Return what is published at a destination."""
        return VideoManifest.model_validate_json(self.bucket.objects[f"{destination}/manifest.json"].content)

    def fetched(self, manifest: VideoManifest, folder: Path) -> Path:
        """Write a published version's objects to a folder, as a player would fetch them."""
        for key, held in self.bucket.under(f"{manifest.prefix}/"):
            path = folder / key.removeprefix(f"{manifest.prefix}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held.content)
        return folder


def copied(clip: Clip, path: Path) -> Path:
    """Write a clip as `clip.write` does, which ffmpeg makes once for each process."""
    shutil.copyfile(_made(clip, path.suffix), path)
    return path


@cache
def _clips() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="mainspring-clips-")


@cache
def _made(clip: Clip, suffix: str) -> Path:
    return clip.write(Path(_clips().name, f"{_made.cache_info().misses}{suffix}"))


@asynccontextmanager
async def media_service(
    temporal_client: Client, database: Database, state_dir: Path, **settings_beside: Any
) -> AsyncIterator[MediaService]:
    """Run everything but a worker until the block ends."""
    folder = state_dir / "served"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        videos = await stack.enter_async_context(VideoServerEmulator(folder))
        objects = await stack.enter_async_context(ObjectStoreEmulator())
        service = await stack.enter_async_context(
            idle_service(
                temporal_client,
                database,
                state_dir,
                media_store_url=f"s3://{BUCKET}",
                media_s3_endpoint=objects.endpoint,
                media_s3_access_key=objects.access_key,
                media_s3_secret_key="secret",
                media_allow_private=True,
                **settings_beside,
            )
        )
        yield MediaService(service, videos, objects, folder)


def attempts(task: Task) -> dict[str, int]:
    """Return how often each step of a flow was begun."""
    return {name: step["attempts"] for name, step in (task.result or {})["steps"].items()}
