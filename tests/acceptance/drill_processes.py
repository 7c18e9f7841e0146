"""The two processes that the drills kill: Temporal's server with its database file, and the worker."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from mainspring.devserver import EmbeddedTemporal
from mainspring.gateways.temporal.converter import data_converter
from tests.acceptance.command_line import inherited, loaded
from tests.acceptance.loaded_program import ForkedProcess

POLL_SECONDS = 0.05

# The supervisor gives a server up after five deaths that followed each other quickly. A start that finds one
# of the server's further ports taken counts as a death, too: among many servers that happens.
KILLS_A_SUPERVISOR = 3


class TemporalServer:
    """The embedded Temporal of a folder. It keeps its address over a stop and a new start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._kills = 0
        self._temporal: EmbeddedTemporal | None = None
        self._client: Client | None = None

    @property
    def address(self) -> str:
        """The gRPC address."""
        return f"127.0.0.1:{self._port}"

    @property
    def client(self) -> Client:
        """A client, which outlives every restart."""
        assert self._client is not None
        return self._client

    async def start(self) -> None:
        """Start the server and its supervisor."""
        temporal = EmbeddedTemporal(self._folder, port=self._port, ui_port=0)
        await temporal.__aenter__()
        self._temporal, self._port, self._kills = temporal, int(temporal.address.rpartition(":")[2]), 0
        if self._client is None:
            self._client = await Client.connect(self.address, lazy=True, data_converter=data_converter)

    async def stop(self) -> None:
        """Stop both; harmless when they do not run."""
        if self._temporal is not None:
            await self._temporal.__aexit__(None, None, None)
            self._temporal = None

    async def end(self) -> None:
        """End both at once, where nobody needs any more what the server has; harmless as `stop` is."""
        if self._temporal is not None:
            # A server that could not be started again has no id.
            if server := self._temporal.server_pid:
                with suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)
            # Before its supervisor gets to know of it.
            await self.stop()

    async def kill(self) -> None:
        """Kill the server with signal 9 and wait until the supervisor's next one serves."""
        assert self._temporal is not None
        killed = self._temporal.server_pid
        os.kill(killed, signal.SIGKILL)
        self._kills += 1
        async with asyncio.timeout(60):
            while self._temporal.server_pid == killed or not await self._serves():  # noqa: ASYNC110  # polled
                await asyncio.sleep(POLL_SECONDS)
        if self._kills == KILLS_A_SUPERVISOR:
            await self.stop()
            await self.start()

    async def _serves(self) -> bool:
        with suppress(RPCError, RuntimeError):
            return await self.client.service_client.check_health(timeout=timedelta(seconds=1))
        return False


class WorkerProcess:
    """`mainspring worker` with an environment of its own; what it says goes to `worker.log`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._log = folder / "worker.log"
        self._process: ForkedProcess | None = None
        self.started_at = datetime.now(UTC)

    def start(self) -> None:
        """Start it, without waiting until it works."""
        self.started_at = datetime.now(UTC)
        with self._log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            self._process = loaded().start(
                "mainspring",
                ("worker",),
                inherited() | self._environment,
                self._folder,  # where no .env of the checkout is read
                (nothing, log, log),
            )

    async def ready(self) -> None:
        """Return when it has said for the first time that it works."""
        async with asyncio.timeout(60):
            while "worker ready" not in self._log.read_text():
                self.check()
                await asyncio.sleep(POLL_SECONDS)

    @property
    def pid(self) -> int:
        """The process's id, by which Temporal knows it as well."""
        assert self._process is not None
        return self._process.pid

    def ready_at(self) -> datetime:
        """Return when it last said that it works."""
        said = [line for line in self._log.read_text().splitlines() if "worker ready" in line]
        return datetime.fromisoformat(said[-1].split()[0])

    def check(self) -> None:
        """Fail when it has ended, which nobody asked it to."""
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()

    def revive(self) -> None:
        """Start it again when it has ended, as compose does with one that has met a database that is away."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def freeze(self) -> None:
        """Stop it where it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on; harmless when it does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def twin(self) -> "WorkerProcess":
        """Return another one like it, which does not run yet."""
        return WorkerProcess(self._folder, self._environment)

    @contextmanager
    def second(self) -> Iterator[None]:
        """Run another one like it until the block ends."""
        other = self.twin()
        other.start()
        try:
            yield
        finally:
            other.kill()

    def kill(self) -> None:
        """Kill it with signal 9; harmless when it does not run."""
        if self._process is not None:
            self._process.end()
            self._process = None
