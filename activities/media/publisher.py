"""The published side: files under a version's prefix, and the manifest that says which version is shown."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from mainspring.contracts.media import MadeFile, PublishVideo, VideoManifest, VideoPublished, VideoUploaded
from mainspring.domain.media import MANIFEST, POSTER, content_type_of, entry_of, version_folder, versions_of
from mainspring.gateways.clock import Clock
from mainspring.gateways.objects import Objects

# Enough to hide the way to a bucket; each file goes over several connections itself when it is large.
UPLOADS_AT_ONCE = 4

# A version that nobody shows may be another run's, which is about to. One that has lain there for so long is
# what a killed or a failed run has left; should a late retry want it still, it brings it anew.
FORGOTTEN_AFTER = timedelta(days=1)

# A file that was made, and the folder it is in.
Placed = tuple[Path, MadeFile]


class VersionGone(Exception):
    """What is shown is not whole, for two runs have met; the next attempt brings its version anew."""


class Publisher:
    """Writes versions. What is there already is taken as it is: a version's name stands for its content.

    Several runs may have one destination, and nothing keeps one from publishing while another does: what is
    published last is shown, and is whole.
    """

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock

    async def upload(
        self, destination: str, placed: Sequence[Placed], on_share: Callable[[float], None]
    ) -> VideoUploaded:
        """Bring the files to their version's prefix, which nobody reads before it is published."""
        files = [file for _, file in placed]
        prefix = f"{destination}/{version_folder(files)}"
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

    async def is_whole(self, uploaded: VideoUploaded) -> bool:
        """Whether all of a version is there."""
        sizes = [each.size_bytes for each in await self._objects.under(uploaded.prefix)]
        return (len(sizes), sum(sizes)) == (uploaded.files, uploaded.size_bytes)

    async def publish(self, request: PublishVideo, uploaded: VideoUploaded) -> VideoPublished:
        """Point the destination's manifest to a version, and remove the one that it takes the place of.

        Raises VersionGone when one run has removed what another is showing: each looks after its own write,
        so one of the two sees it.
        """
        manifest = VideoManifest(
            prefix=uploaded.prefix,
            duration_seconds=request.duration_seconds,
            poster=POSTER,
            profiles={profile: entry_of(profile) for profile in request.profiles},
        )
        key = f"{request.destination}/{MANIFEST}"
        replaced = await self._point(key, manifest)
        removed = await self._remove(request.destination, replaced)
        shown = await self._shown(key)
        if shown is not None and (
            shown.prefix in removed or (shown.prefix == uploaded.prefix and not await self.is_whole(uploaded))
        ):
            raise VersionGone(shown.prefix)
        return VideoPublished(manifest=key, removed=sum(removed.values()))

    async def _bring(self, key: str, path: Path, file: MadeFile) -> bool:
        found = await self._objects.find(key)
        if found is not None and found.size_bytes == file.size_bytes:
            return True
        await self._objects.upload(key, path, content_type_of(file.name))
        return False

    async def _point(self, key: str, manifest: VideoManifest) -> str | None:
        """Write a manifest unless it is there, and return the version that it takes the place of."""
        if await self._objects.create(key, _written(manifest), content_type_of(MANIFEST)):
            return None
        shown = await self._shown(key)
        if shown is not None and shown.model_copy(update={"replaced": None}) == manifest:
            # An earlier attempt may have been killed before it removed anything.
            return shown.replaced
        replaced = None if shown is None else shown.prefix
        pointed = manifest.model_copy(update={"replaced": replaced})
        await self._objects.replace(key, _written(pointed), content_type_of(MANIFEST))
        return replaced

    async def _remove(self, destination: str, replaced: str | None) -> dict[str, int]:
        """Remove the version that was shown before, and those that are forgotten, but never the one shown.

        Returns how many objects each of them had.
        """
        stored = {each.key: each for each in await self._objects.under(destination)}
        forgotten_since = self._clock.now() - FORGOTTEN_AFTER
        shown = await self._shown(f"{destination}/{MANIFEST}")
        removed: dict[str, int] = {}
        for prefix, keys in versions_of(destination, stored).items():
            is_shown = shown is not None and shown.prefix == prefix
            is_forgotten = max(stored[key].changed_at for key in keys) < forgotten_since
            if not is_shown and (prefix == replaced or is_forgotten):
                for key in keys:
                    await self._objects.delete(key)
                removed[prefix] = len(keys)
        return removed

    async def _shown(self, key: str) -> VideoManifest | None:
        try:
            return VideoManifest.restore_json(await self._objects.read(key))
        except ValidationError:
            return None  # somebody else's, of this name


def _written(manifest: VideoManifest) -> bytes:
    return manifest.model_dump_json(indent=2).encode()
