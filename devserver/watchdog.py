"""The process between Temporal and its owner, so that Temporal never outlives the owner.

It runs as a script, with the standard library only, so that it starts at once:

    python -I -S watchdog.py COMMAND…

Its standard input is a pipe that nobody but the owner can write to: at the end of it, be it closed or be the
owner killed, the command is ended, and the watchdog with it. It prints the command's process id as its first
line and ends with the command's exit code. What the command prints goes to the watchdog's standard error.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
from functools import partial

# A Temporal server that is told to end does so in a second or two; its database outlasts a kill as well.
GRACE_SECONDS = 3.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(command: list[str]) -> int:
    """Run `command` until it ends or the owner goes away; return its exit code."""
    wake, bell = socket.socketpair()
    bell.setblocking(False)
    signal.set_wakeup_fd(bell.fileno())
    # The handlers do nothing: what counts is the byte that each signal sends down the wake-up socket.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = _start(command)
    print(server.pid, flush=True)  # noqa: T201  # the line that the owner waits for
    while server.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
            break
        if wake in ready and set(wake.recv(16)) & {signal.SIGTERM, signal.SIGINT}:
            break
    return _stop(server)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # the owner's own command, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        close_fds=False,  # the lock that the owner passes on
        preexec_fn=partial(_die_with, os.getpid()),  # noqa: PLW1509  # this process has one thread
    )


def _stop(server: subprocess.Popen[bytes]) -> int:
    if server.poll() is None:
        server.terminate()
    try:
        return server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def _die_with(watchdog: int) -> None:
    # Should the watchdog itself be killed: Linux then ends the command. Elsewhere the owner does, by its id.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != watchdog:  # it was killed just before the call
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) & 0xFF)
