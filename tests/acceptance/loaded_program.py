"""The program loaded once: each process is a fork of it, with its own environment, folder and streams.

A fork runs the very `main` that a launched command runs, to the end of its process. What it does not do
again is to load the modules, most of the CPU time of a command, and to make the list of what the emulated
price service sells. Nothing else is there before: no thread, no event loop and no Temporal client.

A fork is a process like any other: it has its own session, and can be killed with signal 9. It is killed when
nobody holds its `ForkedProcess` any more, so that nothing outlives the tests, however they end.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

from mainspring.cli import commands
from mainspring.emulators.justtcg.catalogue import catalogue

# What a command loads when it runs, beside what the command line imports at its top.
LOADED = (
    "mainspring.cli.app",
    *(f"mainspring.cli.commands.{each.name}" for each in pkgutil.iter_modules(commands.__path__)),
    "mainspring.cli.stack",
    "mainspring.client.service",
    "mainspring.worker",
    "aiosqlite",
    "asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "alembic.command",
    "alembic.context",
)


class ForkedProcess:
    """A process that has been forked, with what a test needs of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], caller: socket.socket) -> None:
        self._arguments = list(arguments)
        self._caller = caller
        self._lines = caller.makefile("rb", buffering=0)
        self._code: int | None = None
        self.pid = int(self._lines.readline())

    def wait(self, timeout: float) -> int:
        """Return the exit code; raise subprocess.TimeoutExpired when it has not ended by then."""
        if self._code is None:
            if not select.select([self._caller], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self._arguments, timeout)
            self._code = os.waitstatus_to_exitcode(int(self._lines.readline()))
        return self._code

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send a signal; harmless when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def end(self) -> None:
        """Kill it with signal 9 and wait until it is gone; harmless when it has ended."""
        self.send_signal(signal.SIGKILL)
        self.wait(10)
        self._lines.close()
        self._caller.close()


class LoadedProgram:
    """The process that has the program loaded; any thread may start processes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        streams: Sequence[IO[bytes]],
    ) -> ForkedProcess:
        """Run a module as `python -m` does, with these streams as input, output and error."""
        order = {
            "module": module,
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
        }
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"."], [theirs.fileno()])
        socket.send_fds(ours, [b"."], [each.fileno() for each in streams])
        ours.sendall(f"{json.dumps(order)}\n".encode())
        return ForkedProcess([module, *arguments], ours)

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        given: str,
        patience: float,
    ) -> tuple[int, str, str]:
        """Run a command to its end; return its exit code and what it wrote to output and error.

        Raises subprocess.TimeoutExpired: when the command has not ended in `patience` seconds; it is killed.
        """
        with TemporaryFile() as source, TemporaryFile() as out, TemporaryFile() as err:
            source.write(given.encode())
            source.seek(0)
            process = self.start("mainspring", arguments, environment, folder, (source, out, err))
            try:
                code = process.wait(patience)
            finally:
                process.end()
            for each in (out, err):
                each.seek(0)
            return code, out.read().decode(), err.read().decode()


@contextlib.contextmanager
def loaded_program(environment: Mapping[str, str]) -> Iterator[LoadedProgram]:
    """Run the process until the block ends; it ends with this process, too, however that ends."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # no terminal, as the commands have none
                pass_fds=[theirs.fileno()],
            )
        with process:
            try:
                yield LoadedProgram(ours)
            finally:
                ours.close()


def serve(control: socket.socket) -> None:
    """Fork for each order until nobody is left who could give one."""
    for module in LOADED:
        importlib.import_module(module)
    catalogue()
    gc.freeze()  # so that the forks share what is loaded
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        message, (*descriptors,), _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            try:
                _run_order(socket.socket(fileno=descriptors[0]))
            finally:
                os._exit(1)
        os.close(descriptors[0])


def _reap(*_: object) -> None:
    """Let those who have run their orders go; what they cost is then counted as a cost of the tests."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run_order(caller: socket.socket) -> None:
    """Run one order in a process of its own, and tell the caller its id and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(caller, 1, 3)
    lines = caller.makefile()
    order = json.loads(lines.readline())
    pid = os.fork()
    if pid == 0:
        lines.close()
        caller.close()
        _become(order, streams)
    for each in streams:
        os.close(each)

    def end_without_caller() -> None:
        lines.read()
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(pid, signal.SIGKILL)

    threading.Thread(target=end_without_caller, daemon=True).start()
    caller.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # the caller had no patience left
        caller.sendall(f"{status}\n".encode())


def _become(order: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be what `python -m` with the module is."""
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        os.chdir(order["folder"])
        sys.argv = [order["module"], *order["arguments"]]
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    except BaseException:  # noqa: BLE001  # what Python itself does with what nobody has caught
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
