"""Records the histories that tests/workflows/test_replay.py replays.

    python -m tests.histories.record [NAME…]

Run it by hand when a job is new: without names it records what has no history yet. A history that is there
is recorded anew only when it is named, after a change of workflow code that old runs need not survive. A
real server, a real worker and the emulated vendor do the work. What tells of the machine (paths, process
and host names) is taken out.

What can be recorded is in the `RECORDINGS` of every module here that is called `…_recordings`. A module whose
jobs need settings, such as the address of an emulator, has an asynchronous context manager `served(folder)`
that gives them.
"""

import asyncio
import importlib
import json
import os
import pkgutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowHistory

from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from tests.histories.scrub import scrubbed
from tests.service import Service, idle_service

FOLDER = Path(__file__).parent

# A server that suggests to continue as new this early shows it in a short history.
SUGGESTED_AFTER_EVENTS = 20

Recording = Callable[[Service], Awaitable[WorkflowHandle[Any, Any]]]


def _all_recordings() -> dict[str, Recording]:
    recordings: dict[str, Recording] = {}
    for found in pkgutil.iter_modules([str(FOLDER)]):
        if found.name.endswith("_recordings"):
            recordings |= importlib.import_module(f"tests.histories.{found.name}").RECORDINGS
    return recordings


RECORDINGS = _all_recordings()


class UnknownRecording(LookupError):
    """Nothing of this name can be recorded."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"no recording is called {', '.join(names)}; there are {', '.join(RECORDINGS)}")


def chosen(names: Sequence[str], folder: Path = FOLDER) -> list[str]:
    """Return what to record: what is named, or else what has no file yet. Raises UnknownRecording."""
    if unknown := [name for name in names if name not in RECORDINGS]:
        raise UnknownRecording(unknown)
    return list(names) or [name for name in RECORDINGS if not (folder / f"{name}.json").exists()]


@asynccontextmanager
async def _served(_folder: Path) -> AsyncIterator[dict[str, Any]]:
    yield {}


async def history_of(name: str, temporal_client: Client, database: Database, folder: Path) -> WorkflowHistory:
    """Run what is to be recorded, and return the history."""
    recording = RECORDINGS[name]
    served = getattr(sys.modules[recording.__module__], "served", _served)
    async with SmtpEmulator() as smtp, served(folder) as settings:
        mail = {"smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_security": "none"}
        idle = idle_service(temporal_client, database, folder, **(mail | settings))
        async with idle as service, service.worker():
            handle = await recording(service)
            return await handle.fetch_history()


async def record(name: str) -> None:
    """Record one history into its file."""
    suggest = {"limit__historyCount__suggestContinueAsNew": str(SUGGESTED_AFTER_EVENTS)}
    changed = suggest if name.endswith(("continued-as-new", "resumed")) else {}
    with tempfile.TemporaryDirectory() as folder:
        async with temporal_server_process(**changed) as address:
            temporal_client = await own_namespace(address, identity="recorder")
            database = Database(f"sqlite+aiosqlite:///{folder}/recording.db")
            await upgrade(database)
            history = await history_of(name, temporal_client, database, Path(folder))
            await database.dispose()
    text = json.dumps(scrubbed(history.to_json_dict()), indent=1) + "\n"
    (FOLDER / f"{name}.json").write_text(text)
    sys.stdout.write(f"{name}: {len(history.events)} events\n")


async def main(names: Sequence[str]) -> None:
    """Record these histories, or those that are not there."""
    to_record = chosen(names)
    for name in to_record:
        await record(name)
    if not to_record:
        sys.stdout.write("every history is there; name one to record it anew\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    # A live Temporal client may hang the interpreter's exit.
    os._exit(0)
