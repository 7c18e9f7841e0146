"""How a video becomes what is published: the source, what it is, its renditions and its poster."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from mainspring.activities.media.artifacts import Artifacts
from mainspring.activities.runtime.sealed_inputs import InputOpener
from mainspring.contracts.media import (
    MadeFile,
    MadeFiles,
    VideoDownloaded,
    VideoProbed,
    VideoProfile,
    VideoStep,
)
from mainspring.domain.media import (
    LADDER,
    POSTER,
    POSTER_SHORT_SIDE,
    Rung,
    Size,
    entry_of,
    lacks_frames,
    poster_time,
    rung_of,
    share_done,
    streaming_rungs,
)
from mainspring.gateways.download import Downloads
from mainspring.gateways.video import Made, Variant, Video, check_length

# Called with how much is done, 0 to 1.
OnShare = Callable[[float], None]

SOURCE = "source"


def unheard(_share: float) -> None:
    """Hear nothing of the progress."""


class Transcoder:
    """Makes the pieces of a video. What a piece needs and does not find is made first.

    `is_step` says that the piece is what the running step is for, see `Pieces.obtain`.
    """

    def __init__(self, pieces: Artifacts, downloads: Downloads, video: Video, opener: InputOpener) -> None:
        self._pieces = pieces
        self._downloads = downloads
        self._video = video
        self._opener = opener

    async def source(
        self, request: VideoStep, *, is_step: bool = False, on_share: OnShare = unheard
    ) -> tuple[Path, VideoDownloaded]:
        """Return the source's file."""

        async def make(folder: Path) -> VideoDownloaded:
            def on_bytes(received: int, total: int | None) -> None:
                on_share(received / total if total else 0.0)

            source = await self._opener.url(request.task_id, request.source)
            done = await self._downloads.fetch(source, folder / SOURCE, on_bytes)
            return VideoDownloaded(size_bytes=done.size_bytes, sha256=done.sha256)

        folder, note = await self._pieces.obtain(
            request, "source", VideoDownloaded, make, is_step=is_step, is_resumable=True
        )
        return folder / SOURCE, note

    async def probe(self, request: VideoStep, *, is_step: bool = False) -> VideoProbed:
        """Return what the source is."""

        async def make(_folder: Path) -> VideoProbed:
            source, _ = await self.source(request)
            found = await self._video.probe(source)
            return VideoProbed(
                duration_seconds=found.duration.total_seconds(),
                width=found.width,
                height=found.height,
                video_codec=found.codec,
                has_audio=found.has_audio,
                frames=found.frames,
            )

        return (await self._pieces.obtain(request, "probe", VideoProbed, make, is_step=is_step))[1]

    async def rendition(
        self,
        request: VideoStep,
        profile: VideoProfile,
        *,
        is_step: bool = False,
        on_share: OnShare = unheard,
    ) -> tuple[Path, MadeFiles]:
        """Return the folder with a profile's files."""

        async def make(folder: Path) -> MadeFiles:
            source, _ = await self.source(request)
            probed = await self.probe(request)
            size, duration = Size(probed.width, probed.height), timedelta(seconds=probed.duration_seconds)
            rungs = streaming_rungs(size) if profile is VideoProfile.HLS else (rung_of(profile),)
            variants = [_variant(size, rung) for rung in rungs]
            entry = folder / entry_of(profile)
            await asyncio.to_thread(entry.parent.mkdir, exist_ok=True)

            def on_time(time: timedelta) -> None:
                on_share(share_done(time, duration))

            if profile is VideoProfile.HLS:
                made = await self._video.make_stream(
                    source, entry.parent, variants, has_audio=probed.has_audio, on_time=on_time
                )
            else:
                made = await self._video.make_file(source, entry, variants[0], on_time)
            _check_length(made, probed)
            return await asyncio.to_thread(_listed, folder, variants[-1])

        return await self._pieces.obtain(request, profile, MadeFiles, make, is_step=is_step)

    async def poster(self, request: VideoStep, *, is_step: bool = False) -> tuple[Path, MadeFiles]:
        """Return the folder with the poster."""

        async def make(folder: Path) -> MadeFiles:
            source, _ = await self.source(request)
            probed = await self.probe(request)
            at = poster_time(timedelta(seconds=probed.duration_seconds))
            rung = Rung("poster", POSTER_SHORT_SIDE, LADDER[-1].kilobits)
            variant = _variant(Size(probed.width, probed.height), rung)
            await self._video.make_picture(source, folder / POSTER, at, variant)
            return await asyncio.to_thread(_listed, folder, variant)

        return await self._pieces.obtain(request, "poster", MadeFiles, make, is_step=is_step)


def _variant(size: Size, rung: Rung) -> Variant:
    fitted = size.fitted(rung.short_side)
    return Variant(rung.name, fitted.width, fitted.height, rung.kilobits)


def _check_length(made: Made, probed: VideoProbed) -> None:
    duration = timedelta(seconds=probed.duration_seconds)
    has_all = probed.frames is not None and not lacks_frames(made.frames, probed.frames)
    if not has_all:
        check_length(made.length, duration, made.last_lines)


def _listed(folder: Path, largest: Variant) -> MadeFiles:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return MadeFiles(
        width=largest.width,
        height=largest.height,
        files=tuple(
            MadeFile(
                name=path.relative_to(folder).as_posix(),
                size_bytes=path.stat().st_size,
                sha256=_digest(path),
            )
            for path in files
        ),
    )


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
