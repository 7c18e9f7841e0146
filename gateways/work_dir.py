"""The worker's disk, where the steps of one task leave their work for each other.

What is being made is in a folder of another name until it is whole; then it is renamed, which is one act: a
worker that is killed anywhere leaves no half that would be taken for a whole. The folder is to be shared by
all workers of a queue; a worker that does not find what a step before has made, makes it again.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import GatewayError

# What a whole piece says of itself, beside its files.
RECORD = "made.json"


class WorkDirUnusable(GatewayError):
    """Nothing can be made in the work dir."""

    retry = Retry.UNTIL_MENDED


@dataclass(frozen=True)
class Piece:
    """A whole piece of work: its folder, what was noted of it, and which task has made it."""

    folder: Path
    note: dict[str, Any]
    made_by: UUID


class Scratch:
    """A folder with one bench for each task that is worked on, and for all that retry it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def bench(self, owner: UUID) -> "Bench":
        """Return the place of a task."""
        return Bench(self._root / str(owner))

    def unused_since(self, moment: datetime) -> list["Bench"]:
        """Return the benches on which nothing has changed since then; nothing else in the folder is ours."""
        if not self._root.exists():
            return []
        names = {each.name.removeprefix(".") for each in self._root.iterdir() if _is_bench(each)}
        benches = [Bench(self._root / name) for name in sorted(names)]
        return [bench for bench in benches if bench.changed_at() < moment]


class Bench:
    """The pieces of one task, by name. All calls touch the disk, and none waits for anything else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._going = folder.with_name(f".{folder.name}")

    def find(self, name: str) -> Piece | None:
        """Return a piece if it is whole."""
        folder = self._folder / name
        try:
            record = json.loads((folder / RECORD).read_text())
        except FileNotFoundError:
            return None
        return Piece(folder, record["note"], UUID(record["made_by"]))

    def begin(self, name: str) -> Path:
        """Return a new, empty folder to make a piece in."""
        working = self._folder / f".{name}-{uuid4().hex[:8]}"
        return _made(working)

    def resume(self, name: str) -> Path:
        """Return the folder in which a killed attempt has begun a piece, or a new one."""
        working = self._folder / f".{name}-begun"
        return _made(working)

    def keep(self, working: Path, name: str, note: dict[str, Any], made_by: UUID) -> Piece:
        """Call what is in `working` whole, in the place of an earlier piece of this name."""
        (working / RECORD).write_text(json.dumps({"note": note, "made_by": str(made_by)}))
        target = self._folder / name
        if target.exists():
            replaced = self._folder / f".{name}-{uuid4().hex[:8]}"
            target.rename(replaced)
            shutil.rmtree(replaced, ignore_errors=True)
        working.rename(target)
        return Piece(target, note, made_by)

    def drop(self, working: Path) -> None:
        """Remove a piece that did not become whole; harmless when it is gone."""
        shutil.rmtree(working, ignore_errors=True)

    def changed_at(self) -> datetime:
        """Return when anything was last made, renamed or written to."""
        folders = [folder for folder in (self._folder, self._going) if folder.exists()]
        entries = [each for folder in folders for each in (folder, *folder.rglob("*"))]
        newest = max((each.lstat().st_mtime for each in entries), default=0.0)
        return datetime.fromtimestamp(newest, UTC)

    def clear(self) -> int:
        """Remove everything of the task, also what a killed `clear` has left; return how many bytes."""
        freed = 0
        for folder in (self._going, self._folder):
            if folder.exists():
                freed += _size(folder)
                if folder != self._going:  # at once out of sight: half of it must not be taken for the whole
                    folder.rename(self._going)
                shutil.rmtree(self._going)
        return freed


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkDirUnusable(str(error), service="work dir") from error
    return folder


def _is_bench(path: Path) -> bool:
    name = path.name.removeprefix(".")
    try:
        is_task = str(UUID(name)) == name
    except ValueError:
        return False
    return is_task and path.is_dir() and not path.is_symlink()


def _size(folder: Path) -> int:
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files)
