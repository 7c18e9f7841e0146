"""What is made of a video: sizes, rungs, names, and how far a transcode is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from mainspring.contracts.media import MadeFile, VideoProfile

POSTER = "poster.jpg"
MANIFEST = "manifest.json"

# The folder of a version. No destination below can be called so: its parts begin with a letter, a digit or
# `_` (contracts.media.ProcessVideo).
VERSION = re.compile(r"@[0-9a-f]{16}")

NOT_IN_FOLDERS = re.compile(r"^[.-]|[^A-Za-z0-9.-]")

# A poster of the very first frame is often black.
POSTER_AT = 0.1
POSTER_SHORT_SIDE = 720

# Encoders of 4:2:0 pictures want even sides.
EVEN = 2

# How much shorter than its source an output may be: the last frame's length, and what a container rounds.
SHORTFALL_SHARE = 0.05
SHORTFALL_LEAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Rung:
    """One size and its highest bit rate, in kbit/s, which also sets the quality of busy scenes."""

    name: str
    short_side: int
    kilobits: int


LADDER = (Rung("480p", 480, 1_400), Rung("720p", 720, 2_800))


@dataclass(frozen=True)
class Size:
    """A picture's sides in square pixels."""

    width: int
    height: int

    @property
    def short_side(self) -> int:
        """The shorter of the two."""
        return min(self.width, self.height)

    def fitted(self, short_side: int) -> "Size":
        """Return this size with even sides, its short side at most `short_side`; it never grows."""
        share = min(1.0, short_side / self.short_side)
        return Size(_even(self.width * share), _even(self.height * share))


def rung_of(profile: VideoProfile) -> Rung:
    """Return the rung of a profile that is one file; KeyError for HLS."""
    return {rung.name: rung for rung in LADDER}[profile]


def streaming_rungs(size: Size) -> tuple[Rung, ...]:
    """Return the rungs that a source of this size fills, at least the lowest."""
    return tuple(rung for rung in LADDER if rung.short_side <= size.short_side) or LADDER[:1]


def entry_of(profile: VideoProfile) -> str:
    """Return the name of the file that a player opens."""
    return "hls/master.m3u8" if profile is VideoProfile.HLS else f"{profile}.mp4"


def content_type_of(name: str) -> str:
    """Return the media type that a published file is served with."""
    types = {
        "mp4": "video/mp4",
        "m3u8": "application/vnd.apple.mpegurl",
        "ts": "video/mp2t",
        "jpg": "image/jpeg",
        "json": "application/json",
    }
    return types[name.rpartition(".")[2]]


def version_of(files: Iterable[MadeFile]) -> str:
    """Return 16 hexadecimal digits that stand for exactly these files, in any order."""
    lines = sorted(f"{file.sha256} {file.name}" for file in files)
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def version_folder(files: Iterable[MadeFile]) -> str:
    """Return the name of the folder in which exactly these files are published."""
    return f"@{version_of(files)}"


def versions_of(destination: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the keys that belong to versions of this very destination, by their version's prefix.

    Other destinations may lie below it.
    """
    found: dict[str, list[str]] = {}
    for key in keys:
        folder, _, name = key.removeprefix(f"{destination}/").partition("/")
        if name and VERSION.fullmatch(folder):
            found.setdefault(f"{destination}/{folder}", []).append(key)
    return found


def workspace_folder(workspace: str) -> str:
    """Return the first name of the destinations of a workspace's callers: one for each workspace.

    What no destination may have in its first name is written as _XX, byte by byte, and so is _ itself.
    """
    return NOT_IN_FOLDERS.sub(lambda found: "".join(f"_{byte:02X}" for byte in found[0].encode()), workspace)


def share_done(out_time: timedelta, duration: timedelta) -> float:
    """Return how much of a transcode is done, 0 to 1; ffmpeg's time may pass the source's a little."""
    return min(1.0, max(0.0, out_time / duration)) if duration else 0.0


def is_cut_short(made: timedelta, duration: timedelta) -> bool:
    """Whether so much of a source's time is missing from an output that the source must be damaged.

    The last picture may be shown for minutes, which no output counts: ask `lacks_frames` as well.
    """
    return duration - made > max(SHORTFALL_LEAST, duration * SHORTFALL_SHARE)


def lacks_frames(made: int, frames: int) -> bool:
    """Whether an output has markedly fewer pictures than its source has packets.

    Packets may be half pictures, or hold none, so that time is to be looked at as well.
    """
    return frames - made > frames * SHORTFALL_SHARE


def poster_time(duration: timedelta) -> timedelta:
    """Return which moment stands for the video."""
    return duration * POSTER_AT


def _even(side: float) -> int:
    return max(EVEN, round(side / EVEN) * EVEN)
