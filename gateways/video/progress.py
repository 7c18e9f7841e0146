"""How far ffmpeg is, and how large what it has made."""

import asyncio
import re
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

OUT_TIME = re.compile(rb"^out_time_us=(\d+)$", re.MULTILINE)
FRAMES = re.compile(rb"^frame=\s*(\d+)$", re.MULTILINE)

# A few milliseconds of parsing at a time.
READ_BYTES = 64 * 1024

# A look at ffmpeg that may be stuck comes so many times in the time that it may rest.
LOOKS = 10

# In so long a fast disk takes less than what a worker has to have free anyway.
LOOK_AT_SIZE_SECONDS = 1.0

# Called with the moment of the video that has been written.
OnTime = Callable[[timedelta], None]


class Meter(Protocol):
    """Reads how far ffmpeg is from what ffmpeg writes to its standard output."""

    arguments: tuple[str, ...]
    """What makes ffmpeg write it."""
    reached: timedelta
    frames: int

    def read(self, lines: bytes) -> None:
        """Take in whole lines."""


class Blocks:
    """The last moment that was written, read from blocks of `key=value` lines.

    `out_time_ms` is in microseconds too; `out_time_us` says what it is. It is N/A until the first frame.
    """

    arguments: tuple[str, ...] = ("-progress", "pipe:1")

    def __init__(self) -> None:
        self.reached = timedelta(0)
        self.frames = 0

    def read(self, lines: bytes) -> None:
        """Take in whole lines."""
        for frames in FRAMES.findall(lines):
            self.frames = int(frames)
        for microseconds in OUT_TIME.findall(lines):
            self.reached = max(self.reached, timedelta(microseconds=int(microseconds)))


class Progress:
    """How far a process is, by what its meter reads."""

    def __init__(self, meter: Meter, on_time: OnTime) -> None:
        self._meter = meter
        self._on_time = on_time

    async def follow(self, process: Process) -> None:
        """Read what a process says until it ends."""
        assert process.stdout is not None  # noqa: S101  # a pipe
        rest = b""
        while chunk := await process.stdout.read(READ_BYTES):
            before = self._meter.reached
            whole, end, rest = (rest + chunk).rpartition(b"\n")
            self._meter.read(whole + end)
            if self._meter.reached > before:
                self._on_time(self._meter.reached)

    async def until_stuck(self, rest: timedelta) -> None:
        """Return when nothing has been written for so long."""
        reached, looks = self._meter.reached, 0
        while looks < LOOKS:
            # Several looks, not one: to a worker that was frozen itself all the time passes at once.
            await asyncio.sleep(rest.total_seconds() / LOOKS)
            now = self._meter.reached
            reached, looks = (reached, looks + 1) if now == reached else (now, 0)


async def until_larger(folder: Path, most_bytes: int | None) -> None:
    """Return when a folder has become larger than that."""
    while not await is_larger(folder, most_bytes):  # noqa: ASYNC110  # ffmpeg sets no event of ours
        await asyncio.sleep(LOOK_AT_SIZE_SECONDS)


async def is_larger(folder: Path, most_bytes: int | None) -> bool:
    """Whether a folder is larger than that."""
    return most_bytes is not None and await asyncio.to_thread(_size_of, folder) > most_bytes


def _size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a file that was renamed meanwhile
            size += path.stat().st_size
    return size
