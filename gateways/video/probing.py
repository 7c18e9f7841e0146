"""What a video is, read from what ffmpeg says of it: there is no ffprobe beside it."""

import re
from dataclasses import dataclass
from datetime import timedelta

# "  Duration: 00:00:20.00, start: 0.000000, bitrate: 244 kb/s", or N/A where the file does not say.
DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+),", re.MULTILINE)

# "  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 640x360 [SAR 1:1 DAR 16:9], …"
STREAM = re.compile(r"^ +Stream #0:\d+.*?: (Video|Audio): (\w+)(.*)$", re.MULTILINE)
SIDES = re.compile(r", (\d{2,5})x(\d{2,5})(?: \[SAR (\d+):(\d+))?")
ROTATION = re.compile(r"^ +[Dd]isplay ?[Mm]atrix: rotation of (-?\d+(?:\.\d+)?) degrees", re.MULTILINE)

# A cover is a video stream to ffmpeg, with one frame; a thumbnail has a few.
COVERS = ("(attached pic)", "(timed thumbnails)")

# How ffmpeg's readers say that bytes are missing; a film that merely ends before its sound has none of it.
CUT_OFF = re.compile(r"partial file|ended prematurely|[Pp]acket corrupt|corrupt input packet")


@dataclass(frozen=True)
class Stream:
    """The picture of a video as a viewer sees it: upright, with square pixels."""

    codec: str
    width: int
    height: int


@dataclass(frozen=True)
class Described:
    """What ffmpeg said. No `stream`: there is no picture; no `duration`: the file does not say.

    `duration` is the container's, which is that of its longest stream, such as the subtitles.
    """

    duration: timedelta | None
    stream: Stream | None
    has_audio: bool


def parse_description(output: str) -> Described:
    """Read what `ffmpeg -i` says of its input; the film is the first stream that is no cover."""
    streams = list(STREAM.finditer(output))
    ends = [*(each.start() for each in streams), len(output)][1:]
    films = [
        _stream(found[2], found[3], output[found.end() : end])
        for found, end in zip(streams, ends, strict=False)
        if found[1] == "Video" and not any(cover in found[3] for cover in COVERS)
    ]
    return Described(
        duration=_duration(output),
        stream=films[0] if films else None,
        has_audio=any(found[1] == "Audio" for found in streams),
    )


def _duration(output: str) -> timedelta | None:
    found = DURATION.search(output)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def _stream(codec: str, rest: str, beside: str) -> Stream | None:
    found = SIDES.search(rest)
    if found is None:
        return None
    width, height, *aspect = found.groups()
    across, up = (int(part) for part in aspect) if aspect[0] else (1, 1)
    sides = round(int(width) * across / up) if across and up else int(width), int(height)
    turned = ROTATION.search(beside)
    # ffmpeg turns the picture upright before anything else sees it.
    if turned is not None and round(abs(float(turned.group(1)))) % 180 == 90:  # noqa: PLR2004  # a quarter
        sides = sides[1], sides[0]
    return Stream(codec, *sides)
