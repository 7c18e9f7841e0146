"""Check of the disks: is there room where we write."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from mainspring.client.checks.findings import Finding
from mainspring.config.gateways.media import store_folder
from mainspring.config.settings import Settings
from mainspring.storage.database import Database

# A database, a log and a film of some minutes need it before anybody can come.
LEAST_FREE = 1 << 30
GIGABYTE = 1 << 30


async def check_disks(settings: Settings, *, least_free: int = LEAST_FREE) -> AsyncIterator[Finding]:
    """Check that every folder that is written to can be, and has room: a finding for each disk."""
    for names, folder in _disks(settings).values():
        free = shutil.disk_usage(folder).free
        found = f"{free / GIGABYTE:.1f} GB free for {', '.join(names)}"
        remedy = "" if free >= least_free else "make room: what needs it waits until there is some"
        if not os.access(folder, os.W_OK | os.X_OK):
            remedy = f"make {folder} writable"
        yield Finding("disk", found, remedy)


def _disks(settings: Settings) -> dict[int, tuple[list[str], Path]]:
    """Return what is written to each disk, by the disk's number, and a folder on it."""
    disks: dict[int, tuple[list[str], Path]] = {}
    for name, folder in _written_to(settings):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        names, _ = disks.setdefault(there.stat().st_dev, ([], there))
        names.append(name)
    return disks


def _written_to(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "the state", settings.state_dir.absolute()
    database = Database(settings.resolved_database_url).file
    if database is not None:
        yield "the database", database.absolute().parent
    yield "videos that are worked on", settings.resolved_scratch_dir
    published = store_folder(settings)
    if published is not None:
        yield "published videos", published.absolute()
