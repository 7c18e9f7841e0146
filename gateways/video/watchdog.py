"""Runs ffmpeg so that it does not outlive the worker.

A script of the standard library only, so that it starts at once:

    python -I -S watchdog.py OWNER COMMAND…

Where the kernel can end a process with its parent (Linux), it is told to, and this process becomes the
command. Elsewhere it stays and ends the command when its standard input, which the owner holds, is closed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Encoders use every core they find; the worker must still get to its heartbeats.
NICENESS = 10


def main(owner: int, command: list[str]) -> int:
    """Run `command` as long as the process `owner` lives; return its exit code."""
    os.nice(NICENESS)
    if sys.platform != "linux":
        return _watched(command)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == owner:  # else it was killed just before the call
        os.execv(command[0], command)  # noqa: S606  # the owner's own command, no shell
    return 1


def _watched(command: list[str]) -> int:
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # as above

    def end_with_owner() -> None:
        sys.stdin.buffer.read()
        running.kill()

    threading.Thread(target=end_with_owner, daemon=True).start()
    return running.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
