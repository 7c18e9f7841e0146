"""Video clips to work on, made by ffmpeg from nothing: of any length and size, also damaged ones."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random

import imageio_ffmpeg

# What is damaged, is so from here to the end: the header, which says how long the clip is, stays whole.
DAMAGED_FROM = 0.2


@dataclass(frozen=True)
class Clip:
    """What a clip is to be. Its container follows from the file's name."""

    seconds: float = 20
    width: int = 640
    height: int = 360
    rate: int = 25
    has_audio: bool = True
    extra: tuple[str, ...] = ()

    def write(self, path: Path) -> Path:
        """Make the clip: a test pattern that moves, and a tone."""
        pattern = f"testsrc=duration={self.seconds}:size={self.width}x{self.height}:rate={self.rate}"
        tone = f"sine=frequency=440:duration={self.seconds}"
        inputs = ["-f", "lavfi", "-i", pattern]
        if self.has_audio:
            inputs += ["-f", "lavfi", "-i", tone]
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        if path.suffix == ".mp4":
            codecs += ["-movflags", "+faststart"]
        ffmpeg(*inputs, *codecs, *self.extra, str(path))
        return path


def damage(path: Path, seed: int = 0) -> Path:
    """Overwrite most of a clip's pictures with noise: it opens, and cannot be decoded."""
    content = bytearray(path.read_bytes())
    begin = int(len(content) * DAMAGED_FROM)
    content[begin:] = Random(seed).randbytes(len(content) - begin)
    path.write_bytes(content)
    return path


def cut(path: Path, share: float) -> Path:
    """Leave out the end of a clip, as a broken upload does; the header still tells of the whole."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def ffmpeg(*arguments: str) -> str:
    """Run ffmpeg and return what it said; CalledProcessError when it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", *arguments]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # no shell
    return finished.stderr


def decoded_frames(video: Path | str) -> int:
    """Decode and count every picture of a file or a URL; CalledProcessError at the first fault."""
    counted = ffmpeg("-xerror", "-i", str(video), "-map", "0:V:0", "-f", "null", "-stats", "-")
    return int(counted.rpartition("frame=")[2].split()[0])
