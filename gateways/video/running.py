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
from mainspring.gateways.video.progress import Blocks, Meter, OnTime, Progress, is_larger, until_larger

SERVICE = "ffmpeg"

# Of what ffmpeg says, so much is kept; of a failure, so many lines are told.
KEPT_BYTES = 64 * 1024
KEPT_LINES = 12
KEPT_LINE_LENGTH = 400

# "[h264 @ 0x556dbb1f9fc0] …": where in memory the decoder was says nothing, and differs each time.
MEMORY_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")


# All that ffmpeg needs of our environment: not our secrets.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG")

# ffmpeg that writes nothing for so long is stuck, and would keep its turn until the step's time is over. The
# longest rest of a good one is at the end, when it moves the index of a large file to its beginning.
STUCK_AFTER = timedelta(minutes=10)


# ffmpeg ends with the negative number of its error. Its words are not asked: a video's title may say them.
NO_ROOM = {256 - number for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}


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
        read_by: Callable[[], Meter] = Blocks,
    ) -> "Output":
        """Run it in `folder` and return what it said; VideoFailed when it does not end well.

        Whoever cancels this kills it; so does the death of this process, however it dies. It may make the
        folder at most `most_bytes` large. What `read_by` makes reads how far ffmpeg is.
        """
        output = await self.listen(
            arguments, folder=folder, on_time=on_time, most_bytes=most_bytes, read_by=read_by
        )
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
        read_by: Callable[[], Meter] = Blocks,
    ) -> "Output":
        """Run it like `run`, whatever its exit code.

        Raises VideoFailed: when it is stuck or has made too much. Raises DiskFull: when it has no room.
        """
        meter = read_by()
        command = [self._program, "-hide_banner", "-nostdin", "-nostats", *meter.arguments, *arguments]
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
            progress = Progress(meter, on_time)
            watching = asyncio.create_task(progress.until_stuck(self._stuck_after))
            measuring = asyncio.create_task(until_larger(folder, most_bytes))
            for watch in (watching, measuring):
                watch.add_done_callback(lambda _: _kill(process))
            try:
                text, _ = await asyncio.gather(_tail(process), progress.follow(process))
                output = Output(text, await process.wait(), meter.reached, meter.frames)
                is_too_large = await is_larger(folder, most_bytes)
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
