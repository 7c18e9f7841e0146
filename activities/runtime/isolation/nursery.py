"""The process that has the program loaded, of which isolated processes are forks.

To load the program takes a second or two of CPU, a fork some milliseconds. A worker that is a process of its
own is forked itself, before it has a thread. Elsewhere the process is started when it is needed. It does
nothing but fork: it has no thread, no event loop and no connection.
"""

import asyncio
import contextlib
import socket
from collections.abc import Sequence

from mainspring.activities.runtime.isolation.process import Died, IsolatedProcess


class Nursery:
    """The loaded process of a worker. It ends with the worker, and when it is closed."""

    def __init__(self, command: Sequence[str], order: object, control: socket.socket | None = None) -> None:
        self._command, self._order = command, order
        self._process: asyncio.subprocess.Process | None = None
        # Leads to a process that is there already, until that is gone.
        self._control = control
        self._starting = asyncio.Lock()

    async def new(self) -> IsolatedProcess:
        """Return a new process that can be given an activity. Died: when it ends before."""
        control = await self._started()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(control, [b"."], [theirs.fileno()])
            except OSError as error:
                ours.close()
                self.close()
                raise Died(Died.__doc__) from error
        return await IsolatedProcess.at(ours, self._order, control)

    async def _started(self) -> socket.socket:
        async with self._starting:
            if self._control is None or (self._process and self._process.returncode is not None):
                self.close()
                ours, theirs = socket.socketpair()
                with theirs:
                    self._process = await asyncio.create_subprocess_exec(
                        *self._command,
                        str(theirs.fileno()),
                        stdin=asyncio.subprocess.DEVNULL,
                        pass_fds=(theirs.fileno(),),
                    )
                self._control = ours
            return self._control

    def close(self) -> None:
        """End the process, and the forks with it; harmless when it has ended."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
