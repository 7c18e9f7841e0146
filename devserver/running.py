"""Who runs Temporal of a state directory: the lock that says whether, and the file that says where.

The lock is the truth: the kernel drops it however its holder dies. The file only describes the holder, so one
left behind by kill -9 misleads nobody.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from mainspring.contracts.message import Message
from mainspring.gateways.private_files import FILE_MODE, make_private

LOCK_FILE = "up.lock"
RUN_FILE = "mainspring.json"
# Whoever only looks takes the lock for an instant; an owner tries again for so long before it believes it.
PATIENCE = timedelta(milliseconds=500)


class RunningTemporal(Message):
    """Where Temporal serves: gRPC `address` as host:port, the web page's URL, and its owner's process id.

    `emulators` holds the settings that its owner has replaced by emulators of its own, which end with it.
    """

    address: str
    ui_url: str
    pid: int
    emulators: dict[str, str] = Field(default_factory=dict)


def running_temporal(state_dir: Path) -> RunningTemporal | None:
    """Return Temporal that runs for `state_dir` now, if any does and already serves."""
    try:
        lock = os.open(state_dir / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if try_lock(lock, fcntl.LOCK_SH):
            return None
        return read_run_file(state_dir)
    finally:
        os.close(lock)


@contextmanager
def owned(state_dir: Path) -> Iterator[bool]:
    """Hold the state directory's lock; yields False when another process has it."""
    make_private(state_dir)
    lock = os.open(state_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _lock_within(lock, PATIENCE)
    finally:
        os.close(lock)


def write_run_file(state_dir: Path, running: RunningTemporal) -> None:
    """Publish where Temporal serves, whole or not at all."""
    draft = state_dir / f"{RUN_FILE}.{running.pid}"
    draft.touch(FILE_MODE)
    draft.write_text(running.model_dump_json(indent=2) + "\n")
    draft.replace(state_dir / RUN_FILE)


def read_run_file(state_dir: Path) -> RunningTemporal | None:
    """Return what the last engine of `state_dir` published, whether or not it still runs."""
    try:
        return RunningTemporal.restore_json((state_dir / RUN_FILE).read_bytes())
    except FileNotFoundError:
        return None


def remove_run_file(state_dir: Path) -> None:
    """Take back what was published, if anything was."""
    (state_dir / RUN_FILE).unlink(missing_ok=True)


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock an open file without waiting; return whether that succeeded."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(descriptor: int, patience: timedelta) -> bool:
    deadline = time.monotonic() + patience.total_seconds()
    while not try_lock(descriptor):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
