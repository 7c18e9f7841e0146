"""One life of the engine's server: a process under its guard, from the start to the end."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from mainspring.devserver import guard

# The guard's own grace and its kill come first.
STOP_TIMEOUT = timedelta(seconds=guard.GRACE_SECONDS + 5)
# All that a server needs of our environment: not our secrets, nor the TEMPORAL_ variables meant for clients.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LANG")


class ServerProcess:
    """A started server. `lock` is a locked file that stays locked for as long as the server lives."""

    def __init__(self, owned_guard: subprocess.Popen[bytes], output: asyncio.StreamReader, pid: int) -> None:
        self._guard = owned_guard
        self._output = output
        self._watch = asyncio.create_task(self._until_ended())
        self.pid = pid

    @classmethod
    async def start(cls, command: list[str], *, log: Path, lock: int) -> Self:
        """Start `command`, its output appended to `log`."""
        started = _spawn_guard(command, log, lock)
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
        _let_go(self._guard)
        try:
            await asyncio.wait_for(self.ended(), STOP_TIMEOUT.total_seconds())
        except TimeoutError:
            self._guard.kill()
            await self.ended()

    async def _until_ended(self) -> int:
        await self._output.read()  # only the guard holds the other end
        code = self._guard.wait()
        if code < 0 and self.pid:
            # The guard was killed and could not end the server; where the kernel does not, it falls to us.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return code


def _let_go(owned_guard: subprocess.Popen[bytes]) -> None:
    # The end of this pipe is what the guard waits for.
    if owned_guard.stdin is not None:
        owned_guard.stdin.close()


def _spawn_guard(command: list[str], log: Path, lock: int) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
            [sys.executable, "-I", "-S", guard.__file__, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
            pass_fds=(lock,),
            start_new_session=True,  # Ctrl-C in our terminal is for us; the engine ends after the worker has
        )
