"""The embedded server's database file gives back the space of what Temporal has deleted."""

import sqlite3
from contextlib import closing
from pathlib import Path

import structlog

# What a new file is made with: https://www.sqlite.org/pragma.html#pragma_auto_vacuum.
SHRINKS = "auto_vacuum=full"
NEVER = 0

log = structlog.get_logger(__name__)


def let_shrink(file: Path) -> None:
    """Convert a file that was made without it, once; nobody else may have the file open.

    The conversion writes the file anew. Where there is no room for that, the file stays as it is.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == NEVER:
                connection.execute(f"PRAGMA {SHRINKS}")
                connection.execute("VACUUM")
    except sqlite3.Error as error:
        log.warning("Temporal's database file keeps its size", file=str(file), error=str(error))
