"""One life of Temporal's server: a process under its watchdog, from the start to the end."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from mainspring.devserver import watchdog
from mainspring.gateways.private_files import FILE_MODE, UMASK

# The watchdog's own grace and its kill come first.
STOP_TIMEOUT = timedelta(seconds=watchdog.GRACE_SECONDS + 5)
# All that a server needs of our environment: not our secrets, nor the TEMPORAL_ variables meant for clients.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LANG")


class ServerProcess:
    """A started server. `lock` is a locked file that stays locked for as long as the server lives."""

    def __init__(
        self, watchdog_process: subprocess.Popen[bytes], output: asyncio.StreamReader, pid: int
    ) -> None:
        self._watchdog = watchdog_process
        self._output = output
        self._watch = asyncio.create_task(self._until_ended())
        self.pid = pid

    @classmethod
    async def start(cls, command: list[str], *, log: Path, lock: int) -> Self:
        """Start `command`, its output appended to `log`."""
        started = _spawn_watchdog(command, log, lock)
        output = asyncio.StreamReader()
        try:
            await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(output), started.stdout
            )
            pid = await output.readline()
        except BaseException:  # a cancellation above all: nobody would be left to end the server
            _let_go(started)
            raise
        return cls(started, output, int(pid or 0))

    async def ended(self) -> int:
        """Wait until the server is gone; return its exit code, 128 and more for a signal."""
        return await asyncio.shield(self._watch)

    async def stop(self) -> None:
        """End the server and wait until it is gone; harmless when it is already."""
        _let_go(self._watchdog)
        try:
            await asyncio.wait_for(self.ended(), STOP_TIMEOUT.total_seconds())
        except TimeoutError:
            self._watchdog.kill()
            await self.ended()

    async def _until_ended(self) -> int:
        await self._output.read()  # only the watchdog holds the other end
        code = self._watchdog.wait()
        if code < 0 and self.pid:
            # The watchdog was killed and could not end the server; where the kernel does not, it falls to us.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return code


def _let_go(watchdog_process: subprocess.Popen[bytes]) -> None:
    # The end of this pipe is what the watchdog waits for.
    if watchdog_process.stdin is not None:
        watchdog_process.stdin.close()


def _spawn_watchdog(command: list[str], log: Path, lock: int) -> subprocess.Popen[bytes]:
    log.touch(FILE_MODE)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
            [sys.executable, "-I", "-S", watchdog.__file__, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
            pass_fds=(lock,),
            umask=UMASK,
            start_new_session=True,  # Ctrl-C in our terminal is for us; Temporal ends after the worker has
        )
