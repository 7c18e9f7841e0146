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

# A cover picture is a video stream to ffmpeg, with one frame.
COVER = "(attached pic)"


@dataclass(frozen=True)
class Stream:
    """The picture of a video as a viewer sees it: upright, with square pixels."""

    codec: str
    width: int
    height: int


@dataclass(frozen=True)
class Described:
    """What ffmpeg said. No `stream`: there is no picture; no `duration`: the file does not say."""

    duration: timedelta | None
    stream: Stream | None
    has_audio: bool


def parse_description(output: str) -> Described:
    """Read what `ffmpeg -i` says of its input."""
    streams = [found.groups() for found in STREAM.finditer(output)]
    pictures = [(codec, rest) for kind, codec, rest in streams if kind == "Video" and COVER not in rest]
    return Described(
        duration=_duration(output),
        stream=_stream(*pictures[0], output) if pictures else None,
        has_audio=any(kind == "Audio" for kind, _, _ in streams),
    )


def _duration(output: str) -> timedelta | None:
    found = DURATION.search(output)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def _stream(codec: str, rest: str, output: str) -> Stream | None:
    found = SIDES.search(rest)
    if found is None:
        return None
    width, height, *aspect = found.groups()
    across, up = (int(part) for part in aspect) if aspect[0] else (1, 1)
    sides = round(int(width) * across / up) if across and up else int(width), int(height)
    turned = ROTATION.search(output)
    # ffmpeg turns the picture upright before anything else sees it.
    if turned is not None and round(abs(float(turned.group(1)))) % 180 == 90:  # noqa: PLR2004  # a quarter
        sides = sides[1], sides[0]
    return Stream(codec, *sides)
