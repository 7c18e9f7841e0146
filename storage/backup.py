"""A copy of the embedded database, made while the service works."""

import os
from pathlib import Path
from typing import Any

from mainspring.storage.database import Database, translated
from mainspring.storage.errors import StorageError


class NoBackup(StorageError):
    """The database was not copied; the message says why."""


async def back_up(database: Database, file: Path) -> None:
    """Write a copy of an embedded database into a new file, which only its owner can read.

    The copy is the database of one moment. Writers go on meanwhile. Raises NoBackup: when the database is not
    an embedded one, or the file is there already, or cannot be made.
    """
    if not database.is_sqlite:
        raise NoBackup("the database is not an embedded one: pg_dump makes a copy of a PostgreSQL database")
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise NoBackup(f"{file}: {error.strerror}") from error
    with translated():
        async with database.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("VACUUM INTO ?", (str(file),))
