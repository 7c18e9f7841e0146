"""The media job's messages: a video's source, what is made of it, and what each step gave back."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from mainspring.contracts.fields import LONGEST_AGE
from mainspring.contracts.flows import StepInput
from mainspring.contracts.message import Message
from mainspring.contracts.secret_urls import HoldsSecrets, is_sealed

LONGEST_SOURCE = 4_000


def _check_source(source: str) -> str:
    # What is sealed is longer than what was given.
    if len(source) > LONGEST_SOURCE and not is_sealed(source):
        raise ValueError(f"String should have at most {LONGEST_SOURCE} characters")
    return source


class VideoProfile(StrEnum):
    """What can be made of a video. The short side of a picture never grows."""

    P480 = "480p"
    """One MP4 file whose short side has at most 480 pixels."""
    P720 = "720p"
    """One MP4 file whose short side has at most 720 pixels."""
    HLS = "hls"
    """A playlist for adaptive streaming with a variant for each of the two sizes that the source fills."""


class ProcessVideo(Message):
    """Fetch a video, make the profiles and a poster frame of it, and publish them under `destination`.

    `source` is a URL (`http`, `https`), an object (`s3://bucket/key`) or a file (`file:///path`, only under
    the folders that the service allows). A key or a path is written as it is, not percent-encoded. A password
    or a query of a URL is sealed before the URL is stored.
    `destination` is a prefix in the object store.
    """

    source: Annotated[str, AfterValidator(_check_source), HoldsSecrets()] = Field(
        pattern=r"^(https?|s3|file)://\S+$",
        description="http://… or https://…, s3://BUCKET/KEY or file:///PATH",
    )
    destination: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
        max_length=500,
        description="names of letters, digits and ._- with / between them, such as products/42",
    )
    profiles: tuple[VideoProfile, ...] = Field(default=(VideoProfile.P480, VideoProfile.HLS), min_length=1)


class VideoStep(StepInput):
    """What every step of a video needs: which video it is."""

    source: str


class DownloadVideo(VideoStep):
    """Bring the source into the scratch folder."""


class ProbeVideo(VideoStep):
    """Find out what the source is."""


class MakeRendition(VideoStep):
    """Make one profile."""

    profile: VideoProfile


class MakePoster(VideoStep):
    """Make a picture that stands for the video."""


class UploadVideo(VideoStep):
    """Bring all that was made into the object store."""

    destination: str
    profiles: tuple[VideoProfile, ...]


class CleanScratch(StepInput):
    """Remove what the steps have left on the worker's disk, once `prefix` is published."""

    prefix: str


class VideoDownloaded(Message):
    """The source, whole on the worker's disk."""

    size_bytes: int
    sha256: str


class VideoProbed(Message):
    """What the source is, as a viewer sees it: turned upright, with square pixels."""

    duration_seconds: float
    width: int
    height: int
    video_codec: str
    has_audio: bool
    frames: int | None = None
    """How many packets the film has; None in what an earlier release has found out."""


class RenditionMade(Message):
    """One profile, or the poster, whole on the worker's disk. Of several sizes, the largest is given."""

    width: int
    height: int
    files: int
    size_bytes: int


class VideoUploaded(Message):
    """Where the files of this version are; `adopted` counts those that were there already."""

    prefix: str
    files: int
    size_bytes: int
    adopted: int


class PublishVideo(UploadVideo):
    """Make what was uploaded the destination's present version."""

    uploaded: VideoUploaded
    duration_seconds: float


class VideoPublished(Message):
    """The manifest that names the present version, and how many objects of older ones were removed."""

    manifest: str
    removed: int


class ScratchCleaned(Message):
    """How much was removed from the worker's disk."""

    freed_bytes: int


class MadeFile(Message):
    """One file that was made, by its name below the version's prefix."""

    name: str
    size_bytes: int
    sha256: str


class MadeFiles(Message):
    """What the worker's disk notes of a profile or the poster: sides in pixels, and each file."""

    width: int
    height: int
    files: tuple[MadeFile, ...]


class SweepScratch(Message):
    """Remove what tasks have left on the worker's disk that nobody has retried for so long."""

    older_than: timedelta = Field(default=timedelta(days=7), ge=timedelta(0), le=LONGEST_AGE)


class ScratchSwept(Message):
    """How many tasks' work was removed, and how much that was."""

    tasks: int
    freed_bytes: int


class VideoManifest(Message):
    """The published object: what a page or a player needs to know. Names are below `prefix`.

    `replaced` is the prefix that was shown before this one, and is being removed or gone.
    """

    prefix: str
    duration_seconds: float
    poster: str
    profiles: dict[VideoProfile, str]
    replaced: str | None = None
