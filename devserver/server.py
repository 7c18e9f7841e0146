"""The embedded Temporal as a whole: its lock, ports and command, and its supervision."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from mainspring.devserver import running
from mainspring.devserver.command import DATABASE_FILE, ENGINE_PORT, UI_PORT, server_command
from mainspring.devserver.database_file import let_shrink
from mainspring.devserver.errors import (
    AlreadyRunning,
    EmbeddedTemporalError,
    PortTaken,
    TemporalGaveUp,
    TemporalNotStarted,
)
from mainspring.devserver.health import why_not_healthy
from mainspring.devserver.ports import HOST, choose_inner, choose_port
from mainspring.devserver.process import STOP_TIMEOUT, ServerProcess
from mainspring.devserver.ui_proxy import UiProxy

# The server takes further ports for itself, and finds now and then that another process was quicker.
START_ATTEMPTS = 3
MAX_RESTARTS = 5
MAX_BACKOFF = timedelta(seconds=5)
# Having run for so long, a server's end is a new misfortune and no longer the same one.
STEADY = timedelta(seconds=60)
LOG_LINES = 15

log = structlog.get_logger(__name__)


class EmbeddedTemporal:
    """The Temporal dev server for `state_dir`, for as long as this context is entered.

    Port 0 is any free one; `emulators` is what else is published of it. Entering raises AlreadyRunning,
    PortTaken or TemporalNotStarted. A server that dies is started again with the same database and ports.
    However this process ends, the server ends in seconds.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        port: int = 7233,
        ui_port: int = 8233,
        dynamic_config: Mapping[str, str] | None = None,
        emulators: Mapping[str, str] | None = None,
    ) -> None:
        self.state_dir = state_dir.absolute()
        self.log_file = self.state_dir / "temporal.log"
        self._port = port
        self._ui_port = ui_port
        self._ui = UiProxy()
        self._dynamic_config = dynamic_config or {}
        self._emulators = dict(emulators or {})
        self._stack = AsyncExitStack()
        self._process: ServerProcess
        self._supervisor: asyncio.Task[None]

    @property
    def address(self) -> str:
        """Temporal's gRPC address as host:port."""
        return f"{HOST}:{self._port}"

    @property
    def ui_url(self) -> str:
        """The URL of Temporal's own web page; a door of ours stands before it."""
        return f"http://{HOST}:{self._ui_port}"

    @property
    def server_pid(self) -> int:
        """The process id of the server's present life."""
        return self._process.pid

    async def watch(self) -> None:
        """Wait for as long as Temporal is supervised; raises TemporalGaveUp if it cannot be kept alive."""
        await asyncio.shield(self._supervisor)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if not stack.enter_context(running.owned(self.state_dir)):
                raise AlreadyRunning(self.state_dir, running.read_run_file(self.state_dir))
            running.remove_run_file(self.state_dir)
            await self._open_ui(stack)
            await self._first_launch()
            stack.push_async_callback(self._stop)
            self._supervisor = asyncio.create_task(self._supervise())
            self._publish()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _publish(self) -> None:
        found = running.RunningTemporal(
            address=self.address, ui_url=self.ui_url, pid=os.getpid(), emulators=self._emulators
        )
        running.write_run_file(self.state_dir, found)

    async def _stop(self) -> None:
        running.remove_run_file(self.state_dir)
        self._supervisor.cancel()
        await asyncio.wait({self._supervisor})
        await self._process.stop()

    async def _open_ui(self, stack: AsyncExitStack) -> None:
        try:
            self._ui_port = await stack.enter_async_context(self._ui.listening(HOST, self._ui_port))
        except OSError:
            raise PortTaken(self._ui_port, UI_PORT) from None

    async def _first_launch(self) -> None:
        wanted = self._port
        for _ in range(START_ATTEMPTS - 1):
            with suppress(TemporalNotStarted):
                await self._launch(wanted)
                return
        await self._launch(wanted)

    async def _launch(self, port: int) -> None:
        lock = await self._server_lock()
        try:
            await asyncio.to_thread(let_shrink, self.state_dir / DATABASE_FILE)
            self._port = choose_port(port, ENGINE_PORT)
            inner = choose_inner()
            self._ui.host, self._ui.port = inner.ui_host, inner.ui_port
            command = server_command(self.state_dir, self._port, inner, self._dynamic_config)
            self._process = await ServerProcess.start(command, log=self.log_file, lock=lock)
        finally:
            os.close(lock)
        try:
            reason = await why_not_healthy(self._process, self.address)
        except BaseException:
            await self._process.stop()
            raise
        if reason is not None:
            await self._process.stop()
            raise TemporalNotStarted(reason, self.log_file, self._log_tail())

    async def _server_lock(self) -> int:
        # The server holds this lock itself. One whose owner was killed may need a moment more to end, and two
        # must never open the same database.
        lock = os.open(self.state_dir / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            async with asyncio.timeout(STOP_TIMEOUT.total_seconds()):
                while not running.try_lock(lock):  # noqa: ASYNC110  # another process sets no event of ours
                    await asyncio.sleep(0.05)
        except BaseException as error:
            os.close(lock)
            if isinstance(error, TimeoutError):
                raise EmbeddedTemporalError(
                    f"a former Temporal server still runs in {self.state_dir}"
                ) from None
            raise
        return lock

    async def _supervise(self) -> None:
        failures = 0
        while True:
            since = time.monotonic()
            code = await self._process.ended()
            failures = 1 if time.monotonic() - since > STEADY.total_seconds() else failures + 1
            log.warning("Temporal died", exit_code=code, failures=failures)
            if failures > MAX_RESTARTS:
                raise TemporalGaveUp(failures, self.log_file, self._log_tail())
            await asyncio.sleep(min(0.1 * 2**failures, MAX_BACKOFF.total_seconds()))
            # A launch that fails leaves a process that has ended, which counts as one more failure.
            with suppress(EmbeddedTemporalError):
                await self._launch(self._port)

    def _log_tail(self) -> str:
        with self.log_file.open(errors="replace") as lines:
            return "".join(deque(lines, LOG_LINES))
