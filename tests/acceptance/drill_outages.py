"""Taking a database away for a while: SQLite by a lock of another process, PostgreSQL by stopping it."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.acceptance.drill_runs import Run

HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""

# The outage begins at a random moment of the run's first seconds.
LONGEST_PAUSE_SECONDS = 2.0


@asynccontextmanager
async def sqlite_locked(path: Path) -> AsyncIterator[None]:
    """Keep every writer out of a file, from another process, until the block ends."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD_THE_LOCK,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert b"held\n" == await holder.stdout.readline()
        yield
    finally:
        holder.kill()
        await holder.wait()


@asynccontextmanager
async def postgres_stopped(data: Path, mode: str = "fast") -> AsyncIterator[None]:
    """Stop the server of a data directory, whoever is connected, and start it when the block ends.

    The mode "immediate" is as good as a kill: nothing is ended in order, and the next start recovers.
    """
    started_with = shlex.split(await asyncio.to_thread((data / "postmaster.opts").read_text))
    pg_ctl = str(Path(started_with[0]).with_name("pg_ctl"))
    # In threads: the loop is the emulators', and whoever calls them is answered meanwhile.
    await asyncio.to_thread(_run_as_owner, data, pg_ctl, "stop", "--wait", f"--mode={mode}")
    try:
        yield
    finally:
        start = "start", "--wait", "--log", str(data / "log"), "--options", shlex.join(started_with[1:])
        await asyncio.to_thread(_run_as_owner, data, pg_ctl, *start)


def _run_as_owner(data: Path, program: str, *arguments: str) -> None:
    # PostgreSQL refuses to run as root.
    user = data.stat().st_uid if os.geteuid() == 0 else None
    command = [program, "-D", str(data), *arguments]
    subprocess.run(command, check=True, cwd=data, stdout=subprocess.DEVNULL, user=user)


@dataclass
class Outage:
    """One outage, at a random moment of a run. `calls_during` is how many calls were made meanwhile."""

    away: AbstractAsyncContextManager[None]
    seconds: float
    random: Random
    calls_during: int = -1

    async def disturb(self, run: Run) -> None:
        """Take the database away and give it back."""
        await run.goes_on()
        await asyncio.sleep(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
        async with self.away:
            made = len(run.calls)
            await asyncio.sleep(self.seconds)
            self.calls_during = len(run.calls) - made
