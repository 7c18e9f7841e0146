"""A copy of the embedded database, made while the service works."""

import asyncio
import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import aiosqlite

from mainspring.storage.database import Database, translated
from mainspring.storage.errors import StorageError


class NoBackup(StorageError):
    """The database was not copied; the message says why."""


async def back_up(database: Database, file: Path) -> None:
    """Write a copy of an embedded database into a new file, which only its owner can read.

    The copy is the database of one moment. Writers go on meanwhile. The file has its name when all of the
    copy is on the disk.

    Raises NoBackup: when the database is not an embedded one, or the file is there already, or cannot be
    written.
    """
    if not database.is_sqlite:
        raise NoBackup("the database is not an embedded one: pg_dump makes a copy of a PostgreSQL database")
    try:
        draft = await asyncio.to_thread(_draft_of, file)
        try:
            await _copy(database, draft)
            await asyncio.to_thread(_name, draft, file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise NoBackup(f"{file}: {error.strerror}") from error
    except aiosqlite.Error as error:  # as when the disk is full
        raise NoBackup(f"{file}: {error}") from error


async def _copy(database: Database, draft: Path) -> None:
    with translated():
        async with database.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("VACUUM INTO ?", (str(draft),))


def _draft_of(file: Path) -> Path:
    """Make an empty file beside `file`, for its owner only."""
    _must_be_new(file)
    handle, draft = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".draft", dir=file.parent)
    os.close(handle)
    return Path(draft)


def _name(draft: Path, file: Path) -> None:
    _sync(draft)
    _must_be_new(file)  # not by a hard link, which would be sure: a disk for backups may have none
    draft.rename(file)
    _sync(file.parent)


def _must_be_new(file: Path) -> None:
    if os.path.lexists(file):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
