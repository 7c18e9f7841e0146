"""The program loaded once: each command is a fork of it, with its own environment, folder and streams.

A fork runs the very `main` that a launched command runs, to the end of its process. What it does not do
again is to load the modules, most of the CPU time of a command. Nothing but modules is loaded before:
no thread, no event loop and no Temporal client. `up`, `worker` and `demo` are launched.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn

# What a command loads when it runs, beside what the command line imports at its top.
LOADED = (
    "mainspring.cli.app",
    "aiosqlite",
    "asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "alembic.command",
    "alembic.context",
)


class LoadedProgram:
    """The process that has the program loaded; any thread may run commands."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

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
        order = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)}
        ours, theirs = socket.socketpair()
        with TemporaryFile() as source, TemporaryFile() as out, TemporaryFile() as err, ours:
            source.write(given.encode())
            source.seek(0)
            with theirs:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            socket.send_fds(ours, [b"."], [each.fileno() for each in (source, out, err)])
            ours.sendall(json.dumps(order).encode())
            ours.shutdown(socket.SHUT_WR)
            code = _ended(ours, arguments, patience)
            for each in (out, err):
                each.seek(0)
            return code, out.read().decode(), err.read().decode()


def _ended(ours: socket.socket, arguments: Sequence[str], patience: float) -> int:
    with ours.makefile("rb", buffering=0) as told:
        pid = int(told.readline())
        ours.settimeout(patience)
        try:
            return os.waitstatus_to_exitcode(int(told.readline()))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), patience) from None


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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who run the orders
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


def _run_order(caller: socket.socket) -> None:
    """Run one command in a process of its own, and tell the caller its id and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(caller, 1, 3)
    with caller.makefile() as told:
        order = json.load(told)
    pid = os.fork()
    if pid == 0:
        caller.close()
        _become(order, streams)
    caller.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # the caller had no patience left
        caller.sendall(f"{status}\n".encode())


def _become(order: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be what `python -m mainspring` is."""
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        os.chdir(order["folder"])
        sys.argv = ["mainspring", *order["arguments"]]
        runpy.run_module("mainspring", run_name="__main__", alter_sys=True)
    except BaseException:  # noqa: BLE001  # what Python itself does with what nobody has caught
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
