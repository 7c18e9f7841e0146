"""Running ffmpeg: what it says, how far it is, and its end."""

import asyncio
import errno
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import imageio_ffmpeg

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.video import watchdog

SERVICE = "ffmpeg"

# Of what ffmpeg says, so much is kept; of a failure, so many lines are told.
KEPT_BYTES = 64 * 1024
KEPT_LINES = 12
KEPT_LINE_LENGTH = 400

# "[h264 @ 0x556dbb1f9fc0] …": where in memory the decoder was says nothing, and differs each time.
MEMORY_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")

OUT_TIME = re.compile(rb"^out_time_us=(\d+)$", re.MULTILINE)
FRAMES = re.compile(rb"^frame=\s*(\d+)$", re.MULTILINE)

# All that ffmpeg needs of our environment: not our secrets.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG")

# ffmpeg that writes nothing for so long is stuck, and would keep its turn until the step's time is over. The
# longest rest of a good one is at the end, when it moves the index of a large file to its beginning.
STUCK_AFTER = timedelta(minutes=10)
LOOKS = 10

# In so long a fast disk takes less than what a worker has to have free anyway.
LOOK_AT_SIZE_SECONDS = 1.0

# ffmpeg ends with the negative number of its error. Its words are not asked: a video's title may say them.
NO_ROOM = {256 - number for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}

# Called with the moment of the video that has been written.
OnTime = Callable[[timedelta], None]


class VideoFailed(GatewayError):
    """The video could not be worked on.

    `last_lines` are the last that ffmpeg said.
    """

    def __init__(self, detail: str, last_lines: Sequence[str] = ()) -> None:
        super().__init__("\n".join([detail, *last_lines]), service=SERVICE)
        self.last_lines = tuple(last_lines)


class DiskFull(VideoFailed):
    """There is no room for the video."""

    retry = Retry.UNTIL_MENDED


class Ffmpeg:
    """ffmpeg as a process, at most `parallel` of them at once in this worker, and none that is stuck."""

    def __init__(self, parallel: int, stuck_after: timedelta = STUCK_AFTER) -> None:
        self._program = imageio_ffmpeg.get_ffmpeg_exe()
        self._slots = asyncio.Semaphore(parallel)
        self._stuck_after = stuck_after

    async def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        on_time: OnTime = lambda _time: None,
        most_bytes: int | None = None,
    ) -> "Output":
        """Run it in `folder` and return what it said; VideoFailed when it does not end well.

        Whoever cancels this kills it; so does the death of this process, however it dies. It may make the
        folder at most `most_bytes` large.
        """
        output = await self.listen(arguments, folder=folder, on_time=on_time, most_bytes=most_bytes)
        if output.exit_code != 0:
            raise VideoFailed(f"ffmpeg ended with {_meaning(output.exit_code)}", output.last_lines)
        return output

    async def listen(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        on_time: OnTime = lambda _time: None,
        most_bytes: int | None = None,
    ) -> "Output":
        """Run it like `run`, whatever its exit code.

        Raises VideoFailed: when it is stuck or has made too much. Raises DiskFull: when it has no room.
        """
        command = [self._program, "-hide_banner", "-nostdin", "-nostats", "-progress", "pipe:1", *arguments]
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-I", "-S", watchdog.__file__, str(os.getpid()), *command],
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=folder,
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
                start_new_session=True,  # Ctrl-C in our terminal is for us
            )
            progress = _Progress(on_time)
            watching = asyncio.create_task(progress.until_stuck(self._stuck_after))
            measuring = asyncio.create_task(_until_larger(folder, most_bytes))
            for watch in (watching, measuring):
                watch.add_done_callback(lambda _: _kill(process))
            try:
                text, _ = await asyncio.gather(_tail(process), progress.follow(process))
                output = Output(text, await process.wait(), progress.reached, progress.frames)
                is_too_large = measuring.done() or await _is_larger(folder, most_bytes)
            finally:
                is_stuck = watching.done()
                watching.cancel()
                measuring.cancel()
                await _end(process)
        if is_too_large:
            detail = (
                f"at {output.reached.total_seconds():.1f} s the files have more than {most_bytes:,} bytes"
            )
            raise VideoFailed(detail, output.last_lines)
        if is_stuck:
            seconds, rest = output.reached.total_seconds(), self._stuck_after
            raise VideoFailed(f"ffmpeg was stuck at {seconds:.1f} s for {rest}", output.last_lines)
        if output.exit_code in NO_ROOM:
            raise DiskFull(f"ffmpeg ended with {_meaning(output.exit_code)} in {folder}", output.last_lines)
        return output


class Output:
    """What ffmpeg said until it ended, the last moment that it wrote, and how many pictures."""

    def __init__(self, text: str, exit_code: int, reached: timedelta, frames: int) -> None:
        self.text = text
        self.exit_code = exit_code
        self.reached = reached
        self.frames = frames

    @property
    def last_lines(self) -> list[str]:
        """The last lines, each cut to a sensible length."""
        output = MEMORY_ADDRESS.sub("", self.text).splitlines()
        return [line.rstrip()[:KEPT_LINE_LENGTH] for line in output if line.strip()][-KEPT_LINES:]


class _Progress:
    """The last moment that was written, read from blocks of `key=value` lines.

    `out_time_ms` is in microseconds too; `out_time_us` says what it is. It is N/A until the first frame.
    """

    def __init__(self, on_time: OnTime) -> None:
        self._on_time = on_time
        self.reached = timedelta(0)
        self.frames = 0

    async def follow(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101  # a pipe
        rest = b""
        while chunk := await process.stdout.read(4096):
            rest += chunk
            whole, _, rest = rest.rpartition(b"\n")
            for frames in FRAMES.findall(whole):
                self.frames = int(frames)
            for microseconds in OUT_TIME.findall(whole):
                reached = timedelta(microseconds=int(microseconds))
                if reached > self.reached:
                    self.reached = reached
                    self._on_time(reached)

    async def until_stuck(self, rest: timedelta) -> None:
        """Return when nothing has been written for so long."""
        reached, looks = self.reached, 0
        while looks < LOOKS:
            # Several looks, not one: to a worker that was frozen itself all the time passes at once.
            await asyncio.sleep(rest.total_seconds() / LOOKS)
            reached, looks = (reached, looks + 1) if self.reached == reached else (self.reached, 0)


async def _until_larger(folder: Path, most_bytes: int | None) -> None:
    while not await _is_larger(folder, most_bytes):  # noqa: ASYNC110  # ffmpeg sets no event of ours
        await asyncio.sleep(LOOK_AT_SIZE_SECONDS)


async def _is_larger(folder: Path, most_bytes: int | None) -> bool:
    return most_bytes is not None and await asyncio.to_thread(_size_of, folder) > most_bytes


def _size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a file that was renamed meanwhile
            size += path.stat().st_size
    return size


async def _tail(process: Process) -> str:
    # Not line by line: a video's own metadata may hold a line of any length.
    assert process.stderr is not None  # noqa: S101  # a pipe
    kept = b""
    while chunk := await process.stderr.read(4096):
        kept = (kept + chunk)[-KEPT_BYTES:]
    return kept.decode(errors="replace")


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _end(process: Process) -> None:
    if process.returncode is None:
        _kill(process)
        # Whoever cancels again must not leave it behind unawaited.
        await asyncio.shield(process.wait())
    if process.stdin is not None:
        process.stdin.close()


def _meaning(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
