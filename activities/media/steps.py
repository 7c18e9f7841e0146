"""The steps of `process-video`, and the sweep of what its failures leave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from temporalio import activity

from mainspring.activities.media.artifacts import Artifacts
from mainspring.activities.media.publisher import Placed, Publisher
from mainspring.activities.media.transcoder import Transcoder
from mainspring.activities.runtime.sealed_inputs import InputOpener
from mainspring.activities.runtime.steps import StepProgress
from mainspring.contracts.flows import StepInput
from mainspring.contracts.media import (
    CleanScratch,
    DownloadVideo,
    MadeFiles,
    MakePoster,
    MakeRendition,
    ProbeVideo,
    PublishVideo,
    RenditionMade,
    ScratchCleaned,
    ScratchSwept,
    SweepScratch,
    UploadVideo,
    VideoDownloaded,
    VideoProbed,
    VideoPublished,
    VideoUploaded,
)
from mainspring.gateways.clock import Clock
from mainspring.gateways.download import Downloads
from mainspring.gateways.objects import Objects
from mainspring.gateways.video import Video
from mainspring.gateways.work_dir import Scratch
from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.secrets import SecretBox

REPORT_EVERY_SECONDS = 0.5


class MediaActivities:
    """Each step looks for what it or an earlier attempt has done, and does the rest."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        progress: StepProgress,
        scratch: Scratch,
        downloads: Downloads,
        video: Video,
        objects: Objects,
        box: SecretBox,
    ) -> None:
        self._clock = clock
        self._progress = progress
        self._scratch = scratch
        self._pieces = Artifacts(database, scratch)
        self._workshop = Transcoder(self._pieces, downloads, video, InputOpener(database, box))
        self._library = Publisher(objects, clock)

    @activity.defn(name="media.download_video")
    async def download(self, request: DownloadVideo) -> VideoDownloaded:
        """Bring the source to the disk, going on with a download that broke off."""
        async with self._reported(request) as on_share:
            _, downloaded = await self._workshop.source(request, is_step=True, on_share=on_share)
        return downloaded

    @activity.defn(name="media.probe_video")
    async def probe(self, request: ProbeVideo) -> VideoProbed:
        """Find out what the source is."""
        return await self._workshop.probe(request, is_step=True)

    @activity.defn(name="media.make_rendition")
    async def make_rendition(self, request: MakeRendition) -> RenditionMade:
        """Make one profile, from its beginning: half a transcode cannot be gone on with."""
        async with self._reported(request) as on_share:
            _, made = await self._workshop.rendition(
                request, request.profile, is_step=True, on_share=on_share
            )
        return _summary(made)

    @activity.defn(name="media.make_poster")
    async def make_poster(self, request: MakePoster) -> RenditionMade:
        """Make the poster."""
        return _summary((await self._workshop.poster(request, is_step=True))[1])

    @activity.defn(name="media.upload_video")
    async def upload(self, request: UploadVideo) -> VideoUploaded:
        """Bring everything to the object store that is not there yet."""
        pieces = [await self._workshop.poster(request)]
        pieces += [await self._workshop.rendition(request, profile) for profile in request.profiles]
        placed: list[Placed] = [(folder, file) for folder, made in pieces for file in made.files]
        async with self._reported(request) as on_share:
            return await self._library.upload(request.destination, placed, on_share)

    @activity.defn(name="media.publish_video")
    async def publish(self, request: PublishVideo) -> VideoPublished:
        """Make the uploaded version the present one; what was removed since its upload is brought anew."""
        uploaded = request.uploaded
        if not await self._library.is_whole(uploaded):
            uploaded = await self.upload(request)
        return await self._library.publish(request, uploaded)

    @activity.defn(name="media.clean_scratch")
    async def clean(self, request: CleanScratch) -> ScratchCleaned:
        """Remove the task's work from the disk."""
        bench = await self._pieces.bench(request.task_id)
        return ScratchCleaned(freed_bytes=await asyncio.to_thread(bench.clear))

    @activity.defn(name="media.sweep_scratch")
    async def sweep(self, request: SweepScratch) -> ScratchSwept:
        """Remove the work of tasks that failed or were cancelled and that nobody has retried since."""
        since = self._clock.now() - request.older_than
        benches = await asyncio.to_thread(self._scratch.unused_since, since)
        freed = [await asyncio.to_thread(bench.clear) for bench in benches]
        return ScratchSwept(tasks=len(freed), freed_bytes=sum(freed))

    @asynccontextmanager
    async def _reported(self, request: StepInput) -> AsyncIterator[Callable[[float], None]]:
        latest = 0.0

        def on_share(share: float) -> None:
            nonlocal latest
            latest = share

        async def report() -> None:
            while True:
                await asyncio.sleep(REPORT_EVERY_SECONDS)
                # A figure that cannot be written is no reason to stop.
                with suppress(DatabaseAway):
                    await self._progress.report(request, latest)

        reporting = asyncio.create_task(report())
        try:
            yield on_share
        finally:
            reporting.cancel()


def _summary(made: MadeFiles) -> RenditionMade:
    return RenditionMade(
        width=made.width,
        height=made.height,
        files=len(made.files),
        size_bytes=sum(file.size_bytes for file in made.files),
    )
