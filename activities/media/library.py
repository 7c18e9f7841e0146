"""The published side: files under a version's prefix, and the manifest that says which version is shown."""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.media import MadeFile, PublishVideo, VideoManifest, VideoPublished, VideoUploaded
from domain.media import MANIFEST, POSTER, content_type_of, entry_of, version_of
from gateways.objects import Objects

# Enough to hide the way to a bucket; each file goes over several connections itself when it is large.
UPLOADS_AT_ONCE = 4

VERSION = re.compile(r"/[0-9a-f]{16}/")

# A file that was made, and the folder it is in.
Placed = tuple[Path, MadeFile]


class Library:
    """Writes versions. What is there already is taken as it is: a version's name stands for its content."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def upload(
        self, destination: str, placed: Sequence[Placed], on_share: Callable[[float], None]
    ) -> VideoUploaded:
        """Bring the files to their version's prefix, which nobody reads before it is published."""
        files = [file for _, file in placed]
        prefix = f"{destination}/{version_of(files)}"
        total = sum(file.size_bytes for file in files)
        turns, done, adopted = asyncio.Semaphore(UPLOADS_AT_ONCE), 0, 0

        async def bring(folder: Path, file: MadeFile) -> None:
            nonlocal done, adopted
            async with turns:
                is_there = await self._bring(f"{prefix}/{file.name}", folder / file.name, file)
            adopted += is_there
            done += file.size_bytes
            on_share(done / total)

        try:
            async with asyncio.TaskGroup() as uploads:
                for folder, file in placed:
                    uploads.create_task(bring(folder, file))
        except BaseExceptionGroup as failures:
            # All are of one kind when the storage is away; the first one says it.
            raise failures.exceptions[0] from None
        return VideoUploaded(prefix=prefix, files=len(files), size_bytes=total, adopted=adopted)

    async def publish(self, given: PublishVideo) -> VideoPublished:
        """Point the destination's manifest to a version, and remove the versions before it."""
        manifest = VideoManifest(
            prefix=given.prefix,
            duration_seconds=given.duration_seconds,
            poster=POSTER,
            profiles={profile: entry_of(profile) for profile in given.profiles},
        )
        key, content = f"{given.destination}/{MANIFEST}", manifest.model_dump_json(indent=2).encode()
        is_new = await self._objects.create(key, content, content_type_of(MANIFEST))
        if not is_new and await self._objects.read(key) != content:
            await self._objects.replace(key, content, content_type_of(MANIFEST))
        return VideoPublished(manifest=key, removed=await self._remove_others(given))

    async def _bring(self, key: str, path: Path, file: MadeFile) -> bool:
        found = await self._objects.find(key)
        if found is not None and found.size_bytes == file.size_bytes:
            return True
        await self._objects.upload(key, path, content_type_of(file.name))
        return False

    async def _remove_others(self, given: PublishVideo) -> int:
        removed = 0
        for each in await self._objects.under(given.destination):
            # Only versions of this very destination: others may lie below it.
            is_version = VERSION.match(each.key.removeprefix(given.destination)) is not None
            if is_version and not each.key.startswith(f"{given.prefix}/"):
                await self._objects.delete(each.key)
                removed += 1
        return removed
