"""Fresh SQLite databases with the schema, each a copy of one file: to migrate each would take a second."""

import shutil
from pathlib import Path

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade


class SqliteTemplate:
    """A file with the schema, made when a test first asks; each database is a copy of the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "template.db"
        self._is_made = False

    async def copy(self, path: Path) -> str:
        """Copy the template to `path` and return its address."""
        if not self._is_made:
            template = Database(f"sqlite+aiosqlite:///{self._path}")
            await upgrade(template)
            await template.dispose()
            self._is_made = True
        shutil.copy(self._path, path)
        return f"sqlite+aiosqlite:///{path}"
