"""What is done with videos: probing, files of one size, streams of several, and a still picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mainspring.domain.media import is_cut_short
from mainspring.gateways.video.packets import Packets
from mainspring.gateways.video.probing import CUT_OFF, Stream, parse_description
from mainspring.gateways.video.progress import OnTime
from mainspring.gateways.video.running import Ffmpeg, Output, VideoFailed

# Containers that hold their content themselves. A playlist, which ffmpeg would take for a video too, names
# other files, of the worker's own disk for example.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,ogg,asf,mxf,gif,wtv,rm,nut,dv"

# Nothing is fetched, whatever a file says: what is not on the disk was not downloaded.
LOCAL_ONLY = ("-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS)

# A few kilobytes can claim any size and any length. 8K is the largest that cameras film, and half a day is
# more than any film lasts; either keeps a step within its time.
MOST_PIXELS = 8_192 * 4_320
MOST_DURATION = timedelta(hours=12)
READ_AT_MOST = MOST_DURATION + timedelta(minutes=1)

# Two hours and a quarter in 4K with 30 pictures a second: a file of any size can claim more.
MOST_FILM_PIXELS = 2_000_000_000_000
# What one profile may become: twelve hours at the highest bit rate are 15 GB.
MOST_BYTES = 16 * 1024**3

# The film among the streams: ffmpeg's `V`, unlike its `v`, passes over covers and thumbnails.
FILM = "0:V:0"

# As many pictures as the film has, however long each is shown: to repeat a picture that is shown for minutes
# would make hours of work of a kilobyte.
AS_MANY_PICTURES = ("-fps_mode", "vfr")

# Speed before size: a quarter of the time of the default for files a tenth larger. The bit rate is a ceiling.
ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p")
AUDIO = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")

# Nothing of the source but picture and sound: no subtitles, no chapters, no place where it was taken.
BARE = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn")

# A JPEG's colours use the whole range; a video's seldom do.
FULL_RANGE = "scale=out_range=full,format=yuvj420p"

SEGMENT_SECONDS = 6


@dataclass(frozen=True)
class Probe:
    """What a film is: upright, with square pixels. Sides in pixels.

    `duration` and `frames` are those of the film's own packets: a container also counts sound and subtitles.
    """

    duration: timedelta
    frames: int
    width: int
    height: int
    codec: str
    has_audio: bool


@dataclass(frozen=True)
class Variant:
    """One size to be made, with the highest bit rate that a busy scene may take, in kbit/s."""

    name: str
    width: int
    height: int
    kilobits: int


@dataclass(frozen=True)
class Made:
    """How much of the source was written, and the last that ffmpeg said of it."""

    length: timedelta
    frames: int
    last_lines: tuple[str, ...]


class Video:
    """ffmpeg's work. Each call raises VideoFailed, with the last lines that ffmpeg said."""

    def __init__(
        self, ffmpeg: Ffmpeg, *, most_film_pixels: int = MOST_FILM_PIXELS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._ffmpeg = ffmpeg
        self._most_film_pixels = most_film_pixels
        self._most_bytes = most_bytes

    async def probe(self, source: Path) -> Probe:
        """Return what a file is; VideoFailed when there is no picture in it that moves."""
        output = await self._ffmpeg.listen(_input(source), folder=source.parent)  # fails: there is no output
        described = parse_description(output.text)
        if described.stream is None:
            raise VideoFailed("there is no video in the file", output.last_lines)
        stream = described.stream
        if stream.width * stream.height > MOST_PIXELS:
            raise VideoFailed(f"{stream.width} x {stream.height} is more than {MOST_PIXELS} pixels")
        measured = await self._measured(source)
        duration = measured.reached
        if not duration:
            raise VideoFailed("the video has no length", measured.last_lines)
        if described.duration and CUT_OFF.search(measured.text):
            check_length(duration, described.duration, measured.last_lines)
        if duration > MOST_DURATION:
            raise VideoFailed(f"{duration} is longer than {MOST_DURATION}")
        self._check_work(measured.frames, stream)
        return Probe(
            duration, measured.frames, stream.width, stream.height, stream.codec, described.has_audio
        )

    async def make_file(self, source: Path, target: Path, variant: Variant, on_time: OnTime) -> Made:
        """Write one MP4 file that begins to play before all of it is there."""
        arguments = [
            *_input(source),
            *("-map", FILM, "-map", "0:a:0?", *BARE, *AS_MANY_PICTURES, *ENCODER, *AUDIO),
            *("-vf", _scaled(variant), *_ceiling(variant.kilobits)),
            *("-movflags", "+faststart", "-f", "mp4", target.name),
        ]
        return await self._make(arguments, target.parent, on_time)

    async def make_stream(
        self, source: Path, folder: Path, variants: Sequence[Variant], *, has_audio: bool, on_time: OnTime
    ) -> Made:
        """Write `master.m3u8` and, in a folder of its name for each variant, its playlist and segments."""
        for variant in variants:
            (folder / variant.name).mkdir()
        arguments = [
            *_input(source),
            *("-filter_complex", _split(variants)),
            *_stream_maps(variants, has_audio=has_audio),
            *(*BARE, *AS_MANY_PICTURES, *ENCODER, *AUDIO),
            *("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})", "-sc_threshold", "0"),
            *("-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"),
            *("-hls_flags", "independent_segments", "-hls_segment_filename", "%v/%05d.ts"),
            *("-master_pl_name", "master.m3u8", "%v/index.m3u8"),
        ]
        return await self._make(arguments, folder, on_time)

    async def make_picture(self, source: Path, target: Path, at: timedelta, variant: Variant) -> None:
        """Write the frame at a moment as a JPEG, or the first one when there is none then."""
        for moment in (at, timedelta(0)):
            arguments = [
                *("-loglevel", "warning", "-ss", f"{moment.total_seconds():.3f}", *_input(source)),
                *("-map", FILM, "-frames:v", "1", "-vf", f"{_scaled(variant)},{FULL_RANGE}"),
                *("-q:v", "3", "-f", "image2", "-update", "1", target.name),
            ]
            output = await self._ffmpeg.listen(arguments, folder=target.parent)
            if output.exit_code == 0 and target.exists():  # noqa: ASYNC240  # one look
                return
        raise VideoFailed("no frame could be read", output.last_lines)

    async def _make(self, arguments: Sequence[str], folder: Path, on_time: OnTime) -> Made:
        output = await self._ffmpeg.run(
            ["-loglevel", "warning", *arguments], folder=folder, on_time=on_time, most_bytes=self._most_bytes
        )
        return Made(output.reached, output.frames, tuple(output.last_lines))

    def _check_work(self, frames: int, stream: Stream) -> None:
        pixels = frames * stream.width * stream.height
        if pixels > self._most_film_pixels:
            raise VideoFailed(
                f"{frames:,} pictures of {stream.width} x {stream.height} are {pixels:,} pixels,"
                f" more than {self._most_film_pixels:,}"
            )

    async def _measured(self, source: Path) -> Output:
        """Go through the film's packets without decoding them: about as fast as the disk is."""
        arguments = [*_input(source), "-map", FILM, "-c", "copy", "-f", "framecrc", "pipe:1"]
        return await self._ffmpeg.run(arguments, folder=source.parent, read_by=Packets)


def check_length(read: timedelta, whole: timedelta, last_lines: Sequence[str]) -> None:
    """Raise VideoFailed when so much is missing that the source must be damaged."""
    if is_cut_short(read, whole):
        detail = f"only {read.total_seconds():.1f} s of {whole.total_seconds():.1f} s could be read"
        raise VideoFailed(detail, last_lines)


def _input(source: Path) -> list[str]:
    # The header's sides and length are checked before; these hold for what comes after it. The name has its
    # protocol, or one such as `a:b.mp4` would be taken for another one.
    limits = ("-max_pixels", str(MOST_PIXELS), "-t", str(READ_AT_MOST.total_seconds()))
    return [*LOCAL_ONLY, *limits, "-i", f"file:{source}"]


def _scaled(variant: Variant) -> str:
    return f"scale={variant.width}:{variant.height},setsar=1"


def _ceiling(kilobits: int, stream: str = "") -> list[str]:
    return [f"-maxrate{stream}", f"{kilobits}k", f"-bufsize{stream}", f"{2 * kilobits}k"]


def _split(variants: Sequence[Variant]) -> str:
    outputs = "".join(f"[s{number}]" for number in range(len(variants)))
    scaled = [f"[s{number}]{_scaled(variant)}[v{number}]" for number, variant in enumerate(variants)]
    return ";".join([f"[{FILM}]split={len(variants)}{outputs}", *scaled])


def _stream_maps(variants: Sequence[Variant], *, has_audio: bool) -> list[str]:
    arguments, streams = [], []
    for number, variant in enumerate(variants):
        arguments += ["-map", f"[v{number}]", *(("-map", "0:a:0") if has_audio else ())]
        arguments += _ceiling(variant.kilobits, f":v:{number}")
        streams.append(f"v:{number},{f'a:{number},' if has_audio else ''}name:{variant.name}")
    return [*arguments, "-var_stream_map", " ".join(streams)]
